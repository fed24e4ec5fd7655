// File systems and mounts, in a mount namespace that goes with the child.
#include <fcntl.h>
#include <linux/sched.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "launch/identity.h"
#include "session/probes.h"
#include "session/probes_causes.h"
#include "sys/files.h"
#include "sys/mounts.h"

namespace clawbox::session {
namespace {

using sys::MountFlag;
using sys::MountOption;

constexpr uint64_t kMountNamespaces = CLONE_NEWUSER | CLONE_NEWNS;
constexpr MountFlag kHarmless = MountFlag::kNoSuid | MountFlag::kNoDev;

/// A new tmpfs that this process stands in: relative paths lead into it. The root stays what it was.
OwnedFd enter_new_tmpfs() {
  OwnedFd tmpfs = sys::new_filesystem("tmpfs", {}, kHarmless);
  sys::attach_over_root(tmpfs);
  sys::change_directory(tmpfs);
  return tmpfs;
}

OwnedFd directory_in(const OwnedFd& parent, const std::string& name) {
  sys::make_directory(parent, name, 0700);
  return sys::open_at(parent, name, O_PATH | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
}

void require_read_only(const OwnedFd& directory) {
  try {
    sys::make_file(directory, "file", 0600);
  } catch (const SysError& error) {
    if (error.code() == EROFS) return;
    throw;
  }
  throw_sys_error(EROFS, "a file could be made below a mount that is read-only as a whole; expected");
}

}  // namespace

Attempt try_mounts(const plan::Host& host) {
  return with_cause(in_child(kMountNamespaces, probe_identity(host), [] {
    const OwnedFd tmpfs = enter_new_tmpfs();
    sys::make_file(tmpfs, "file", 0600);
    const OwnedFd copy = sys::clone_tree(sys::open("/usr", O_PATH | O_DIRECTORY));
    sys::attach(copy, directory_in(tmpfs, "usr"));
    return "a new tmpfs, and a copy of /usr in it, by the new mount API";
  }));
}

Attempt try_read_only_tree(const plan::Host& host) {
  return with_cause(in_child(kMountNamespaces, probe_identity(host), [] {
    const OwnedFd outer = enter_new_tmpfs();
    const OwnedFd inner = sys::new_filesystem("tmpfs", {}, kHarmless);
    sys::attach(inner, directory_in(outer, "inner"));
    sys::make_file(inner, "before", 0600);
    sys::restrict_mount(outer, MountFlag::kReadOnly, sys::Reach::kWholeTree);
    require_read_only(inner);
    return "mount_setattr reaches the mounts below";
  }));
}

Attempt try_proc(const plan::Host& host) {
  return with_cause_of_proc(in_child(kMountNamespaces | CLONE_NEWPID, probe_identity(host), [] {
    const OwnedFd proc = sys::new_filesystem("proc", {}, kHarmless);
    if (sys::read_link(proc, "self") != "1") throw_sys_error(EINVAL, "reading our own pid from a new proc");
    return "a new one, of the new pid namespace";
  }));
}

Attempt try_overlay(const plan::Host& host) {
  return in_child(kMountNamespaces, probe_identity(host), [] {
    const OwnedFd tmpfs = enter_new_tmpfs();
    const OwnedFd lower = directory_in(tmpfs, "lower");
    const OwnedFd upper = directory_in(tmpfs, "upper");
    sys::make_directory(tmpfs, "work", 0700);
    const std::vector<MountOption> options{
        {"lowerdir", "lower"}, {"upperdir", "upper"}, {"workdir", "work"}, {"userxattr", ""}};
    const OwnedFd merged = sys::new_filesystem("overlay", options, kHarmless);
    sys::make_file(merged, "file", 0600);
    if (sys::open_if_there(lower, "file", O_PATH, sys::Resolve::kBeneathNoSymlinks))
      throw_sys_error(EINVAL, "writing above a lower directory");
    sys::open_at(upper, "file", O_PATH, sys::Resolve::kBeneathNoSymlinks);
    return "userxattr, in a user namespace; what is written goes to the upper directory";
  });
}

Attempt try_fuse(const plan::Host& host) {
  const Identity identity = probe_identity(host);
  return in_child(kMountNamespaces, identity, [&] {
    const OwnedFd device = sys::open("/dev/fuse", O_RDWR);
    const std::vector<MountOption> options{{"fd", std::to_string(device.get())},
                                           {"rootmode", "40000"},
                                           {"user_id", std::to_string(identity.uid)},
                                           {"group_id", std::to_string(identity.gid)}};
    const OwnedFd mount = sys::new_filesystem("fuse", options, kHarmless);
    return "/dev/fuse opens in a user namespace, and mounts";
  });
}

Attempt try_owner_mapping(const plan::Host& host) {
  Attempt attempt = in_child([&] {
    Identity identity = probe_identity(host);
    identity.file_owner = IdRange{identity.uid_map.front().host, host.uid, 1};
    identity.file_group = IdRange{identity.gid_map.front().host, host.gid, 1};
    // Without the mounts below: what else is mounted there is no fault of this file system.
    const OwnedFd mount = sys::clone_mount(sys::open(".", O_PATH | O_DIRECTORY));
    sys::map_owners(mount, launch::owner_map(identity));
    return "by the file system of the current directory";
  });
  if (!attempt.works) attempt.found += "; asked of the current directory's file system";
  return attempt;
}

}  // namespace clawbox::session
