#include "plan/resolve.h"

#include "base/error.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

std::string level_name(profile::AuditLevel level) {
  switch (level) {
    case profile::AuditLevel::kSession:
      return "session";
    case profile::AuditLevel::kExec:
      return "exec";
    case profile::AuditLevel::kSyscall:
      return "syscall";
  }
  return "session";
}

// Recording of execs and calls is the supervisor's work of a later release; until then it is told, never pretended.
Chosen<Audit> choose_audit(const Inputs& inputs) {
  const auto& wish = inputs.profile.audit;
  Chosen<Audit> chosen;
  chosen.value = {wish.required.value, level_name(wish.level.value), wish.level.origin};
  if (wish.level.value != profile::AuditLevel::kSession)
    chosen.shortfalls.push_back({"audit level " + chosen.value.level, "this release records sessions only",
                                 "audit.level = \"session\"", wish.level.origin});
  return chosen;
}

}  // namespace

Plan resolve(const profile::Profile& profile, const Host& host, const FileView& files, const Request& request) {
  const Inputs inputs{profile, host, files, request};
  if (request.argv.empty()) throw Error(ExitStatus::kUsage, "no command was given", "clawbox run -- COMMAND");

  Plan plan;
  plan.profile = {profile.name, profile.description, profile.sources};
  plan.network = taken(plan, choose_network(inputs));
  plan.workspace = taken(plan, choose_workspace(inputs));
  plan.identity = taken(plan, choose_identity(inputs, plan.workspace));
  plan.mounts = taken(plan, choose_mounts(inputs, plan.workspace, plan.identity));
  plan.command.argv = request.argv;
  plan.command.directory = command_directory(inputs, plan.workspace, plan.identity, plan.mounts);
  plan.command.environment = taken(plan, choose_environment(inputs, plan.identity, plan.mounts));
  plan.limits = taken(plan, choose_limits(inputs));
  plan.syscalls = choose_syscalls(inputs);
  plan.landlock = taken(plan, choose_landlock(inputs, plan.mounts));
  plan.audit = taken(plan, choose_audit(inputs));
  return plan;
}

}  // namespace clawbox::plan
