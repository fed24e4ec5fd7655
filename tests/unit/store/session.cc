#include "unit/store/session.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <unistd.h>

#include <array>
#include <span>

#include <fmt/format.h>

#include "base/error.h"
#include "seccomp/compile.h"
#include "support/temp_dir.h"
#include "sys/channel.h"
#include "sys/files.h"
#include "sys/mounts.h"

namespace clawbox::test {
namespace {

void map_own_ids(uid_t uid, gid_t gid) {
  sys::write_all(sys::open("/proc/self/setgroups", O_WRONLY), "deny", "setgroups");
  sys::write_all(sys::open("/proc/self/uid_map", O_WRONLY), fmt::format("{0} {0} 1", uid), "uid_map");
  sys::write_all(sys::open("/proc/self/gid_map", O_WRONLY), fmt::format("{0} {0} 1", gid), "gid_map");
}

constexpr std::array<std::byte, 1> kWord{};

void send(const OwnedFd& channel, const OwnedFd& fd) {
  const int number = fd.get();
  sys::send_packet(channel, kWord, fd ? std::span(&number, 1) : std::span<const int>());
}

OwnedFd receive(const OwnedFd& channel) {
  std::array<std::byte, 1> word{};
  auto received = sys::receive_packet(channel, word);
  if (!received) throw std::runtime_error("the child of the test ended early");
  return received->descriptors.empty() ? OwnedFd() : std::move(received->descriptors.front());
}

std::string in_child(const store::Store& store, const std::string& place, const OwnedFd& channel,
                     const std::function<std::string()>& act) {
  store::Store::Mounted mounted = store.mount();
  send(channel, mounted.for_parent);
  mounted.for_parent.reset();
  receive(channel);  // served
  const OwnedFd target = sys::open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
  sys::restrict_mount(mounted.mount, sys::MountFlag::kNoSuid, sys::Reach::kThisMount);
  sys::attach(mounted.mount, target);
  if (::chdir(place.c_str()) != 0) throw_errno("entering the store");
  return act();
}

}  // namespace

store::Wish wish_for(const std::string& directory, store::Caps caps, store::Backing backing) {
  const std::optional<SyscallPolicy> calls = store::calls_of(backing);
  return {.directory = sys::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
          .path = directory,
          .caps = caps,
          .filters = calls ? seccomp::compile(*calls).filters : store::Filters()};
}

std::string inside_store(store::Store& store, const std::function<std::string()>& act,
                         const std::function<void()>& meanwhile) {
  const TempDir place;
  auto [ours, theirs] = sys::make_channel();
  sys::Pipe answer = sys::make_pipe();
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  sys::Clone clone = sys::clone_into(CLONE_NEWUSER | CLONE_NEWNS);
  if (clone.pid == 0) {
    ours.reset();
    try {
      map_own_ids(uid, gid);
      sys::write_all(answer.write_end, in_child(store, place.path(), theirs, act), "the answer");
    } catch (const std::exception& error) {
      sys::write_all(answer.write_end, error.what(), "the answer");
    }
    ::_exit(0);
  }
  sys::Process process(clone.pid, std::move(clone.pidfd));
  answer.write_end.reset();
  theirs.reset();
  OwnedFd device = receive(ours);
  store.serve(std::move(device), sys::open(fmt::format("/proc/{}/ns/user", process.pid()), O_RDONLY | O_CLOEXEC));
  store.session_begins(process.pid());
  if (meanwhile) meanwhile();
  send(ours, OwnedFd());
  const std::string said = sys::read_all(answer.read_end, 100000, "the answer");
  process.wait();
  return said;
}

std::string inside_fuse(const std::string& directory, store::Caps caps, const std::function<std::string()>& act) {
  return inside_store(*store::open(store::Backing::kFuse, wish_for(directory, caps, store::Backing::kFuse)), act);
}

}  // namespace clawbox::test
