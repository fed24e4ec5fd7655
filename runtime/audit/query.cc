#include "audit/query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::audit {
namespace {

constexpr std::size_t kMostHeldBytes = 64 << 20;
constexpr std::size_t kMostMatching = 1 << 20;

constexpr std::array kEvents = {"session.start", "session.failed",  "session.end", "exec",      "exec.end",
                                "exec.mismatch", "program",         "call",        "refused",   "folded",
                                "net.connect",   "net.dns",         "net.rule",    "net.relay", "audit.rotate",
                                "audit.gap",     "totals",          "cap",         "usage",     "command",
                                "command.end",   "session.restart", "health",      "file"};

/// "exec" is the family of "exec.end", and "session" of "session.start".
bool covers(std::string_view asked, std::string_view event) {
  return event.starts_with(asked) && (event.size() == asked.size() || event[asked.size()] == '.');
}

std::optional<uint64_t> number_of(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

bool contains(std::string_view line, const std::string& needle) {
  return needle.empty() || ::memmem(line.data(), line.size(), needle.data(), needle.size()) != nullptr;
}

bool contains_any(std::string_view line, std::span<const std::string> needles) {
  return needles.empty() || std::any_of(needles.begin(), needles.end(),
                                        [line](const std::string& needle) { return contains(line, needle); });
}

std::optional<Status> status_of_exec(std::string_view outcome, std::string_view exit_status) {
  if (outcome == "replaced") return Status::kOk;
  if (outcome == "failed" || outcome == "signaled") return Status::kFailed;
  if (outcome != "exited" || exit_status.empty()) return std::nullopt;
  return exit_status == "0" ? Status::kOk : Status::kFailed;
}

/// The last part of a path; `name` has no slash.
bool is_called(const std::string& path, const std::string& name) {
  return path.ends_with(name) && (path.size() == name.size() || path[path.size() - name.size() - 1] == '/');
}

void add(Answer& answer, std::string_view line) {
  Parsed parsed = parse_record(line);
  if (parsed.record) answer.found.push_back({std::string(line), std::move(*parsed.record)});
  if (!parsed.record) answer.broken = std::move(parsed.broken);
}

}  // namespace

void check_event_name(const std::string& name) {
  if (std::any_of(kEvents.begin(), kEvents.end(), [&](const char* event) { return covers(name, event); })) return;
  std::vector<std::string> names(kEvents.begin(), kEvents.end());
  names.insert(names.end(), {"session", "net", "audit"});
  throw Error(ExitStatus::kUsage, fmt::format("there is no event {}{}", in_quotes(name), did_you_mean(name, names)),
              fmt::format("the events are {}; `exec` stands for exec.end and exec.mismatch too, `net`, `session` and "
                          "`audit` for all that begin so",
                          joined(std::vector<std::string>(kEvents.begin(), kEvents.end()), ", ")));
}

std::optional<Status> status_of(const Json& record) {
  const std::string event = text_field(record, "event").value_or("");
  const auto exit_status = number_field(record, "exit_status");
  if (event == "exec.end")
    return status_of_exec(text_field(record, "outcome").value_or(""),
                          exit_status ? std::to_string(*exit_status) : std::string());
  if (event == "refused" || event == "session.failed" || event == "exec.mismatch" || event == "audit.gap" ||
      event == "cap")
    return Status::kFailed;
  if (event == "session.end" && exit_status) return *exit_status == 0 ? Status::kOk : Status::kFailed;
  if (event == "file") return text_field(record, "outcome") == "done" ? Status::kOk : Status::kFailed;
  if (!event.starts_with("net.") || event == "net.rule") return std::nullopt;
  const std::string outcome = text_field(record, "outcome").value_or("");
  if (outcome.empty()) return std::nullopt;
  return outcome == "ok" || outcome == "allowed" || outcome == "connected" ? Status::kOk : Status::kFailed;
}

Search::Search(const Query& query)
    : query_(query),
      follows_execs_(!query.program.empty() || query.argv.has_value()),
      pairs_(query.status.has_value()) {
  if (std::all_of(query.program.begin(), query.program.end(), is_verbatim_in_json)) program_needle_ = query.program;
}

bool Search::wants(std::string_view event) const {
  if (query_.events.empty()) return true;
  return std::any_of(query_.events.begin(), query_.events.end(),
                     [event](const std::string& asked) { return covers(asked, event); });
}

bool Search::in_window(std::string_view line) const {
  if (query_.since.empty() && query_.until.empty()) return true;
  const std::string_view time = raw_field(line, "\"time\":");
  return time >= query_.since && (query_.until.empty() || time <= query_.until);
}

bool Search::names_program(const Json& record) const {
  if (query_.program.empty()) return true;
  std::vector<std::string> names = list_field(record, "argv");
  names.resize(std::min<std::size_t>(names.size(), 1));
  if (const auto path = text_field(record, "path")) names.push_back(*path);
  const bool is_path = query_.program.find('/') != std::string::npos;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return is_path ? name == query_.program : is_called(name, query_.program);
  });
}

