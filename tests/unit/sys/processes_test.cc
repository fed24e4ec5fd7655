#include "sys/processes.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "support/catch.h"

using namespace clawbox;

namespace {

sys::Process child_that(const std::function<void()>& acts) {
  sys::Clone clone = sys::clone_into(0);
  if (clone.pid == 0) {
    acts();
    ::_exit(0);
  }
  return {clone.pid, std::move(clone.pidfd)};
}

}  // namespace

TEST_CASE("the exit status of a child comes back") {
  CHECK(child_that([] { ::_exit(37); }).wait().status == 37);
}

TEST_CASE("the signal that ended a child comes back") {
  CHECK(child_that([] { ::raise(SIGKILL); }).wait().signal == SIGKILL);
}

TEST_CASE("a process is killed and reaped when its owner leaves scope") {
  pid_t pid = 0;
  {
    const sys::Process process = child_that([] { ::pause(); });
    pid = process.pid();
    CHECK_FALSE(process.ended());
  }
  CHECK(::kill(pid, 0) < 0);
}

TEST_CASE("a program that is not there says so by errno") {
  const sys::ExecWords words({"/nonexistent/program"}, {"PATH=/usr/bin"});
  CHECK(child_that([&] { ::_exit(sys::exec(words) == ENOENT ? 1 : 2); }).wait().status == 1);
}

TEST_CASE("a limit is hard") {
  const auto ending = child_that([] {
                        sys::set_limit(RLIMIT_NOFILE, 20);
                        const rlimit more{21, 21};
                        ::_exit(::setrlimit(RLIMIT_NOFILE, &more) < 0 || ::geteuid() == 0 ? 0 : 1);
                      }).wait();
  CHECK(ending.status == 0);
}

TEST_CASE("every signal is blocked for as long as it is said") {
  sigset_t mask;
  {
    const sys::BlockedSignals blocked;
    ::sigprocmask(SIG_BLOCK, nullptr, &mask);
    CHECK(::sigismember(&mask, SIGTERM) == 1);
  }
  ::sigprocmask(SIG_BLOCK, nullptr, &mask);
  CHECK(::sigismember(&mask, SIGTERM) == 0);
}
