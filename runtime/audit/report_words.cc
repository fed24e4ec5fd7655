#include "audit/report_words.h"

#include <fmt/format.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "audit/reader_record.h"
#include "base/text.h"

namespace clawbox::audit {
namespace {

std::string text_of(const Json& record, std::string_view name, std::size_t limit = 256) {
  const Json* value = field(record, name);
  return value == nullptr ? "" : escaped(bytes_of(*value), limit);
}

/// `before` and the value, or nothing where there is no value.
std::string with(std::string_view before, const std::string& value, std::string_view after = "") {
  return value.empty() ? "" : fmt::format("{}{}{}", before, value, after);
}

std::string time_field(const Json& record, std::string_view name) {
  const auto ms = number_field(record, name);
  return ms ? time_taken(*ms) : "";
}

std::string id_of(const Json& record, std::string_view name = "id") { return with("#", text_of(record, name)); }

/// Numbers and names are both allowed for "errno".
std::string error_words(const Json& record) {
  const auto number = number_field(record, "errno");
  if (!number || *number < 0 || *number > 4095) return text_of(record, "errno");
  return ::strerrordesc_np(static_cast<int>(*number)) != nullptr ? ::strerrordesc_np(static_cast<int>(*number))
                                                                 : std::to_string(*number);
}

std::string signal_words(const Json& record) {
  const auto number = number_field(record, "signal");
  const char* name = number && *number > 0 && *number < 65 ? ::sigabbrev_np(static_cast<int>(*number)) : nullptr;
  return name != nullptr ? std::string("SIG") + name : "signal " + text_of(record, "signal");
}

std::string pids(const Json& record) {
  return with(" [pid ", text_of(record, "pid"), with(", ", text_of(record, "pid_inside"), " inside") + "]");
}

std::string counted(const Json& record, std::string_view name) {
  const auto count = number_field(record, name);
  return count && *count > 0 ? fmt::format(", {} {}", *count, name) : "";
}

Tone tone_of_outcome(const Json& record) {
  const std::string outcome = text_of(record, "outcome");
  const int64_t exit_status = number_field(record, "exit_status").value_or(0);
  if (outcome == "failed" || outcome == "signaled" || exit_status != 0) return Tone::kBad;
  return outcome == "exited" ? Tone::kGood : Tone::kQuiet;
}

bool is_lasting(const Json& record) {
  const Json* argv = field(record, "argv");
  return argv != nullptr && argv->is_array() && argv->empty();
}

Sentence session_start(const Json& record) {
  return {fmt::format("session begins: profile {}{}{}: {}", text_of(record, "profile"),
                      with(", network ", text_of(record, "network")), with(", in ", text_of(record, "directory")),
                      is_lasting(record) ? "no command yet" : command_words(record))};
}

Sentence session_failed(const Json& record) {
  return {fmt::format("the command did not start: {}{}", text_of(record, "detail"),
                      with(" (exit status ", text_of(record, "exit_status"), ")")),
          Tone::kBad};
}

Sentence session_restart(const Json& record) {
  return {fmt::format("the sandbox has failed and is built anew: {}{}", outcome_words(record),
                      with(": ", text_of(record, "detail"))),
          Tone::kBad};
}

Sentence health(const Json& record) {
  const std::string state = text_of(record, "state");
  return {fmt::format("the session is {}{}", state, with(": ", text_of(record, "detail"))),
          state == "healthy" ? Tone::kGood : Tone::kBad};
}

Sentence session_end(const Json& record) {
  std::string changed;
  if (const Json* changes = field(record, "protected_changes"); changes != nullptr && changes->is_array())
    if (!changes->empty()) changed = fmt::format(", {} protected files changed", changes->size());
  return {
      fmt::format("session ends: {}{}{}{}{}{}{}", outcome_words(record), with(" after ", time_field(record, "wall_ms")),
                  with(", cpu ", time_field(record, "cpu_ms")), counted(record, "execs"), counted(record, "refusals"),
                  changed, with(": ", text_of(record, "detail"))),
      number_field(record, "exit_status").value_or(0) == 0 && changed.empty() ? Tone::kGood : Tone::kBad};
}

Sentence exec(const Json& record) {
  const std::string why = unread_program(record);
  if (!why.empty())
    return {fmt::format("{} a program that could not be read: {}{}", id_of(record), why, pids(record)), Tone::kAlarm};
  return {fmt::format("{} {}{}{}", id_of(record), command_words(record), with("  in ", text_of(record, "cwd")),
                      pids(record))};
}

Sentence exec_end(const Json& record) {
  const std::string tries = text_of(record, "tries");
  return {
      fmt::format("{} {}{}{}{}", id_of(record), outcome_words(record), with(" after ", time_field(record, "wall_ms")),
                  with(", cpu ", time_field(record, "cpu_ms")), with(", after ", tries, " failed tries of a search")),
      tone_of_outcome(record)};
}

Sentence exec_mismatch(const Json& record) {
  return {fmt::format("{} ALARM: said it would run {}, and ran {}", id_of(record), text_of(record, "claimed"),
                      text_of(record, "observed")),
          Tone::kAlarm};
}

Sentence program(const Json& record) {
  return {fmt::format("first use of {}{}{}{}", text_of(record, "path", 1024),
                      with(", sha256 ", text_of(record, "sha256").substr(0, 16)),
                      with(", run by ", text_of(record, "interpreter")),
                      with(", could not be read: ", text_of(record, "unreadable"))),
          Tone::kQuiet};
}

Sentence call(const Json& record) {
  return {fmt::format("{}({}){}{}", text_of(record, "call"), text_of(record, "arguments", 512),
                      with("  by ", id_of(record, "exec")), pids(record))};
}

Sentence refused(const Json& record) {
  return {fmt::format("{}({}) refused{}{}{}{}{}{}", text_of(record, "call"), text_of(record, "arguments", 512),
                      with(": ", error_words(record)), with(", by rule ", text_of(record, "rule")),
                      with(" at ", text_of(record, "origin")), with(", because ", text_of(record, "reason")),
                      with("  by ", id_of(record, "exec")), pids(record)),
          Tone::kBad};
}

Sentence folded(const Json& record) {
  return {fmt::format("{} more records{} were left out by the rate limit{}", text_of(record, "count"),
                      with(" of ", text_of(record, "call")), pids(record)),
          Tone::kQuiet};
}

Sentence cap(const Json& record) {
  if (const std::string action = text_of(record, "action"); !action.empty())  // reserve
    return {fmt::format("{} by {} at {}: {} bytes are free at {}, and {} stay free", action, text_of(record, "cap"),
                        text_of(record, "origin"), text_of(record, "free"), text_of(record, "path"),
                        text_of(record, "floor")),
            Tone::kBad};
  if (text_of(record, "state") == "lost")
    return {text_of(record, "cap") == "group"
                ? "the session was taken out of its control group, and its caps held no more"
                : "the process that serves or watches the workspace's disk is gone",
            Tone::kBad};
  if (text_of(record, "state") == "exceeded")
    return {fmt::format("the session is over the cap {}{}{}, with {}", text_of(record, "cap"),
                        with(" = ", text_of(record, "value")), with(" at ", text_of(record, "origin")),
                        text_of(record, "used")),
            Tone::kBad};
  if (const std::string held = time_field(record, "throttled_ms"); !held.empty())
    return {fmt::format("the cap cpu{}{} holds the session back: for {} until now",
                        with(" = ", text_of(record, "value")), with(" at ", text_of(record, "origin")), held),
            Tone::kBad};
  return {fmt::format("the cap {}{}{} was hit, {} times until now", text_of(record, "cap"),
                      with(" = ", text_of(record, "value")), with(" at ", text_of(record, "origin")),
                      text_of(record, "hits")),
          Tone::kBad};
}

Sentence command(const Json& record) {
  return {fmt::format("command {}: {}  in {}{}", text_of(record, "command"), command_words(record),
                      text_of(record, "directory", 1024), text_of(record, "detached") == "true" ? ", detached" : "")};
}

Sentence command_end(const Json& record) {
  return {fmt::format("command {} ended: {}, exit status {} after {}{}", text_of(record, "command"),
                      text_of(record, "ended_by"), text_of(record, "exit_status"), time_field(record, "wall_ms"),
                      with(": ", text_of(record, "detail"))),
          tone_of_outcome(record)};
}

Sentence file(const Json& record) {
  const std::string outcome = text_of(record, "outcome");
  return {fmt::format("file operation {}: {} {}{}: {}{}", text_of(record, "command"), text_of(record, "operation"),
                      text_of(record, "path", 1024), with(" to ", text_of(record, "to", 1024)), outcome,
                      with(", ", text_of(record, "errno"))),
          outcome == "done" ? Tone::kPlain : Tone::kBad};
}

Sentence totals(const Json& record) { return {totals_words(record), Tone::kQuiet}; }

Sentence net(const Json& record) {
  const std::string outcome = text_of(record, "outcome");
  const bool good = outcome.empty() || outcome == "ok" || outcome == "allowed" || outcome == "connected";
  return {fmt::format("{}{}{}{}{}", peer_words(record), with(" ", outcome), with(": ", error_words(record)),
                      with(", because ", text_of(record, "reason")), with("  by ", id_of(record, "exec"))),
          good ? Tone::kPlain : Tone::kBad};
}

// The list was changed while the session ran.
Sentence net_rule(const Json& record) {
  return {fmt::format("{} is {} from now on{}{}", text_of(record, "rule"), text_of(record, "outcome"),
                      with(" for ", time_field(record, "lasts_ms")), with(", by ", text_of(record, "by"))),
          Tone::kAlarm};
}

Sentence net_relay(const Json& record) {
  const std::string outcome = text_of(record, "outcome");
  const auto count = number_field(record, "count");
  return {fmt::format("the relay of the network: {}{}{}", outcome, count ? fmt::format(" {} records", *count) : "",
                      with(", ", text_of(record, "reason"))),
          outcome == "failed" || outcome == "lost" ? Tone::kAlarm : Tone::kQuiet};
}

Sentence rotation(const Json& record) {
  return {fmt::format("the trail goes on in segment {}", text_of(record, "segment")), Tone::kQuiet};
}

Sentence gap(const Json& record) {
  return {fmt::format("GAP: {} records could not be written: {}", text_of(record, "lost"), text_of(record, "why")),
          Tone::kAlarm};
}

Sentence by_fields(const Json& record) {
  constexpr std::array<std::string_view, 7> kOfEveryRecord = {"v",       "seq",     "prev", "time",
                                                              "mono_us", "session", "event"};
  std::string text;
  for (const auto& [name, value] : record.items()) {
    if (std::find(kOfEveryRecord.begin(), kOfEveryRecord.end(), name) != kOfEveryRecord.end()) continue;
    const std::string bytes = bytes_of(value);
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", escaped(name, 64),
                        escaped(bytes.empty() ? value.dump(-1, ' ', true) : bytes, 256));
    if (text.size() > 2000) return {text + " …"};
  }
  return {text};
}

struct Teller {
  std::string_view event;
  Sentence (*tell)(const Json&);
};
constexpr std::array<Teller, 23> kTellers = {{{"session.start", session_start},
                                              {"session.failed", session_failed},
                                              {"session.end", session_end},
                                              {"exec", exec},
                                              {"exec.end", exec_end},
                                              {"exec.mismatch", exec_mismatch},
                                              {"program", program},
                                              {"call", call},
                                              {"refused", refused},
                                              {"folded", folded},
                                              {"net.connect", net},
                                              {"net.dns", net},
                                              {"net.rule", net_rule},
                                              {"net.relay", net_relay},
                                              {"audit.rotate", rotation},
                                              {"audit.gap", gap},
                                              {"totals", totals},
                                              {"cap", cap},
                                              {"command", command},
                                              {"command.end", command_end},
                                              {"session.restart", session_restart},
                                              {"health", health},
                                              {"file", file}}};

}  // namespace

