#include "seccomp/landlock.h"

#include <fcntl.h>

#include "base/error.h"
#include "sys/files.h"
#include "sys/landlock.h"

namespace clawbox::landlock {
namespace {

constexpr int kLeastAbi = 2;

constexpr uint64_t kRead = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t kWriteFile = LANDLOCK_ACCESS_FS_WRITE_FILE | sys::kLandlockTruncate | sys::kLandlockIoctlDevice;
constexpr uint64_t kChangeDirectory =
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | sys::kLandlockRefer;
constexpr uint64_t kAll = kRead | kWriteFile | kChangeDirectory;
constexpr uint64_t kOfFiles = kWriteFile | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;

uint64_t known_to(int abi) {
  uint64_t rights = kAll;
  if (abi < 3) rights &= ~sys::kLandlockTruncate;
  if (abi < 5) rights &= ~sys::kLandlockIoctlDevice;
  return rights;
}

uint64_t scopes_of(int abi) { return abi < 6 ? 0 : sys::kLandlockScopeAbstractSocket | sys::kLandlockScopeSignal; }

void allow(const OwnedFd& ruleset, const OwnedFd& place, uint64_t rights) {
  sys::landlock_allow(ruleset, place, S_ISDIR(sys::status_of(place).st_mode) ? rights : rights & kOfFiles);
}

void allow_if_there(const OwnedFd& ruleset, const OwnedFd& root, const char* name, uint64_t rights) {
  const auto place = sys::open_if_there(root, name, O_PATH, sys::Resolve::kInRoot);
  if (place) allow(ruleset, *place, rights);
}

}  // namespace

int usable_abi() {
  const int abi = sys::landlock_abi();
  return abi < kLeastAbi ? 0 : abi;
}

void restrict_self(const Landlock& plan) {
  if (plan.fence == Landlock::Fence::kOff) return;
  const int abi = usable_abi();
  if (abi == 0)
    throw Error(ExitStatus::kFeatureMissing, "this kernel has no Landlock that can be used (ABI 2, Linux 5.19)",
                "set syscalls.landlock = \"auto\" in the profile");
  const uint64_t handled = known_to(abi);
  const OwnedFd ruleset = sys::landlock_ruleset({handled, 0, scopes_of(abi)});
  const OwnedFd root = sys::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  allow(ruleset, root, kRead);
  allow_if_there(ruleset, root, "dev", handled);
  allow_if_there(ruleset, root, "proc", handled & (kRead | kWriteFile));
  for (const std::string& path : plan.writable) allow(ruleset, sys::open(path, O_PATH | O_CLOEXEC), handled);
  sys::landlock_restrict_self(ruleset);
}

}  // namespace clawbox::landlock
