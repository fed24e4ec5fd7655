// clawbox report: one session as a page of HTML.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "audit/reader_record.h"
#include "audit/reader_trail.h"
#include "audit/report.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/log_words.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/verbs.h"

namespace clawbox::cli {
namespace {

constexpr const char* kFooter =
    "Example: clawbox report 6a44 --html session.html\n"
    "\n"
    "The page needs no network and runs no script. It holds what the session's trail holds: command lines, paths and\n"
    "names of hosts. Exit status: 0, or 64 when the session is not there.";

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

/// Not through a symlink, and for the caller alone: a trail is private.
void write_file(const std::string& path, std::string_view text) {
  const OwnedFd file(::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  while (file && !text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (!file || !text.empty())
    throw Error(ExitStatus::kOutputLost, SysError(errno, fmt::format("writing {}", in_quotes(path))).what(),
                "name a file that you can write; `-` is standard output");
}

int report(const ReportWords& words) {
  const std::string path = trail_directory(words.directory);
  const auto directory = audit::open_trails(path);
  const std::vector<std::string> prefix = {words.session};
  const auto sessions =
      audit::chosen(directory ? audit::sessions_in(*directory) : std::vector<audit::SessionFiles>(), prefix);
  if (sessions.size() > 1)
    throw Error(ExitStatus::kUsage, fmt::format("{} sessions begin with {}", sessions.size(), in_quotes(words.session)),
                "say more of its id: " + escaped(sessions[0].id) + ", " + escaped(sessions[1].id) + ", …");
  const std::string html = report_of(*directory, sessions[0]).html();
  if (words.html == "-") print(html);
  if (words.html != "-") write_file(words.html, html);
  return static_cast<int>(ExitStatus::kOk);
}

}  // namespace

Verb add_report(CLI::App& app, const std::vector<std::string>& /*command*/) {
  auto words = std::make_shared<ReportWords>();
  CLI::App* verb = app.add_subcommand("report", "One session as a page of HTML");
  verb->add_option("session", words->session, "the begin of its id")->required()->check(not_empty());
  verb->add_option("--html", words->html, "the file to write; `-` is standard output")
      ->type_name("FILE")
      ->required()
      ->check(not_empty());
  verb->add_option("--directory", words->directory, "trails elsewhere")->type_name("DIR")->check(not_empty());
  verb->footer(kFooter);
  return {verb, [=] { return report(*words); }};
}

}  // namespace clawbox::cli