std::string toned(const std::string& text, Tone tone, Colour colour) {
  if (colour == Colour::kNone || tone == Tone::kPlain) return text;
  const char* code = tone == Tone::kGood ? "32" : tone == Tone::kBad ? "31" : tone == Tone::kAlarm ? "1;37;41" : "2";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string time_taken(int64_t ms) {
  if (ms < 0) return fmt::format("{}ms", ms);
  const int64_t whole_seconds = ms / 1000;
  if (ms < 1000) return fmt::format("{}ms", ms);
  if (whole_seconds < 60) return fmt::format("{}.{:02}s", whole_seconds, ms % 1000 / 10);
  if (whole_seconds < 3600) return fmt::format("{}m{:02}s", whole_seconds / 60, whole_seconds % 60);
  return fmt::format("{}h{:02}m", whole_seconds / 3600, whole_seconds % 3600 / 60);
}

std::string local_time(const Json& record) {
  const std::string said = text_field(record, "time").value_or("");
  const auto time = parse_rfc3339(said);
  if (!time) return fmt::format("{:<23}", escaped(said, 23));
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(*time).time_since_epoch().count();
  const time_t second = static_cast<time_t>(ms / 1000);
  struct tm local {};
  std::array<char, 32> text{};
  ::localtime_r(&second, &local);
  static_cast<void>(::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local));
  return fmt::format("{}.{:03}", text.data(), ms % 1000);
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// A program calls itself what it likes: where its file has another name, that comes first. "-bash" is a login shell's.
std::string other_name(const std::string& path, const std::string& called) {
  const std::string name = base_name(called);
  const bool same = path.empty() || base_name(path) == name || "-" + base_name(path) == name;
  return same ? "" : escaped(path, 200) + ", called ";
}

std::string command_words(const Json& record, std::size_t limit) {
  const std::vector<std::string> words = list_field(record, "argv");
  if (words.empty()) return shell_quoted(text_field(record, "path").value_or("").substr(0, limit));
  std::string text = other_name(text_field(record, "path").value_or(""), words.front());
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (text.size() >= limit) return text + fmt::format(" …and {} more words", words.size() - i);
    text += (i == 0 ? "" : " ") + shell_quoted(std::string_view(words[i]).substr(0, limit));
    if (words[i].size() > limit) text += "…";
  }
  return field(record, "argv_cut") != nullptr ? text + " …" : text;
}

