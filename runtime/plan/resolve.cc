#include "plan/resolve.h"

#include "base/error.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

constexpr auto kKeep = std::chrono::hours(90 * 24);

Chosen<Audit> choose_audit(const Inputs& inputs) {
  const auto& wish = inputs.profile.audit;
  Chosen<Audit> chosen;
  Audit& audit = chosen.value;
  audit.level = static_cast<Audit::Level>(wish.level.value);  // the same words in the same order
  audit.sync = static_cast<Audit::Sync>(wish.sync.value);
  audit.required = wish.required.value;
  audit.environment_names = wish.environment_names.value;
  audit.journal = wish.journal.value;
  audit.rotate = wish.rotate.value;
  audit.keep_size = wish.keep_size.value;
  audit.keep = wish.keep ? wish.keep->value : kKeep;
  audit.origin = wish.level.origin;
  if (audit.journal && !inputs.files.real_path("/dev/log"))
    chosen.shortfalls.push_back({"records are not copied to the journal", "nothing is at /dev/log",
                                 "a journal or a syslog daemon on this host", wish.journal.origin});
  return chosen;
}

}  // namespace

Plan resolve(const profile::Profile& profile, const Host& host, const FileView& files, const Request& request) {
  if (request.caps != CapWords{} || request.overlay || !request.publish.empty()) {
    Request rest = request;
    rest.caps = {};
    rest.overlay = false;
    rest.publish.clear();
    profile::Profile changed = with_caps(profile, request.caps);
    if (request.overlay) changed = with_overlay(std::move(changed));
    if (!request.publish.empty()) changed = with_published(std::move(changed), request.publish);
    return resolve(changed, host, files, rest);
  }
  const Inputs inputs{profile, host, files, request};
  if (request.argv.empty() && !request.lasting)
    throw Error(ExitStatus::kUsage, "no command was given", "clawbox run -- COMMAND");

  Plan plan;
  plan.profile = {profile.name, profile.description, profile.sources};
  plan.network = taken(plan, choose_network(inputs));
  plan.workspace = taken(plan, choose_workspace(inputs));
  plan.identity = taken(plan, choose_identity(inputs, plan.workspace));
  plan.mounts = taken(plan, choose_mounts(inputs, plan.workspace, plan.identity));
  if (plan.network.mode == Network::Mode::kAllowlist)
    plan.network.allowlist = taken(plan, choose_allowlist(inputs, plan.workspace, plan.mounts));
  plan.command.argv = request.argv;
  plan.command.directory = command_directory(inputs, plan.workspace, plan.identity, plan.mounts);
  plan.command.environment = taken(plan, choose_environment(inputs, plan.identity, plan.mounts));
  auto storage = choose_storage(inputs, plan.workspace);
  plan.limits = taken(plan, choose_limits(inputs, plan.workspace, plan.mounts, storage.value));
  plan.storage = taken(plan, std::move(storage));
  plan.syscalls = choose_syscalls(inputs, plan.storage);
  plan.landlock = taken(plan, choose_landlock(inputs, plan.mounts));
  plan.audit = taken(plan, choose_audit(inputs));
  return plan;
}

}  // namespace clawbox::plan
