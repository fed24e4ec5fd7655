#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "probe/check.h"

namespace probe {
namespace {

constexpr int kNewTime = 0x00000080;

Result own_pid(const Planted& planted) { return differs_from_host(planted, "pid"); }
Result own_uts(const Planted& planted) { return differs_from_host(planted, "uts"); }
Result own_cgroup(const Planted& planted) { return differs_from_host(planted, "cgroup"); }
Result own_user(const Planted& planted) { return differs_from_host(planted, "user"); }

Result unshare_user_refused(const Planted&) {
  return refused_in_child([] { return ::unshare(CLONE_NEWUSER); }, {EPERM, EACCES, ENOSYS, ENOSPC});
}

// A clone that succeeds returns twice; the grandchild leaves at once.
Result clone_user_refused(const Planted&) {
  return refused_in_child(
      [] {
        const long child = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0);
        if (child == 0) ::_exit(0);
        if (child > 0) ::waitpid(static_cast<pid_t>(child), nullptr, 0);
        return child;
      },
      {EPERM, EACCES, ENOSYS, ENOSPC});
}

Result clone3_user_refused(const Planted&) {
  return refused_in_child(
      [] {
        clone_args arguments{};
        arguments.flags = CLONE_NEWUSER;
        arguments.exit_signal = SIGCHLD;
        const long child = ::syscall(SYS_clone3, &arguments, sizeof arguments);
        if (child == 0) ::_exit(0);
        if (child > 0) ::waitpid(static_cast<pid_t>(child), nullptr, 0);
        return child;
      },
      {EPERM, EACCES, ENOSYS, ENOSPC});
}

Result unshare_others_refused(const Planted&) {
  for (const int flag :
       {CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP, kNewTime}) {
    const Result result = refused_in_child([flag] { return ::unshare(flag); });
    if (result.verdict != Verdict::kHolds) return open_because("flag " + std::to_string(flag) + ": " + result.detail);
  }
  return holds();
}

Result setns_refused(const Planted&) {
  const int fd = ::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
  const Result result = refused_in_child([fd] { return ::setns(fd, 0); });
  ::close(fd);
  return fd < 0 ? refused_in_child([] { return ::setns(-1, 0); }) : result;
}

Result nested_namespace_gives_nothing(const Planted&) {
  const ChildEnd end = in_child([] {
    if (::unshare(CLONE_NEWUSER) < 0) return 0;
    if (::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/tmp", "tmpfs", 0, nullptr) == 0) return 1;
    if (::unshare(CLONE_NEWNET) == 0 && ::socket(AF_PACKET, SOCK_RAW, 0) >= 0) return 2;
    return 0;
  });
  if (end.exit == 1) return open_because("a nested user namespace could mount");
  return end.exit == 2 ? open_because("a nested user namespace got packet sockets") : holds();
}

Result sets_empty(std::initializer_list<const char*> names) {
  const std::string status = read_text("/proc/self/status");
  for (const char* name : names) {
    const std::string value = status_field(status, name);
    if (value.empty()) return not_applicable("/proc/self/status cannot be read");
    if (value.find_first_not_of('0') != std::string::npos) return open_because(std::string(name) + " is " + value);
  }
  return holds();
}

Result no_effective(const Planted&) { return sets_empty({"CapEff", "CapPrm"}); }
Result no_bounding(const Planted&) { return sets_empty({"CapBnd"}); }
Result no_ambient(const Planted&) { return sets_empty({"CapAmb", "CapInh"}); }

// The host's root owns /proc/version and /usr; where it is mapped in, they look like this user's.
Result not_the_hosts_root(const Planted&) {
  struct stat facts {};
  if (::stat("/proc/version", &facts) < 0 && ::stat("/usr", &facts) < 0) return not_applicable("nothing to look at");
  if (facts.st_uid == ::getuid()) return open_because("the host's root is this user");
  return holds();
}

Result groups_dropped(const Planted& planted) {
  const auto path = fact(planted, "group_file");
  if (!path) return not_applicable("the caller has no supplementary group");
  return can_open(*path, O_RDONLY) ? open_because("opened a file of a supplementary group") : holds();
}

constexpr Check kChecks[] = {
    {"NS01", "the process namespace is its own", own_pid},
    {"NS02", "the host-name namespace is its own", own_uts},
    {"NS03", "the cgroup namespace is its own", own_cgroup},
    {"NS04", "the user namespace is its own", own_user},
    {"NS05", "a user namespace by unshare is refused", unshare_user_refused},
    {"NS06", "a user namespace by clone is refused", clone_user_refused},
    {"NS07", "a user namespace by clone3 is refused", clone3_user_refused},
    {"NS08", "unsharing the other namespaces is refused", unshare_others_refused},
    {"NS09", "setns is refused", setns_refused},
    {"NS10", "a nested user namespace gives no mount and no packet socket", nested_namespace_gives_nothing},
    {"NS11", "the effective and permitted capability sets are empty", no_effective},
    {"NS12", "the bounding capability set is empty", no_bounding},
    {"NS13", "the ambient and inheritable capability sets are empty", no_ambient},
    {"NS14", "this is not the host's root", not_the_hosts_root},
    {"NS15", "supplementary groups give nothing", groups_dropped},
};

}  // namespace

std::span<const Check> namespace_checks() { return kChecks; }

}  // namespace probe
