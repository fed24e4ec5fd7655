#include "session/tidying.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "audit/housekeeping.h"
#include "base/error.h"
#include "sys/files.h"
#include "sys/processes.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;

constexpr const char* kStamp = ".tidied";  // its time of change says when it was tried last
constexpr auto kBetween = 1h;
constexpr int kFirstFree = 3;  // after the standard three

bool is_due(const OwnedFd& trails) {
  struct stat stamp {};
  if (::fstatat(trails.get(), kStamp, &stamp, AT_SYMLINK_NOFOLLOW) != 0) return true;
  const auto last = std::chrono::system_clock::from_time_t(stamp.st_mtim.tv_sec);
  return std::chrono::system_clock::now() - last > kBetween;
}

/// Neither the terminal nor a pipe of the caller, whose reader must see its end now; nor a lock of the session.
OwnedFd alone_with(const OwnedFd& trails) {
  sys::new_session();
  const OwnedFd null = sys::open("/dev/null", O_RDWR);
  for (int number = 0; number < 3; ++number) ::dup2(null.get(), number);
  ::setpriority(PRIO_PROCESS, 0, 19);
  OwnedFd kept = sys::duplicate(trails.get());
  if (kept.get() != kFirstFree) kept = OwnedFd(::dup3(kept.get(), kFirstFree, O_CLOEXEC));
  sys::close_from(kFirstFree + 1);
  return kept;
}

}  // namespace

void tidy_in_background(const OwnedFd& trails, const Audit& audit) noexcept try {
  if (!is_due(trails)) return;
  sys::replace_file(trails, kStamp, "", 0600);
  if (sys::fork() != 0) return;
  try {
    const OwnedFd kept = alone_with(trails);
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(audit.keep);
    audit::tidy_up(kept, std::chrono::system_clock::now(), {age, audit.keep_size});
  } catch (const std::exception&) {
    sys::exit_alone(1);
  }
  sys::exit_alone(0);
} catch (const SysError&) {
}

}  // namespace clawbox::session