std::string unread_program(const Json& record) {
  return number_field(record, "id") == 1 ? "" : text_of(record, "unreadable", 100);
}

std::string totals_words(const Json& record) {
  constexpr std::size_t kMostCalls = 40;
  const Json* calls = field(record, "calls");
  std::string text;
  std::size_t told = 0;
  if (calls != nullptr && calls->is_object())
    for (const auto& [call, count] : calls->items())
      if (++told <= kMostCalls)
        text += fmt::format("{}{} {}", told == 1 ? "" : ", ", escaped(call, 64), bytes_of(count));
  if (told > kMostCalls) text += fmt::format(" and {} calls more", told - kMostCalls);
  return fmt::format("{}: {}", id_of(record, "exec"), text);
}

std::string outcome_words(const Json& record) {
  const std::string outcome = text_of(record, "outcome"), ended_by = text_of(record, "ended_by");
  if (outcome == "replaced") return "replaced by its next program";
  if (outcome == "failed") return "failed" + with(": ", error_words(record));
  if (outcome == "signaled" || ended_by == "signal") return "killed by " + signal_words(record);
  if (outcome == "ended") return "ended, nobody knows how";
  const std::string exited = with("exited ", text_of(record, "exit_status"));
  if (ended_by.empty() || ended_by == "exit") return exited.empty() ? outcome : exited;
  return fmt::format("ended by {}{}", ended_by, with(", exit status ", text_of(record, "exit_status")));
}

