// Two execs of one session, each in its own group, under a memory cap that both share.
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "base/error.h"
#include "cgroup/cgroup.h"
#include "plan/groups.h"
#include "support/catch.h"
#include "sys/files.h"
#include "sys/processes.h"

using namespace clawbox;

namespace {

constexpr std::size_t kCap = std::size_t{64} << 20;

/// As a session of this caller gets it. `number` tells those of one process apart.
cgroup::Cgroup capped_session(int number) {
  plan::Host host = plan::look_at_host();
  host.control_groups = plan::group_facts(host, "auto");
  ControlGroup group = plan::group_offer(host, "auto").group;
  group.controllers = {"memory", "pids"};
  group.caps = {{"memory", "64MiB", "memory.max", std::to_string(kCap), {}}, {"swap", "0", "memory.swap.max", "0", {}}};
  return cgroup::create(group, fmt::format("e8ec{:x}-{:x}", number, ::getpid()));
}

/// `act` is what is left to call after a raw clone: no locks, no heap.
template <class Act>
sys::Process started_in(const cgroup::Group& group, const Act& act) {
  sys::Clone clone = sys::clone_into(0, group.directory());
  if (clone.pid == 0) ::_exit(act());
  return {clone.pid, std::move(clone.pidfd)};
}

int wait_for_a_signal() {
  while (true) ::pause();
}

int take_too_much() {
  constexpr std::size_t kMuch = 4 * kCap;
  void* memory = ::mmap(nullptr, kMuch, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(memory, 1, kMuch);
  return 0;
}

}  // namespace

TEST_CASE("a hog dies at the session's cap with its whole exec, and what runs in another one lives on") {
  cgroup::Cgroup session = capped_session(1);
  const std::shared_ptr<cgroup::Exec> hogs = session.make_exec();
  sys::Pipe until_then = sys::make_pipe();
  sys::Process beside = started_in(session.first_exec(), [&] {
    char byte = 0;
    return ::read(until_then.read_end.get(), &byte, 1) == 1 && ::access("/", R_OK) == 0 ? 7 : 1;
  });
  sys::Process companion = started_in(hogs->group(), wait_for_a_signal);
  sys::Process hog = started_in(hogs->group(), take_too_much);
  CHECK(hog.wait().signal == SIGKILL);
  CHECK(companion.wait().signal == SIGKILL);
  CHECK(hogs->hits().out_of_memory > 0);
  CHECK(cgroup::hits_in(session.first_exec()).out_of_memory == 0);
  sys::write_all(until_then.write_end, "!", "a pipe");
  CHECK(beside.wait().status == 7);
}

TEST_CASE("a further exec can be made after another was killed at the cap") {
  cgroup::Cgroup session = capped_session(2);
  {
    const std::shared_ptr<cgroup::Exec> hogs = session.make_exec();
    CHECK(started_in(hogs->group(), take_too_much).wait().signal == SIGKILL);
  }
  const std::shared_ptr<cgroup::Exec> next = session.make_exec();
  CHECK(started_in(next->group(), [] { return 7; }).wait().status == 7);
  CHECK(next->hits().out_of_memory == 0);
}
