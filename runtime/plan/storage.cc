#include "base/error.h"
#include "base/text.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

constexpr uint64_t kBlock = 4096;  // files that the disk cap lets be, where there is no cap on their number

std::optional<Storage::Backing> backing_of(profile::StoreKind wish) {
  if (wish == profile::StoreKind::kAuto) return std::nullopt;
  return wish == profile::StoreKind::kTmpfs ? Storage::Backing::kTmpfs : Storage::Backing::kFuse;
}

}  // namespace

std::optional<Storage> choose_storage(const Inputs& inputs, const Workspace& workspace) {
  const auto& limits = inputs.profile.limits;
  if (workspace.mode != Workspace::Mode::kOverlay) return std::nullopt;
  if (!limits.disk)
    throw Error(ExitStatus::kProfileInvalid,
                fmt::format("{}: an overlay workspace without limits.disk could fill the host's disk",
                            to_string(workspace.origin)),
                "set limits.disk, for example disk = \"8GiB\"");
  Storage storage;
  storage.backing = backing_of(limits.store.value);
  storage.bytes = limits.disk->value;
  storage.files = limits.files ? limits.files->value : limits.disk->value / kBlock;
  storage.origin = limits.disk->origin;
  return storage;
}

}  // namespace clawbox::plan