std::string peer_words(const Json& record) {
  const std::string host = text_of(record, "host"), name = text_of(record, "name");
  const std::string address = text_of(record, "address");
  const std::string first = !host.empty() ? host : !name.empty() ? name : address;
  const char* transport = text_of(record, "protocol") == "udp" ? " by UDP" : "";
  return fmt::format("{}{}{}{}", first, with(":", text_of(record, "port")), transport,
                     first == address ? std::string() : with(" (", address, ")"));
}

Sentence sentence_of(const Json& record) {
  const std::string event = text_field(record, "event").value_or("");
  for (const Teller& teller : kTellers)
    if (teller.event == event) return teller.tell(record);
  return by_fields(record);
}

/// " (git)", from the begin of the same exec.
std::string Narrator::name_of_ended(const std::string& session, const Json& record) {
  constexpr std::size_t kMostLiving = 1 << 16;
  const std::string key = session + "#" + text_of(record, "id"), event = text_of(record, "event");
  if (event == "exec" && living_.size() < kMostLiving) {
    const std::vector<std::string> words = list_field(record, "argv");
    const std::string path = text_field(record, "path").value_or("");
    living_[key] = escaped(base_name(path.empty() && !words.empty() ? words[0] : path), 40);
  }
  if (event != "exec.end") return "";
  const auto node = living_.extract(key);
  return node.empty() ? "" : " (" + node.mapped() + ")";
}

std::string Narrator::line_for(const Json& record) {
  const std::string session = text_of(record, "session", 64);
  const Sentence sentence = sentence_of(record);
  const std::string column = sessions_ == Sessions::kSeveral ? fmt::format("  {:<17}", session) : "";
  return fmt::format("{}{}  {:<13} {}\n", toned(local_time(record), Tone::kQuiet, colour_), column,
                     text_of(record, "event", 32),
                     toned(sentence.text + name_of_ended(session, record), sentence.tone, colour_));
}

}  // namespace clawbox::audit
