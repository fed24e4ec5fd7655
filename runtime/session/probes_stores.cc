// What can hold the disk of an overlay workspace, besides FUSE (probes_mounts.cc).
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "session/directories.h"
#include "session/probes.h"
#include "store/store.h"

namespace clawbox::session {
namespace {

constexpr store::Caps kOfCoding{uint64_t{8} << 30, uint64_t{2} << 20};

std::string place() { return directories_of_caller().state + "/overlays"; }

std::filesystem::path nearest_directory() {
  std::filesystem::path path = place();
  while (path.has_relative_path() && ::access(path.c_str(), F_OK) != 0) path = path.parent_path();
  return path;
}

/// What an administrator types; root's own sessions limit their projects themselves.
std::string quota_remedy(const plan::Host& host) {
  const std::string at = shell_quoted(nearest_directory().string());
  std::string text = fmt::format(
      "once, as root: give the file system of {0} project quotas (ext4, not mounted: `tune2fs -O project,quota -Q "
      "prjquota DEVICE`) and mount it with the option prjquota (ext4, XFS)",
      at);
  if (host.caller == plan::Host::Caller::kRoot) return text;
  return text + fmt::format(
                    "; then a project for each session at a time: `for n in 1 2 3 4; do echo clawbox-$n:$((7000 + n)) "
                    ">>/etc/projid; setquota -P clawbox-$n 0 {} 0 {} \"$(findmnt -no TARGET -T {})\"; done`",
                    kOfCoding.bytes >> 10, kOfCoding.files, at);
}

Attempt attempted(Storage::Backing backing, const std::string& found) {
  return in_child([&] {
    const std::string why = store::why_not(backing, place(), kOfCoding);
    if (!why.empty()) throw Error(ExitStatus::kFeatureMissing, why);
    return found;
  });
}

}  // namespace

Attempt try_disk_quota(const plan::Host& host) {
  Attempt attempt = attempted(Storage::Backing::kQuota, "a project of 8GiB that holds");
  if (!attempt.works) attempt.remedy = quota_remedy(host);
  return attempt;
}

Attempt try_loop(const plan::Host&) { return attempted(Storage::Backing::kLoop, "mke2fs, and a loop device for root"); }

}  // namespace clawbox::session
