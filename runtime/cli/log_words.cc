#include "cli/log_words.h"

#include <time.h>

#include <chrono>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::cli {
namespace {

using audit::WallTime;

/// "2026-07-01", "2026-07-01 14:03" or "2026-07-01T14:03:22" in local time.
std::optional<WallTime> local_moment(std::string text) {
  for (char& c : text)
    if (c == 'T') c = ' ';
  for (const char* form : {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    struct tm parts {};
    parts.tm_isdst = -1;
    const char* end = ::strptime(text.c_str(), form, &parts);
    if (end != nullptr && *end == '\0') return std::chrono::system_clock::from_time_t(::mktime(&parts));
  }
  return std::nullopt;
}

std::optional<WallTime> moment(const char* option, const std::string& text, WallTime now) {
  if (text.empty()) return std::nullopt;
  if (const auto ago = parse_duration(text)) return now - *ago;
  if (const auto utc = audit::parse_rfc3339(text)) return utc;
  if (const auto local = local_moment(text)) return local;
  throw Error(ExitStatus::kUsage, fmt::format("{}: {} is no time", option, in_quotes(text)),
              "say how long ago, as 90s, 5m, 2h or 7d, or when, as 2026-07-01 or '2026-07-01 14:30' in local time");
}

std::vector<std::string> events_of(const std::string& text) {
  if (text.empty()) return {};
  std::vector<std::string> names = split(text, ',');
  for (const std::string& name : names) audit::check_event_name(name);
  return names;
}

std::optional<audit::Status> status_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text == "ok") return audit::Status::kOk;
  if (text == "failed") return audit::Status::kFailed;
  throw Error(ExitStatus::kUsage, fmt::format("--status: {} is neither `failed` nor `ok`", in_quotes(text)),
              "`failed` shows what failed, was refused, or was killed; `ok` what went well");
}

LogForm form_of(const LogWords& words) {
  const bool formatted = !words.format.empty();
  if (int{words.json} + int{words.tree} + int{formatted} > 1)
    throw Error(ExitStatus::kUsage, "--json, --tree and --format exclude each other", "choose one of them");
  if (words.follow && (words.tree || words.format == "tree"))
    throw Error(ExitStatus::kUsage, "a tree cannot follow a session that still runs",
                "leave out --follow: the tree shows what has happened so far");
  if (words.json || words.format == "json") return LogForm::kJson;
  if (words.tree || words.format == "tree") return LogForm::kTree;
  if (words.format == "ocsf") return LogForm::kOcsf;
  if (!formatted || words.format == "text") return LogForm::kText;
  const std::vector<std::string> known = {"text", "json", "ocsf", "tree"};
  throw Error(
      ExitStatus::kUsage,
      fmt::format("--format: there is no format {}{}", in_quotes(words.format), did_you_mean(words.format, known)),
      "the formats are text, json, ocsf and tree");
}

audit::Window window_of(const LogWords& words, WallTime now) {
  const audit::Window window{moment("--since", words.since, now), moment("--until", words.until, now)};
  if (window.since && window.until && *window.since > *window.until)
    throw Error(ExitStatus::kUsage,
                fmt::format("--since {} is later than --until {}", in_quotes(words.since), in_quotes(words.until)),
                "--since is the earlier end: --since 2h --until 1h is the hour before the last");
  return window;
}

}  // namespace

LogQuestion question_of(const LogWords& words, WallTime now) {
  LogQuestion question;
  question.form = form_of(words);
  question.window = window_of(words, now);
  if (question.window.since) question.query.since = audit::rfc3339(*question.window.since);
  if (question.window.until) question.query.until = audit::rfc3339(*question.window.until);
  question.query.events = events_of(words.events);
  question.query.program = words.program;
  question.query.status = status_of(words.status);
  if (!words.argv.empty()) question.query.argv.emplace(words.argv);
  return question;
}

}  // namespace clawbox::cli
