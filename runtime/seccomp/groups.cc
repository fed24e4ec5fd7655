#include "seccomp/groups.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <sstream>

#include "seccomp/group_lists.h"

namespace clawbox::seccomp {
namespace {

using Kind = GroupEntry::Kind;

// The kernel's own bit; <fcntl.h>'s O_TMPFILE has O_DIRECTORY in it, which any open may carry.
constexpr uint64_t kTmpfileBit = O_TMPFILE & ~static_cast<unsigned>(O_DIRECTORY);
constexpr uint64_t kSetId = S_ISUID | S_ISGID;
constexpr uint64_t kNamespaceFlags =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr uint64_t kSocketType = 0xf;  // the rest of the argument is SOCK_CLOEXEC and SOCK_NONBLOCK
constexpr uint64_t kNoRandomize = ADDR_NO_RANDOMIZE;

GroupEntry when(const char* call, std::vector<Condition> conditions, int error = 0) {
  return {Kind::kCall, call, std::move(conditions), error};
}
GroupEntry otherwise(const char* call, std::vector<Condition> conditions, int error) {
  return {Kind::kOtherwise, call, std::move(conditions), error};
}

// openat2 carries its mode behind a pointer, which a filter cannot read: it is not named in @default at all. Without
// O_CREAT the mode argument is whatever the register held, so the flags are looked at first.
std::vector<GroupEntry> set_id_entries() {
  return {
      when("chmod", {any_bit(1, kSetId)}),
      when("fchmod", {any_bit(1, kSetId)}),
      when("fchmodat", {any_bit(2, kSetId)}),
      when("fchmodat2", {any_bit(2, kSetId)}),
      when("mkdir", {any_bit(1, kSetId)}),
      when("mkdirat", {any_bit(2, kSetId)}),
      when("mknod", {any_bit(1, kSetId)}),
      when("mknodat", {any_bit(2, kSetId)}),
      when("creat", {any_bit(1, kSetId)}),
      when("open", {any_bit(1, O_CREAT | kTmpfileBit), any_bit(2, kSetId)}),
      when("openat", {any_bit(2, O_CREAT | kTmpfileBit), any_bit(3, kSetId)}),
  };
}

std::vector<GroupEntry> device_node_entries() {
  std::vector<GroupEntry> entries;
  for (const uint64_t kind : {uint64_t{S_IFCHR}, uint64_t{S_IFBLK}}) {
    entries.push_back(when("mknod", {equal(1, kind, S_IFMT)}));
    entries.push_back(when("mknodat", {equal(2, kind, S_IFMT)}));
  }
  return entries;
}

// Go goes back from MPTCP to TCP on EPROTONOSUPPORT, libraries skip a family on EAFNOSUPPORT.
std::vector<GroupEntry> socket_entries() {
  std::vector<GroupEntry> entries = {when("socket", {equal(0, AF_UNIX)}),
                                     when("socket", {equal(0, AF_NETLINK), equal(2, NETLINK_ROUTE)})};
  for (const uint64_t family : {uint64_t{AF_INET}, uint64_t{AF_INET6}})
    for (const uint64_t protocol : {uint64_t{IPPROTO_IP}, uint64_t{IPPROTO_TCP}, uint64_t{IPPROTO_UDP}})
      entries.push_back(when("socket", {equal(0, family), equal(2, protocol)}));
  for (const uint64_t family : {uint64_t{AF_INET}, uint64_t{AF_INET6}, uint64_t{AF_NETLINK}})
    entries.push_back(otherwise("socket", {equal(0, family)}, EPROTONOSUPPORT));
  entries.push_back(otherwise("socket", {}, EAFNOSUPPORT));
  entries.push_back(when("socketpair", {equal(0, AF_UNIX)}));  // others would only load the family's module
  entries.push_back(otherwise("socketpair", {}, EAFNOSUPPORT));
  return entries;
}

// A raw socket may name TCP as its protocol, and the kernel turns (AF_INET, SOCK_PACKET) into AF_PACKET.
std::vector<GroupEntry> raw_socket_entries() {
  return {
      when("socket", {equal(0, AF_INET), equal(1, SOCK_RAW, kSocketType)}, EPROTONOSUPPORT),
      when("socket", {equal(0, AF_INET6), equal(1, SOCK_RAW, kSocketType)}, EPROTONOSUPPORT),
      when("socket", {equal(0, AF_INET), equal(1, SOCK_PACKET, kSocketType)}, EPROTONOSUPPORT),
  };
}

// ADDR_NO_RANDOMIZE is gdb's; READ_IMPLIES_EXEC and MMAP_PAGE_ZERO weaken the program and answer ENOSYS.
std::vector<GroupEntry> personality_entries() {
  std::vector<GroupEntry> entries;
  for (const uint64_t flags : {uint64_t{0}, uint64_t{UNAME26}, kNoRandomize})
    for (const uint64_t domain : {PER_LINUX, PER_LINUX32})
      entries.push_back(when("personality", {equal(0, flags | domain)}));
  entries.push_back(when("personality", {equal(0, 0xffffffff)}));  // asks, changes nothing
  return entries;
}

void append_entries(std::string_view name, const std::vector<Group>& groups, std::vector<GroupEntry>& into) {
  for (const Group& group : groups) {
    if (group.name != name) continue;
    std::istringstream words(group.calls);
    for (std::string word; words >> word;) {
      if (word.front() == '@') append_entries(word, groups, into);
      if (word.front() != '@') into.push_back({Kind::kCall, word, {}, 0});
    }
    into.insert(into.end(), group.conditional.begin(), group.conditional.end());
  }
}

}  // namespace

Condition equal(unsigned index, uint64_t value, uint64_t mask) { return {Condition::Kind::kEqual, index, mask, value}; }
Condition any_bit(unsigned index, uint64_t mask) { return {Condition::Kind::kAnyBit, index, mask, 0}; }

bool holds(const Condition& condition, uint64_t argument) {
  const uint64_t bits = argument & condition.mask;
  return condition.kind == Condition::Kind::kAnyBit ? bits != 0 : bits == condition.value;
}

std::vector<Group> all_groups() {
  return {
      {"@default", "what programs get", std::string(kDefaultCalls) + " @sockets @personality", {}},
      {"@refused", "answers EPERM, so that tools say something sensible", kRefusedGroups, {}},

      {"@sockets", "unix, internet (TCP and UDP) and ROUTE netlink sockets", "", socket_entries()},
      {"@personality", "the execution domains that debuggers and build tools set", "", personality_entries()},

      {"@set-id", "making files that are set-user-id or set-group-id", "", set_id_entries()},
      {"@device-nodes", "making character and block devices", "", device_node_entries()},
      {"@terminal-injection",
       "typing into a terminal",
       "",
       {when("ioctl", {equal(1, TIOCSTI)}), when("ioctl", {equal(1, TIOCLINUX)})}},
      {"@raw-sockets", "raw and packet sockets in disguise", "", raw_socket_entries()},
      {"@namespace", "making and entering namespaces", "unshare setns", {when("clone", {any_bit(0, kNamespaceFlags)})}},
      {"@chroot", "another root directory", "chroot", {}},
      {"@mount",
       "mounting",
       "mount umount umount2 pivot_root fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr",
       {}},
      {"@observe",
       "programs inside the kernel, and the insides of other processes",
       "bpf perf_event_open userfaultfd fanotify_init lookup_dcookie kcmp pidfd_getfd process_madvise",
       {}},
      {"@module", "kernel modules", "init_module finit_module delete_module", {}},
      {"@reboot", "restarting the machine", "reboot kexec_load kexec_file_load", {}},
      {"@swap", "swap space", "swapon swapoff", {}},
      {"@clock", "setting the clock", "settimeofday clock_settime", {}},
      {"@raw-io", "I/O ports", "iopl ioperm", {}},
      {"@system",
       "what belongs to the administrator of the machine",
       "acct syslog quotactl quotactl_fd sethostname setdomainname vhangup nfsservctl",
       {}},
      {"@file-handle", "opening files by number, past every directory", "open_by_handle_at", {}},
      {"@page-moving", "moving the memory of processes between nodes", "move_pages migrate_pages", {}},
      {"@rarely-needed",
       "old doors that no usual program goes through",
       "modify_ldt vmsplice",
       {when("prctl", {equal(0, PR_SET_MM)})}},  // a program that gives itself another one's addresses

      {"@debug",
       "watching and changing own processes, as gdb and strace do",
       "ptrace process_vm_readv process_vm_writev",
       {}},
      {"@keyring", "the kernel's keys", "add_key keyctl request_key", {}},
      {"@io-uring", "asynchronous I/O that no filter sees", "io_uring_setup io_uring_enter io_uring_register", {}},
      {"@numa", "memory policy", "get_mempolicy set_mempolicy mbind set_mempolicy_home_node", {}},
      {"@obsolete",
       "calls of the past",
       "uselib ustat sysfs _sysctl afs_syscall getpmsg putpmsg security tuxcall vserver create_module query_module "
       "get_kernel_syms epoll_ctl_old epoll_wait_old remap_file_pages",
       {}},
      {"@network", "sockets of all kinds", kNetworkCalls, {}},
      {"@file-system", "files and directories", kFileSystemCalls, {}},
      {"@process", "starting, ending and waiting for processes", kProcessCalls, {}},
  };
}

std::vector<GroupEntry> entries_of(std::string_view group) {
  std::vector<GroupEntry> entries;
  append_entries(group, all_groups(), entries);
  return entries;
}

std::vector<std::string> group_names() {
  std::vector<std::string> names;
  for (const Group& group : all_groups()) names.push_back(group.name);
  return names;
}

}  // namespace clawbox::seccomp
