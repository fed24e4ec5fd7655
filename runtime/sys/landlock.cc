#include "sys/landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

namespace clawbox::sys {

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi >= 0) return static_cast<int>(abi);
  if (errno == ENOSYS || errno == EOPNOTSUPP) return 0;  // not built in; not enabled at boot
  throw_errno("asking for Landlock's version");
}

OwnedFd landlock_ruleset(const LandlockHandled& handled) {
  const long fd = ::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
  if (fd < 0) throw_errno("making a Landlock ruleset");
  return OwnedFd(static_cast<int>(fd));
}

void landlock_allow(const OwnedFd& ruleset, const OwnedFd& beneath, uint64_t access) {
  const landlock_path_beneath_attr rule{access, beneath.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    throw_errno("adding a Landlock rule with rights {:#x}", access);
}

void landlock_restrict_self(const OwnedFd& ruleset) {
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) throw_errno("restricting itself with Landlock");
}

}  // namespace clawbox::sys
