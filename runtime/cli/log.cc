// clawbox log: what sessions did, from their audit trails; and whether the trails are as they were written.
#include <memory>

#include "audit/verify.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/log_search.h"
#include "cli/log_trails.h"
#include "cli/log_words.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/usage.h"
#include "cli/verbs.h"

namespace clawbox::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  clawbox log --since 1d                          everything of the last day\n"
    "  clawbox log 6a44c01f-7d --tree                  who started what in one session; or its name\n"
    "  clawbox log --program curl --since 90d          every curl, with how it ended\n"
    "  clawbox log --argv 'push.*origin' --status ok   what was really pushed\n"
    "  clawbox log --event refused,cap --follow        refusals and caps that bite, as they happen\n"
    "  clawbox log --event net --status failed         hosts that were not reached, and why\n"
    "  clawbox log --format ocsf --since 1h            for a SIEM: JSON lines in OCSF 1.3\n"
    "\n"
    "Events: command, file, exec, program, call, refused, folded, cap, usage, health, net, session, totals, audit;\n"
    "clawbox-audit(5) has their fields.\n"
    "With --program or --argv other records are shown if they belong to such an exec.\n"
    "Exit status: 0 when a record was shown, 1 when none matched or there are no trails, 72 when there is no such\n"
    "session. A line that is no record is told on standard error.";

constexpr const char* kVerifyFooter =
    "Exit status: 0 when numbering and chain hold, 1 when a trail was changed or cut off, or there is none. A line "
    "that\n"
    "a crash cut off is told apart from one that somebody changed.";

Json as_json(const audit::Verified& verified) {
  Json json = {{"sessions", verified.sessions}, {"living", verified.living}, {"records", verified.records}};
  json["findings"] = Json::array();
  for (const audit::Finding& finding : verified.findings)
    json["findings"].push_back({{"kind", finding.kind == audit::Finding::Kind::kChanged ? "changed" : "cut_off"},
                                {"file", escaped(finding.file)},
                                {"line", finding.line},
                                {"what", escaped(finding.what)}});
  return json;
}

std::string as_text(const audit::Verified& verified) {
  std::string text;
  for (const audit::Finding& finding : verified.findings)
    text += fmt::format("{:<8} {}{}: {}\n", finding.kind == audit::Finding::Kind::kChanged ? "CHANGED" : "cut off",
                        escaped(finding.file), finding.line > 0 ? fmt::format(", line {}", finding.line) : "",
                        escaped(finding.what));
  return text + fmt::format("{} sessions ({} still run), {} records: {}\n", verified.sessions, verified.living,
                            verified.records,
                            verified.findings.empty() ? "numbering and chain hold"
                                                      : fmt::format("{} findings", verified.findings.size()));
}

audit::Verified verified(const Trails& trails, const std::vector<std::string>& prefixes) try {
  if (prefixes.empty()) return audit::verify(trails.directory);
  if (prefixes.size() > 1)
    throw Error(ExitStatus::kUsage, fmt::format("log verify: {} sessions are named", prefixes.size()),
                "name one, or none to check them all");
  return audit::verify(trails.directory, only_session(trails, prefixes[0]).id);
} catch (const SysError& error) {
  throw cannot_read(trails.path, error);
}

int verify(const LogWords& words) {
  const Trails trails = trails_in(words.directory);
  const audit::Verified result = verified(trails, words.sessions);
  if (result.sessions == 0 && result.findings.empty()) throw no_trails_in(trails.path);
  print(words.json ? as_json(result).dump(2) + "\n" : as_text(result));
  return static_cast<int>(result.findings.empty() ? ExitStatus::kOk : ExitStatus::kProblemsFound);
}

/// What stands before `verify` counts as if it stood after it. Throws Error(kUsage) for what `verify` does not take.
LogWords together(const CLI::App& verb, const CLI::App& check, const LogWords& before, LogWords after) {
  for (const CLI::Option* option : verb.get_options())
    if (option->count() > 0 && check.get_option_no_throw(option->get_name()) == nullptr)
      throw Error(ExitStatus::kUsage, unexpected_word(check, option->get_name()),
                  "`clawbox log verify --help` lists its arguments and options");
  if (!before.directory.empty() && !after.directory.empty())
    throw Error(ExitStatus::kUsage, "log verify: --directory is given twice", "verify one directory at a time");
  after.directory += before.directory;
  after.sessions.insert(after.sessions.begin(), before.sessions.begin(), before.sessions.end());
  after.json |= before.json;
  return after;
}

LogWords with_ids(LogWords words) {
  words.sessions = ids_of(words.sessions, words.directory);
  return words;
}

/// What is no session may have been meant as the verb.
LogWords with_ids_or_verb(const LogWords& words, const std::string& verb) try {
  return with_ids(words);
} catch (const Error& error) {
  if (error.status() == ExitStatus::kSessionMissing) check_not_misspelt(words.sessions, {verb});
  throw;
}

void add_search_words(CLI::App& verb, LogWords& words) {
  const auto option = [&verb](const char* name, std::string& value, const char* what, const char* type) {
    verb.add_option(name, value, what)->type_name(type)->check(not_empty());
  };
  verb.add_option("session", words.sessions, "a session's name, or a prefix of its id (default: all)")
      ->type_name("SESSION");
  option("--since", words.since, "not before: 7d, 2h, or 2026-07-01", "TIME");
  option("--until", words.until, "not after", "TIME");
  option("--event", words.events, "only these, with commas between them", "EVENTS");
  option("--program", words.program, "only this program's: a name, or a path", "NAME");
  option("--argv", words.argv, "only execs whose words, with blanks between, match (as grep -E)", "REGEX");
  option("--status", words.status, "only what went so: failed, ok", "STATUS");
  option("--format", words.format, "text, json, ocsf, tree (default: text)", "FORMAT");
  option("--directory", words.directory, "trails elsewhere: a copy, another user's", "DIR");
  verb.add_flag("--json", words.json, "one JSON object per line, as in the trail");
  verb.add_flag("--tree", words.tree, "the processes as a tree, with times and outcomes");
  verb.add_flag("-f,--follow", words.follow,
                "go on while sessions run; without SESSION all of them, from now on, until interrupted");
  verb.footer(kExamples);
}

}  // namespace

Verb add_log(CLI::App& app, const std::vector<std::string>& /*command*/) {
  auto words = std::make_shared<LogWords>();
  auto check_words = std::make_shared<LogWords>();
  CLI::App* verb = app.add_subcommand("log", "What sessions did: search their audit trails, follow them, verify them");
  add_search_words(*verb, *words);
  CLI::App* check = verb->add_subcommand("verify", "Check numbering and hash chain of all trails, or of one");
  check->add_option("session", check_words->sessions, "a session's name, or a prefix of its id")->type_name("SESSION");
  check->add_option("--directory", check_words->directory, "trails elsewhere")->type_name("DIR")->check(not_empty());
  check->add_flag("--json", check_words->json, "for machines");
  check->footer(kVerifyFooter);
  return {verb, [=] {
            if (check->parsed()) return verify(with_ids(together(*verb, *check, *words, *check_words)));
            return search_trails(with_ids_or_verb(*words, check->get_name()));
          }};
}

}  // namespace clawbox::cli
