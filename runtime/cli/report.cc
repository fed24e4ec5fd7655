// clawbox report: one session as a page of HTML.
#include <memory>

#include "audit/reader_record.h"
#include "audit/reader_trail.h"
#include "audit/report.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/log_trails.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "session/output.h"

namespace clawbox::cli {
namespace {

constexpr const char* kFooter =
    "Example: clawbox report 6a44c01f-7d --html session.html\n"
    "\n"
    "The page needs no network and runs no script. It holds what the session's trail holds: command lines, paths and\n"
    "names of hosts.\n"
    "\n"
    "Exit status: 0; 1 when there are no trails, 72 when the session is not there, 73 when the trails cannot be read,\n"
    "74 when the page cannot be written.";

struct ReportWords {
  std::string session, html, directory;
};

audit::Report report_of(const OwnedFd& directory, const audit::SessionFiles& session) {
  audit::Report report;
  audit::TrailReader trail(directory, session);
  while (const auto line = trail.next()) {
    const audit::Parsed parsed = audit::parse_record(line->text);
    if (parsed.record) report.add(*parsed.record);
    if (!parsed.record) report.add_trouble(fmt::format("{} is no record: {}", trail.position(*line), parsed.broken));
  }
  for (const std::string& trouble : trail.take_troubles()) report.add_trouble(trouble);
  return report;
}

int report(const ReportWords& words) {
  const Trails trails = trails_in(words.directory);
  if (trails.sessions.empty()) throw no_trails_in(trails.path);
  const std::string html =
      report_of(trails.directory, only_session(trails, ids_of({words.session}, words.directory).front())).html();
  if (words.html == "-") print(html);
  if (words.html != "-") session::write_private_file(words.html, html);
  return static_cast<int>(ExitStatus::kOk);
}

}  // namespace

Verb add_report(CLI::App& app, const std::vector<std::string>& /*command*/) {
  auto words = std::make_shared<ReportWords>();
  CLI::App* verb = app.add_subcommand("report", "One session as a page of HTML");
  verb->add_option("session", words->session, "its name, or a prefix of its id")
      ->type_name("SESSION")
      ->required()
      ->check(not_empty());
  verb->add_option("--html", words->html, "the file to write; `-` is standard output")
      ->type_name("FILE")
      ->required()
      ->check(not_empty());
  verb->add_option("--directory", words->directory, "trails elsewhere")->type_name("DIR")->check(not_empty());
  verb->footer(kFooter);
  return {verb, [=] { return report(*words); }};
}

}  // namespace clawbox::cli
