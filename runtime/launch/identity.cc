#include "launch/identity.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "mount/view.h"
#include "sys/channel.h"
#include "sys/files.h"
#include "sys/processes.h"

namespace clawbox::launch {
namespace {

std::string map_text(const std::vector<IdRange>& ranges) {
  std::string text;
  for (const IdRange& range : ranges) text += fmt::format("{} {} {}\n", range.inside, range.host, range.count);
  return text;
}

/// For a mount the left side is what is on disk, and the right side what it looks like (mount_setattr(2), "ID-mapped
/// mounts").
std::string owner_line(const IdRange& range) {
  return fmt::format("{} {} {}\n", range.host, range.inside, range.count);
}

/// The inner namespace knows the same ids as the outer one, under the same numbers.
std::string same_ids(const std::vector<IdRange>& outer) {
  std::string text;
  for (const IdRange& range : outer) text += fmt::format("{0} {0} {1}\n", range.inside, range.count);
  return text;
}

void write_file(const OwnedFd& directory, const std::string& name, const std::string& text) {
  const OwnedFd file = sys::open_at(directory, name, O_WRONLY, sys::Resolve::kNoSymlinks);
  sys::write_all(file, text, name);  // one write: the kernel takes a map only whole
}

/// What a session watches files with counts for the caller's uid on the host too (inotify(7)): half of it stays his.
void leave_half(const OwnedFd& proc, const char* what) {
  const std::string host = fmt::format("sys/fs/inotify/max_user_{}", what);
  const std::string text = sys::read_all(sys::open_at(proc, host, O_RDONLY, sys::Resolve::kNoSymlinks), 32, host);
  const uint64_t most = std::strtoull(text.c_str(), nullptr, 10);
  write_file(proc, fmt::format("sys/user/max_inotify_{}", what), fmt::format("{}\n", most / 2));
}

void run_helper(const std::string& program, pid_t child, const std::vector<IdRange>& ranges) {
  std::vector<std::string> argv{program, std::to_string(child)};
  for (const IdRange& range : ranges)
    for (const uint32_t number : {range.inside, range.host, range.count}) argv.push_back(std::to_string(number));
  sys::Clone helper = sys::clone_into(0);
  if (helper.pid == 0) {
    sys::reset_signals();
    sys::exec(sys::ExecWords(argv, {"PATH=/usr/bin:/usr/sbin:/bin:/sbin"}));
    ::_exit(127);
  }
  sys::Process process(helper.pid, std::move(helper.pidfd));
  const sys::Ending ending = process.wait();
  if (ending.status == 0 && ending.signal == 0) return;
  throw Error(ExitStatus::kFeatureMissing,
              fmt::format("{} refused the id map (exit status {})", program, ending.status),
              "check that it is installed set-user-id and that /etc/subuid and /etc/subgid give you a range, or leave "
              "out identity.subordinate_ids");
}

void write_maps_of(const std::string& process, const Identity& identity) {
  const OwnedFd proc = sys::open("/proc/" + process, O_PATH | O_DIRECTORY);
  // Without privilege the kernel takes a gid map only after setgroups is given up (user_namespaces(7)).
  if (identity.writer == Identity::Writer::kSelf) write_file(proc, "setgroups", "deny");
  write_file(proc, "uid_map", map_text(identity.uid_map));
  write_file(proc, "gid_map", map_text(identity.gid_map));
}

[[noreturn]] void throw_map_refused(const SysError& error) {
  throw Error(ExitStatus::kFeatureMissing, fmt::format("writing the id map of the user namespace: {}", error.what()),
              "the system restricts user namespaces: `clawbox doctor` names the setting");
}

/// A map of many ids needs a writer with capabilities in the outer namespace, which unshare takes from us: a child that
/// stays.
void enter_with_all_ids(const Identity& identity, const OwnedFd& bare_proc) {
  auto [ours, writers] = sys::make_channel();
  const pid_t writer = sys::fork();
  if (writer == 0) {
    ours.reset();
    char byte = 0;
    if (::read(writers.get(), &byte, 1) != 1) ::_exit(1);
    try {
      write_file(bare_proc, "1/uid_map", same_ids(identity.uid_map));
      write_file(bare_proc, "1/gid_map", same_ids(identity.gid_map));
    } catch (const Error&) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  writers.reset();
  sys::unshare(CLONE_NEWUSER);
  sys::write_all(ours, "!", "the channel");
  if (sys::wait_for(writer).status != 0) throw_sys_error(EPERM, "writing the id map of the inner user namespace");
}

}  // namespace

void write_id_maps(pid_t child, const Identity& identity) try {
  if (identity.writer != Identity::Writer::kHelper) return write_maps_of(std::to_string(child), identity);
  run_helper("newuidmap", child, identity.uid_map);
  run_helper("newgidmap", child, identity.gid_map);
} catch (const SysError& error) {
  throw_map_refused(error);
}

void write_own_id_map(const Identity& identity) try { write_maps_of("self", identity); } catch (const SysError& error) {
  throw_map_refused(error);
}

OwnedFd owner_map(const Identity& identity) {
  auto [up, down] = sys::make_channel();
  sys::Clone holder = sys::clone_into(CLONE_NEWUSER);
  if (holder.pid == 0) {
    up.reset();
    char byte;
    ::_exit(
        static_cast<int>(::read(down.get(), &byte, 1)));  // holds the namespace until the launcher has its descriptor
  }
  const sys::Process process(holder.pid, std::move(holder.pidfd));
  const OwnedFd proc = sys::open(fmt::format("/proc/{}", holder.pid), O_PATH | O_DIRECTORY);
  write_file(proc, "uid_map", owner_line(*identity.file_owner));
  write_file(proc, "gid_map", owner_line(*identity.file_group));
  return sys::open_at(proc, "ns/user", O_RDONLY, sys::Resolve::kAny);
}

/// The session's own namespace mostly says it already: it is the owner of the workspace who is mapped.
OwnedFd owners_for(pid_t child, const Identity& identity) {
  const bool same = owner_line(*identity.file_owner) == map_text(identity.uid_map) &&
                    owner_line(*identity.file_group) == map_text(identity.gid_map);
  return same ? sys::open(fmt::format("/proc/{}/ns/user", child), O_RDONLY) : owner_map(identity);
}

std::vector<OwnedFd> mapped_trees(pid_t child, const Plan& plan) {
  std::vector<OwnedFd> trees;
  OwnedFd owners;
  for (const MountStep& step : plan.mounts) {
    const Bind* bind = std::get_if<Bind>(&step.action);
    if (bind == nullptr || bind->ownership != Ownership::kMapped) continue;
    if (!owners) owners = owners_for(child, plan.identity);
    trees.push_back(mount::mapped_tree(*bind, owners));
  }
  return trees;
}

void become_session_user(const Identity& identity) {
  if (identity.groups == Identity::Groups::kDropped) sys::drop_groups();
  sys::become(identity.uid, identity.gid);
  sys::set_dumpable(
      sys::Dumpable::kYes);  // a change of ids gave our files in /proc to the host's root, and we have maps to write
}

void enter_inner_user_namespace(const Identity& identity, const OwnedFd& bare_proc) {
  if (identity.writer == Identity::Writer::kHelper) {
    enter_with_all_ids(identity, bare_proc);
  } else {
    sys::unshare(CLONE_NEWUSER);
    write_file(bare_proc, "1/setgroups", "deny");
    write_file(bare_proc, "1/uid_map", same_ids(identity.uid_map));
    write_file(bare_proc, "1/gid_map", same_ids(identity.gid_map));
  }
  for (const char* what : {"instances", "watches"}) leave_half(bare_proc, what);
  // Counts namespaces made in this one and below it (namespaces(7), /proc/sys/user). Chromium tries two levels at once.
  write_file(bare_proc, "sys/user/max_user_namespaces", identity.nested_user_namespaces ? "32\n" : "0\n");
}

}  // namespace clawbox::launch
