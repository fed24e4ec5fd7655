#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "plan/explain.h"
#include "plan/resolve.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

using Backing = Storage::Backing;
using profile::Enforcement;
using profile::StoreKind;

constexpr uint64_t kBlock = 4096;  // files that the disk cap lets be, where there is no cap on their number

/// All but `auto` are the same words in the same order.
Backing backing_of(StoreKind wish) { return static_cast<Backing>(static_cast<int>(wish) - 1); }

uint64_t files_of(const profile::Profile::Limits& limits, uint64_t bytes) {
  return limits.files ? limits.files->value : bytes / kBlock;
}

uint64_t bytes_of(const Inputs& inputs, const Workspace& workspace) {
  const auto& disk = inputs.profile.limits.disk;
  if (disk) return disk->value;
  throw Error(ExitStatus::kProfileInvalid,
              fmt::format("{}: an overlay workspace without limits.disk could fill the host's disk",
                          to_string(workspace.origin)),
              "set limits.disk, for example disk = \"8GiB\"");
}

void require_consent(const profile::Profile::Limits& limits) {
  if (limits.store.value != StoreKind::kWatch || limits.enforce.value == Enforcement::kBestEffort) return;
  throw Error(ExitStatus::kProfileInvalid,
              fmt::format("{}: store = \"watch\" holds nothing: it only ends what is over its cap",
                          to_string(limits.store.origin)),
              "another store, or limits.enforce = \"best-effort\"");
}

[[noreturn]] void throw_none(const Inputs& inputs) {
  std::vector<std::string> reasons;
  for (const StoreFact& fact : inputs.host.stores)
    reasons.push_back(fmt::format("{}: {}", backing_name(fact.backing), fact.why_not));
  throw Error(
      ExitStatus::kFeatureMissing, "no store that holds limits.disk can be had here: " + joined(reasons, "; "),
      "`clawbox doctor` says what is missing; limits.enforce = \"best-effort\" lets the disk be watched instead");
}

void choose_backing(const Inputs& inputs, Storage& storage) {
  storage.chosen_by = inputs.profile.limits.store.origin;
  for (const StoreFact& fact : inputs.host.stores) {
    if (fact.why_not.empty()) {
      storage.backing = fact.backing;
      return;
    }
    storage.passed_over.push_back({fact.backing, fact.why_not});
  }
  throw_none(inputs);
}

Shortfall soft(const Storage& storage, const Origin& origin) {
  std::string why = "it is looked at, and a session that is over it is ended";
  for (const Storage::PassedOver& one : storage.passed_over)
    why += fmt::format("; not {}: {}", backing_name(one.backing), one.why);
  return {fmt::format("disk {} of the workspace is watched and not held", size_text(storage.bytes)), why,
          "what `clawbox doctor` says of disk-quota, loop and fuse", origin};
}

/// No mount can cap a directory of the host's own.
Chosen<std::optional<Storage>> watched_in_place(const Decided<uint64_t>& disk, const Workspace& workspace) {
  Storage storage;
  storage.backing = Backing::kWatch;
  storage.bytes = disk.value;
  storage.origin = disk.origin;
  storage.chosen_by = workspace.origin;
  Chosen<std::optional<Storage>> chosen;
  chosen.shortfalls.push_back({fmt::format("disk {} of the workspace is watched and not held", size_text(disk.value)),
                               "it is the host's own directory: a session that adds more is ended",
                               "run with --overlay, which caps all that is written", disk.origin});
  chosen.value = std::move(storage);
  return chosen;
}

}  // namespace

StoreWish stores_to_try(const profile::Profile& profile, const Request& request) {
  using profile::WorkspaceMode;
  const WorkspaceMode mode = profile.workspace.mode.value;
  if (mode != WorkspaceMode::kOverlay && !(request.overlay && mode == WorkspaceMode::kReadWrite)) return {};
  const auto& limits = profile.limits;
  StoreWish wish;
  wish.bytes = request.caps.disk.value_or(limits.disk ? limits.disk->value : 0);
  wish.files = files_of(limits, wish.bytes);
  wish.order = {Backing::kQuota, Backing::kLoop, Backing::kFuse};
  if (limits.enforce.value == Enforcement::kBestEffort) wish.order.push_back(Backing::kWatch);
  if (limits.store.value != StoreKind::kAuto) wish.order = {backing_of(limits.store.value)};
  return wish;
}

Chosen<std::optional<Storage>> choose_storage(const Inputs& inputs, const Workspace& workspace) {
  const auto& limits = inputs.profile.limits;
  if (workspace.mode == Workspace::Mode::kReadWrite && limits.disk) return watched_in_place(*limits.disk, workspace);
  if (workspace.mode != Workspace::Mode::kOverlay) return {};
  Storage storage;
  storage.bytes = bytes_of(inputs, workspace);
  storage.files = files_of(limits, storage.bytes);
  storage.origin = limits.disk->origin;
  require_consent(limits);
  choose_backing(inputs, storage);
  Chosen<std::optional<Storage>> chosen;
  if (storage.backing == Backing::kWatch) chosen.shortfalls.push_back(soft(storage, limits.enforce.origin));
  chosen.value = std::move(storage);
  return chosen;
}

}  // namespace clawbox::plan
