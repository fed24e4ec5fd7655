#include "session/records.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/text.h"
#include "session/directories.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

const char* name_of(EndedBy reason) {
  switch (reason) {
    case EndedBy::kExit:
      return "exit";
    case EndedBy::kSignal:
      return "signal";
    case EndedBy::kTime:
      return "time";
    case EndedBy::kCpuTime:
      return "cpu_time";
    case EndedBy::kKilled:
      return "killed";
  }
  return "exit";
}

Json start_fields(const Plan& plan) {
  Json fields;
  fields["profile"] = plan.profile.name;
  fields["profile_files"] = plan.profile.sources;
  fields["argv"] = Json::array();
  for (const std::string& word : plan.command.argv) fields["argv"].push_back(escaped(word));
  fields["directory"] = escaped(plan.command.directory);
  fields["workspace"] = escaped(plan.workspace.host);
  fields["network"] = plan.network.mode == Network::Mode::kHost ? "host" : "none";
  fields["landlock"] = plan.landlock.fence == Landlock::Fence::kOn;
  fields["shortfalls"] = Json::array();
  for (const Shortfall& shortfall : plan.shortfalls)
    fields["shortfalls"].push_back({{"what", escaped(shortfall.what)}, {"why", escaped(shortfall.why)}});
  return fields;
}

[[noreturn]] void throw_required(const SysError& error) {
  throw Error(
      ExitStatus::kStateUnusable, fmt::format("the audit trail cannot be written: {}", error.what()),
      "free some space or point XDG_STATE_HOME elsewhere; a profile with audit.required = false runs without a trail");
}

}  // namespace

Record::Record(const Plan& plan, const std::string& directory, const std::string& session) try
    : required_(plan.audit.required) {
  trail_.emplace(open_private_directory(directory), session);
} catch (const SysError& error) {
  if (plan.audit.required) throw_required(error);
} catch (const Error&) {
  if (plan.audit.required) throw;
}

void Record::start(const Plan& plan) try {
  if (trail_) trail_->append("session.start", start_fields(plan));
} catch (const SysError& error) {
  if (plan.audit.required) throw_required(error);
}

std::optional<std::string> Record::end(const Outcome& outcome) try {
  if (trail_) trail_->append("session.end", as_json(outcome));
  return std::nullopt;
} catch (const SysError& error) {
  if (!required_) return std::nullopt;
  return fmt::format("the end of the session is missing from its audit trail: {}", error.what());
}

Json as_json(const Outcome& outcome) {
  Json json;
  json["exit_status"] = outcome.exit_status;
  json["ended_by"] = name_of(outcome.ended_by);
  json["signal"] = outcome.signal;
  json["wall_ms"] = outcome.wall.count();
  json["cpu_ms"] = outcome.cpu.count() / 1000;
  json["detail"] = outcome.detail;
  json["protected_changes"] = Json::array();
  for (const Outcome::Change& change : outcome.protected_changes)
    json["protected_changes"].push_back({{"path", escaped(change.path)}, {"change", change.change}});
  return json;
}

OutcomeFile::OutcomeFile(const std::string& path) try
    : file_(sys::open(path, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0600)) {
} catch (const SysError& error) {
  throw Error(ExitStatus::kUsage, fmt::format("--outcome: {}", error.what()), "name a file that you can write");
}

void OutcomeFile::write(const Outcome& outcome) const {
  sys::write_all(file_, as_json(outcome).dump(2) + "\n", "the outcome");
}

Outcome::Change as_outcome(const plan::ProtectedChange& change) {
  switch (change.what) {
    case plan::ProtectedChange::What::kAdded:
      return {change.path, "added"};
    case plan::ProtectedChange::What::kChanged:
      return {change.path, "changed"};
    case plan::ProtectedChange::What::kRemoved:
      return {change.path, "removed"};
  }
  return {change.path, "changed"};
}

}  // namespace clawbox::session
