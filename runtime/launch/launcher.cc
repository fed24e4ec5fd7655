#include "launch/launcher.h"

#include <fcntl.h>
#include <linux/sched.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "launch/child.h"
#include "launch/identity.h"
#include "launch/protocol.h"
#include "launch/words.h"
#include "sys/files.h"
#include "sys/keyrings.h"

namespace clawbox::launch {
namespace {

uint64_t namespaces_of(const Plan& plan) {
  uint64_t flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  if (plan.network.mode != Network::Mode::kHost) flags |= CLONE_NEWNET;
  if (plan.identity.time_namespace) flags |= CLONE_NEWTIME;
  return flags;  // the cgroup namespace is unshared by the child, when its own cgroup can be the root
}

sys::Clone clone_pid_1(const Plan& plan, const OwnedFd& cgroup) try {
  return sys::clone_into(namespaces_of(plan), cgroup);
} catch (const SysError& error) {
  throw Error(ExitStatus::kFeatureMissing, fmt::format("making the namespaces: {}", error.what()),
              "the system restricts user namespaces: `clawbox doctor` names the setting and the way to change it");
}

void take_listeners(Message message, std::vector<net::Opened>& listeners) {
  const std::string_view doors = what_of(message.packet);
  if (doors.size() != message.descriptors.size()) throw_sys_error(EPROTO, "receiving the session's listeners");
  for (std::size_t i = 0; i < doors.size(); ++i)
    listeners.push_back({static_cast<net::Door>(doors[i]), std::move(message.descriptors[i])});
}

/// A service may have told the kernel to spare its processes, and a group of which none may be killed hangs at its cap:
/// proc_pid_oom_score_adj(5).
void make_killable(pid_t pid) {
  const OwnedFd own = sys::open("/proc/self/oom_score_adj", O_RDONLY);
  if (!sys::read_all(own, 16, "oom_score_adj").starts_with('-')) return;
  sys::write_all(sys::open(fmt::format("/proc/{}/oom_score_adj", pid), O_WRONLY), "0", "oom_score_adj");
}

}  // namespace

Child start(const Plan& plan, const seccomp::Program& filters, const OwnedFd& cgroup, const store::Store* store) {
  auto [ours, theirs] = sys::make_channel();
  sys::join_empty_keyring("clawbox");  // the child inherits it, and none of the caller's keys
  sys::Clone clone = clone_pid_1(plan, cgroup);
  if (clone.pid == 0) {
    ours.reset();  // else the child would keep its own end-of-file from coming
    live_as_pid_1(Inheritance{plan, filters, store, std::move(theirs)});
  }
  Child child(sys::Process(clone.pid, std::move(clone.pidfd)), std::move(ours));
  if (cgroup) make_killable(child.pid());
  return child;
}

void Child::go(const Plan& plan) {
  if (plan.identity.writer == Identity::Writer::kSelf) return;
  write_id_maps(pid(), plan.identity);
  const std::vector<OwnedFd> trees = mapped_trees(pid(), plan);
  std::vector<int> descriptors;
  descriptors.reserve(trees.size());
  for (const OwnedFd& tree : trees) descriptors.push_back(tree.get());
  Packet packet;
  packet.kind = Kind::kGo;
  send(channel_, packet, descriptors);
}

Gifts Child::gifts(store::Store* store) {
  Gifts gifts;
  while (true) {
    auto message = receive(channel_);
    if (!message) throw Error(ExitStatus::kSetupFailed, "the sandbox was killed while it was being set up");
    if (message->packet.kind == Kind::kFailed) throw failure_in(message->packet);
    if (message->packet.kind == Kind::kStore) {
      store->serve(std::move(message->descriptors.at(0)), std::move(message->descriptors.at(1)));
      continue;
    }
    if (message->packet.kind == Kind::kListeners) {
      take_listeners(std::move(*message), gifts.listeners);
      continue;
    }
    if (!message->descriptors.empty()) gifts.listener = std::move(message->descriptors.front());
    gifts.timings = what_of(message->packet);
    return gifts;
  }
}

/// From here its program may run, and what it does to pid 1 must not hold us up.
void Child::arm() {
  send(channel_, Kind::kArm);
  sys::set_nonblocking(channel_.get());
}

bool Child::order(Kind kind, uint32_t command, int32_t number) const try {
  return send(channel_, kind, command, number);
} catch (const SysError& error) {
  if (error.code() != EAGAIN) throw;
  return false;
}

void Child::execute(uint32_t number, Role role, const Command& command, const Stdio& stdio, const OwnedFd& hold) {
  const OwnedFd words = as_file(command);
  Packet packet;
  packet.kind = Kind::kExec;
  packet.command = number;
  packet.role = role;
  std::vector<int> descriptors{words.get()};
  for (std::size_t i = 0; i < stdio.size(); ++i) {
    if (const auto* passed = std::get_if<PassedFd>(&stdio[i])) {
      packet.ends[i] = Packet::End::kPassed;
      descriptors.push_back(passed->fd.get());
    }
    if (const auto* terminal = std::get_if<SessionTerminal>(&stdio[i])) {
      packet.ends[i] = Packet::End::kTerminal;
      std::memcpy(packet.text, terminal, sizeof *terminal);
    }
  }
  packet.held = static_cast<bool>(hold);
  if (hold) descriptors.push_back(hold.get());
  hand_over(packet, descriptors);
}

void Child::operate_on_files(uint32_t number, const Command& request, const OwnedFd& stream) {
  const OwnedFd words = as_file(request);
  Packet packet;
  packet.kind = Kind::kFiles;
  packet.command = number;
  hand_over(packet, {words.get(), stream.get()});
}

void Child::hand_over(const Packet& packet, const std::vector<int>& descriptors) const {
  try {
    send(channel_, packet, descriptors);
  } catch (const SysError& error) {
    if (error.code() != EAGAIN) throw;
    throw Error(ExitStatus::kSessionBusy, "the session's first process takes no orders: something inside holds it up",
                "`clawbox kill` ends the session");
  }
}

}  // namespace clawbox::launch
