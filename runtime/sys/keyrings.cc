#include "sys/keyrings.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "base/error.h"

namespace clawbox::sys {
namespace {

// include/linux/key.h; the kernel does not export them. Nobody may write, link or change: not even its owner.
constexpr unsigned kPossessorViews = 0x01000000, kPossessorSearches = 0x08000000;
constexpr unsigned kOwnerViews = 0x00010000, kOwnerSearches = 0x00080000;
constexpr unsigned kNothingIntoIt = kPossessorViews | kPossessorSearches | kOwnerViews | kOwnerSearches;

template <class... Arguments>
long keyctl(int operation, Arguments... arguments) {
  return ::syscall(SYS_keyctl, operation, arguments...);
}

/// The kernel writes ids as signed. "keyring;UID;GID;PERMISSIONS;NAME": anybody may have given a keyring this name.
bool is_ours_and_sealed(const char* name) {
  std::array<char, 256> text{};
  if (keyctl(KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text.data(), text.size()) < 0) return false;
  return std::string(text.data()) == fmt::format("keyring;{};{};{:08x};{}", static_cast<int>(::getuid()),
                                                 static_cast<int>(::getgid()), kNothingIntoIt, name);
}

}  // namespace

void join_empty_keyring(const char* name) {
  if (keyctl(KEYCTL_JOIN_SESSION_KEYRING, name) < 0) {
    if (errno == ENOSYS) return;
    throw_errno("joining the session keyring {}", name);
  }
  // Refused where somebody has done it already.
  keyctl(KEYCTL_SETPERM, KEY_SPEC_SESSION_KEYRING, kNothingIntoIt);
  if (!is_ours_and_sealed(name)) join_new_keyring();
}

void join_new_keyring() {
  if (keyctl(KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 && errno != ENOSYS) throw_errno("joining a new session keyring");
}

}  // namespace clawbox::sys
