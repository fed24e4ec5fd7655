#include "sys/keyrings.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "support/catch.h"
#include "sys/files.h"
#include "sys/processes.h"

using namespace clawbox;

namespace {

constexpr long kEverything = 0x3f3f3f3f;  // to everybody: keyctl_setperm(3)

long keyctl(int operation, long first = 0, long second = 0) { return ::syscall(SYS_keyctl, operation, first, second); }
long session_keyring() { return keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING); }

long add_key() { return ::syscall(SYS_add_key, "user", "clawbox-test", "x", 1, KEY_SPEC_SESSION_KEYRING); }

/// In a process of its own, because nobody leaves a keyring.
int status_of_child(const std::function<int()>& acts) {
  sys::Clone clone = sys::clone_into(0);
  if (clone.pid == 0) ::_exit(acts());
  return sys::Process(clone.pid, std::move(clone.pidfd)).wait().status;
}

/// Another child joins while this one holds it: is it the same?
int both_join(const std::function<void()>& join) {
  join();
  const long ours = session_keyring();
  return status_of_child([&] {
    sys::join_new_keyring();  // away from the inherited one
    join();
    return session_keyring() == ours ? 0 : 1;
  });
}

}  // namespace

TEST_CASE("all sessions of a user share one keyring, so that they do not take all of the user's keys") {
  CHECK(status_of_child([] { return both_join([] { sys::join_empty_keyring("clawbox-test"); }); }) == 0);
  CHECK(status_of_child([] { return both_join(sys::join_new_keyring); }) == 1);
}

TEST_CASE("nothing can be put into the shared keyring, nor can that be changed") {
  CHECK(status_of_child([] {
          sys::join_new_keyring();
          return add_key() > 0 ? 0 : errno;
        }) == 0);
  CHECK(status_of_child([] {
          sys::join_empty_keyring("clawbox-test");
          return add_key() > 0 ? 0 : errno;
        }) == EACCES);
  CHECK(status_of_child([] {
          sys::join_empty_keyring("clawbox-test");
          return keyctl(KEYCTL_SETPERM, KEY_SPEC_SESSION_KEYRING, kEverything) == 0 ? 0 : errno;
        }) == EACCES);
}

TEST_CASE("what somebody else calls by the same name is not joined") {
  if (::getuid() != 0) return test::skip("kernel: only root can be somebody else");
  sys::Pipe told = sys::make_pipe();
  sys::Clone other = sys::clone_into(0);
  if (other.pid == 0) {
    sys::become(65534, 65534);
    keyctl(KEYCTL_JOIN_SESSION_KEYRING, reinterpret_cast<long>("clawbox-others"));
    keyctl(KEYCTL_SETPERM, KEY_SPEC_SESSION_KEYRING, kEverything);
    const long open = session_keyring();
    [[maybe_unused]] const ssize_t written = ::write(told.write_end.get(), &open, sizeof open);
    ::pause();
  }
  const sys::Process somebody(other.pid, std::move(other.pidfd));
  long open = 0;
  REQUIRE(::read(told.read_end.get(), &open, sizeof open) == sizeof open);
  CHECK(status_of_child([&] {
          keyctl(KEYCTL_JOIN_SESSION_KEYRING, reinterpret_cast<long>("clawbox-others"));
          return session_keyring() == open ? 0 : 1;  // by its name alone it would be
        }) == 0);
  CHECK(status_of_child([&] {
          sys::join_empty_keyring("clawbox-others");
          return session_keyring() == open ? 1 : 0;
        }) == 0);
}