bool Search::may_match(const Seen& seen) const {
  if (!contains(seen.line, program_needle_)) return false;
  if (!query_.argv) return true;
  if (!contains_any(seen.line, query_.argv->needles())) return false;
  const auto words = raw_argv(seen.line);  // the regular expression costs a fifth of what parsing does
  return !words || query_.argv->occurs_in(*words);
}

bool Search::matches(const Json& record, const Seen& seen) const {
  if (!names_program(record)) return false;
  return !query_.argv || (seen.event == "exec" && query_.argv->occurs_in(joined(list_field(record, "argv"), " ")));
}

Answer Search::look_at(std::string_view line) {
  const std::string_view event = raw_event(line);
  if (event.empty()) return {.broken = parse_record(line).broken};
  if (event == "exec") return exec_begins({line, event, number_of(raw_field(line, "\"id\":"))});
  if (event == "exec.end") return exec_ends({line, event, number_of(raw_field(line, "\"id\":"))});
  const std::string_view link = event == "exec.mismatch" ? "\"id\":" : "\"exec\":";
  return wants(event) ? other({line, event, follows_execs_ ? number_of(raw_field(line, link)) : std::nullopt})
                      : Answer();
}

Answer Search::exec_begins(const Seen& seen) {
  const bool shown = wants("exec") && in_window(seen.line);
  if (!may_match(seen) || (!shown && !follows_execs_)) return {};
  Answer answer;
  if (follows_execs_) {
    add(answer, seen.line);
    if (answer.found.empty() || !matches(answer.found[0].record, seen)) return {.broken = std::move(answer.broken)};
    if (seen.exec && matching_.size() < kMostMatching) matching_.insert(*seen.exec);
  }
  if (!shown) return {};
  if (pairs_ && seen.exec) hold(*seen.exec, seen.line);
  if (pairs_) return {};
  if (!follows_execs_) add(answer, seen.line);
  return answer;
}

Answer Search::exec_ends(const Seen& seen) {
  const bool follows = !follows_execs_ || (seen.exec && matching_.erase(*seen.exec) > 0);
  std::string begin;
  if (const auto held = seen.exec ? held_.find(*seen.exec) : held_.end(); held != held_.end()) {
    begin = std::move(held->second);
    held_bytes_ -= begin.size();
    held_.erase(held);
  }
  if (!follows || !wants("exec.end") || !in_window(seen.line)) return {};
  if (pairs_ &&
      status_of_exec(raw_field(seen.line, "\"outcome\":"), raw_field(seen.line, "\"exit_status\":")) != query_.status)
    return {};
  Answer answer;
  if (!begin.empty()) add(answer, begin);
  add(answer, seen.line);
  return answer;
}

Answer Search::other(const Seen& seen) {
  if (!in_window(seen.line)) return {};
  const bool belongs = seen.exec && matching_.contains(*seen.exec);
  if (follows_execs_ && !belongs && !(seen.event == "program" && may_match(seen))) return {};
  Answer answer;
  add(answer, seen.line);
  if (answer.found.empty()) return answer;
  const Json& record = answer.found[0].record;
  if (follows_execs_ && !belongs && !matches(record, seen)) return {};
  if (pairs_ && status_of(record) != query_.status) return {};
  return answer;
}

void Search::hold(uint64_t exec, std::string_view line) {
  const auto [place, fresh] = held_.try_emplace(exec, line);
  if (!fresh) return;
  order_.push_back(exec);
  held_bytes_ += line.size();
  while (held_bytes_ > kMostHeldBytes) {
    const auto oldest = held_.find(order_.front());
    order_.pop_front();
    if (oldest == held_.end()) continue;
    held_bytes_ -= oldest->second.size();
    held_.erase(oldest);
    ++forgotten_;
  }
  while (!order_.empty() && !held_.contains(order_.front())) order_.pop_front();  // ended long ago
}

}  // namespace clawbox::audit
