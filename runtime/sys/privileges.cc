#include "sys/privileges.h"

#include <linux/securebits.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include <memory>

#include "base/error.h"

namespace clawbox::sys {
namespace {

struct FreeCapabilities {
  void operator()(cap_t set) const { cap_free(set); }
};
using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCapabilities>;

constexpr unsigned long kSecureBits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                      SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                                      SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

}  // namespace

void drop_capabilities() {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) throw_errno("clearing the ambient capabilities");
  cap_value_t capability = 0;
  while (cap_drop_bound(capability) == 0) ++capability;
  if (errno != EINVAL || capability == 0)  // EINVAL: the kernel knows no further one
    throw_errno("dropping capability {} from the bounding set", capability);
  // Before the sets go: both calls above and this one need CAP_SETPCAP.
  if (::prctl(PR_SET_SECUREBITS, kSecureBits) < 0) throw_errno("locking the secure bits");
  const Capabilities none(cap_init());
  if (none == nullptr || cap_set_proc(none.get()) < 0) throw_errno("dropping all capabilities");
}

void empty_capabilities() {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) throw_errno("clearing the ambient capabilities");
  const Capabilities none(cap_init());
  if (none == nullptr || cap_set_proc(none.get()) < 0) throw_errno("dropping all capabilities");
  const Capabilities have(cap_get_proc());
  if (have == nullptr || cap_compare(have.get(), none.get()) != 0)
    throw_sys_error(EPERM, "capabilities are left after dropping them all");
}

void require_no_capabilities() {
  const Capabilities have(cap_get_proc());
  const Capabilities none(cap_init());
  bool empty = have != nullptr && none != nullptr && cap_compare(have.get(), none.get()) == 0;
  for (cap_value_t capability = 0; cap_get_bound(capability) >= 0; ++capability)
    empty = empty && cap_get_bound(capability) == 0;  // ambient ones are a subset of the permitted (capabilities(7))
  if (errno != EINVAL) throw_errno("reading the bounding set");  // EINVAL: the kernel knows no further one
  if (!empty) throw_sys_error(EPERM, "capabilities are left after dropping them all");
  if (static_cast<unsigned long>(::prctl(PR_GET_SECUREBITS)) != kSecureBits)
    throw_sys_error(EPERM, "the secure bits are not locked");
}

void set_no_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) throw_errno("PR_SET_NO_NEW_PRIVS");
}

}  // namespace clawbox::sys
