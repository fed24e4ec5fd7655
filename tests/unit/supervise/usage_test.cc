#include "supervise/usage.h"

#include <unistd.h>

#include <ctime>

#include "support/catch.h"
#include "sys/processes.h"

using namespace clawbox;
using namespace std::chrono_literals;

namespace {

void burn(std::chrono::milliseconds time) {
  const clock_t until = ::clock() + static_cast<clock_t>(time.count() * CLOCKS_PER_SEC / 1000);
  while (::clock() < until) {
  }
}

}  // namespace

TEST_CASE("the time of a descendant that was reaped is counted") {
  const auto before = supervise::usage_of_tree(::getpid()).cpu;
  const pid_t child = sys::fork();
  if (child == 0) {
    burn(100ms);
    ::_exit(0);
  }
  sys::wait_for(child);
  CHECK(supervise::usage_of_tree(::getpid()).cpu - before >= 90ms);
}

TEST_CASE("a process that does not exist has used no time") {
  CHECK(supervise::usage_of_tree(2'000'000'000).cpu == 0ms);
}
