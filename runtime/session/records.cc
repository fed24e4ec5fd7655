#include "session/records.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <memory>

#include "audit/hostile.h"
#include "audit/index.h"
#include "audit/journal.h"
#include "base/error.h"
#include "base/text.h"
#include "config.h"
#include "plan/explain.h"
#include "session/directories.h"
#include "session/tidying.h"
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
    case EndedBy::kMemory:
      return "memory";
    case EndedBy::kDisk:
      return "disk";
    case EndedBy::kKilled:
      return "killed";
    case EndedBy::kFailed:
      return "failed";
    case EndedBy::kStopped:
      return "stopped";
  }
  return "exit";
}

Json start_fields(const Plan& plan, pid_t init) {
  utsname system{};
  ::uname(&system);
  Json fields;
  fields["profile"] = plan.profile.name;
  fields["profile_files"] = plan.profile.sources;
  fields["argv"] = Json::array();
  for (const std::string& word : plan.command.argv) fields["argv"].push_back(audit::hostile(word));
  fields["directory"] = audit::hostile(plan.command.directory);
  fields["workspace"] = audit::hostile(plan.workspace.host);
  fields["network"] = plan::network_mode_name(plan.network.mode);
  fields["landlock"] = plan.landlock.fence == Landlock::Fence::kOn;
  fields["level"] = plan::level_name(plan.audit.level);
  if (plan.storage) fields["store"] = plan::store_json(*plan.storage);
  fields["shortfalls"] = Json::array();
  for (const Shortfall& shortfall : plan.shortfalls)
    fields["shortfalls"].push_back({{"what", escaped(shortfall.what)}, {"why", escaped(shortfall.why)}});
  fields["host"] = {{"kernel", system.release}, {"clawbox", CLAWBOX_VERSION}};
  fields["uid"] = ::getuid();
  fields["pid"] = init;
  return fields;
}

audit::TrailOptions options_of(const Audit& audit) {
  audit::TrailOptions options{audit.rotate, static_cast<audit::Sync>(audit.sync),
                              audit.required ? audit::Loss::kThrown : audit::Loss::kCounted, nullptr};
  if (audit.journal) options.copy = [journal = std::make_shared<audit::Journal>()](auto line) { journal->copy(line); };
  return options;
}

[[noreturn]] void throw_required(const SysError& error) {
  throw Error(
      ExitStatus::kStateUnusable, fmt::format("the audit trail cannot be written: {}", error.what()),
      "free some space or point XDG_STATE_HOME elsewhere; a profile with audit.required = false runs without a trail");
}

}  // namespace

Record::Record(const Plan& plan, const std::string& directory, const std::string& session) try : audit_(plan.audit) {
  directory_ = open_private_directory(directory);
  trail_.emplace(directory_, session, options_of(plan.audit));
} catch (const SysError& error) {
  if (plan.audit.required) throw_required(error);
} catch (const Error&) {
  if (plan.audit.required) throw;
}

void Record::start(const Plan& plan, pid_t init) { write("session.start", start_fields(plan, init)); }

void Record::write(const std::string& event, const Json& fields) try {
  if (trail_) trail_->append(event, fields);
} catch (const SysError& error) {
  throw_required(error);
}

void Record::fail(const Error& cause) noexcept try {
  if (!trail_) return;
  trail_->append("session.failed",
                 {{"exit_status", static_cast<int>(cause.status())}, {"detail", escaped(cause.what())}});
  close();
} catch (const std::exception&) {
  // The cause itself is told to the caller.
}

std::optional<std::string> Record::end(const Outcome& outcome) try {
  if (!trail_) return std::nullopt;
  trail_->end(as_json(outcome));
  close();
  return std::nullopt;
} catch (const SysError& error) {
  if (!audit_.required) return std::nullopt;
  return fmt::format("the end of the session is missing from its audit trail: {}", error.what());
}

/// In this order: the lock on the trail, which tells that the session lives, goes last.
void Record::close() {
  audit::record_head(directory_, *trail_, static_cast<audit::Sync>(audit_.sync));
  trail_->close();
  tidy_in_background(directory_, audit_);
}

namespace {

void add_group(Json& json, const Outcome::Group& group) {
  if (group.memory_peak) json["memory_peak"] = *group.memory_peak;
  if (group.processes_peak) json["processes_peak"] = *group.processes_peak;
  const auto put_time = [&](const char* name, const std::optional<std::chrono::microseconds>& time) {
    if (time) json[name] = time->count() / 1000;
  };
  put_time("throttled_ms", group.throttled);
  put_time("memory_pressure_ms", group.memory_pressure);
  put_time("cpu_pressure_ms", group.cpu_pressure);
  put_time("io_pressure_ms", group.io_pressure);
  if (group.read) json["bytes_read"] = *group.read;
  if (group.written) json["bytes_written"] = *group.written;
}

}  // namespace

Json as_json(const Outcome& outcome) {
  Json json;
  json["exit_status"] = outcome.exit_status;
  json["ended_by"] = name_of(outcome.ended_by);
  json["signal"] = outcome.signal;
  json["wall_ms"] = outcome.wall.count();
  json["cpu_ms"] = outcome.cpu.count() / 1000;
  if (outcome.group) add_group(json, *outcome.group);
  json["detail"] = outcome.detail;
  if (!outcome.overlay.empty()) json["overlay"] = audit::hostile(outcome.overlay);
  json["execs"] = outcome.execs;
  json["refusals"] = outcome.refusals;
  json["folded"] = outcome.folded;
  json["protected_changes"] = Json::array();
  for (const Outcome::Change& change : outcome.protected_changes)
    json["protected_changes"].push_back({{"path", audit::hostile(change.path)}, {"change", change.change}});
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
