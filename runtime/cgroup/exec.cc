#include "cgroup/exec.h"

#include <utility>

namespace clawbox::cgroup {
namespace {

using namespace std::chrono_literals;

constexpr auto kEndWithin = 5s;  // as the session's: Cgroup

}  // namespace

Hits hits_in(const Group& group) {
  if (!group) return {};
  return {group.number("memory.events", "oom_kill").value_or(0), group.number("pids.events", "max").value_or(0)};
}

Exec::Exec(const Group& session, std::string name)
    : session_(session.again()), name_(std::move(name)), group_(session_.make_child(name_)) {
  // A program that lost one of its processes to the cap at random is in a state that nobody has tested: all or none.
  group_.try_write("memory.oom.group", "1");
}

Exec& Exec::operator=(Exec&& other) noexcept {
  std::swap(session_, other.session_);
  std::swap(name_, other.name_);
  std::swap(group_, other.group_);
  return *this;
}

Exec::~Exec() {
  if (group_) session_.remove_child(name_, std::chrono::steady_clock::now() + kEndWithin);
}

void Exec::take_in(pid_t pid) const { group_.write("cgroup.procs", std::to_string(pid)); }

void Exec::kill() const noexcept {
  if (group_) group_.try_write("cgroup.kill", "1");
}

}  // namespace clawbox::cgroup
