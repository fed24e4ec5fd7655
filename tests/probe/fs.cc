#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "probe/check.h"

namespace probe {
namespace {

Result system_directories_refuse_files(const Planted&) {
  for (const char* path : {"/", "/usr", "/usr/bin", "/etc", "/opt", "/var", "/var/lib"})
    if (creates_file_in(path)) return open_because(std::string("made and removed a file in ") + path);
  return holds();
}

Result system_mounts_are_read_only(const Planted&) {
  for (const char* path : {"/", "/usr", "/etc"}) {
    struct statvfs facts {};
    if (::statvfs(path, &facts) == 0 && (facts.f_flag & ST_RDONLY) == 0)
      return open_because(std::string(path) + " sits on a writable mount");
  }
  return holds();
}

Result planted_opens(const Planted& planted, const char* name, int flags) {
  const auto path = fact(planted, name);
  if (!path) return not_applicable("no such file was planted");
  return can_open(*path, flags) ? open_because("opened " + *path) : holds();
}

Result outside_file_not_writable(const Planted& planted) { return planted_opens(planted, "outside_file", O_WRONLY); }
Result home_file_not_readable(const Planted& planted) { return planted_opens(planted, "home_file", O_RDONLY); }
Result tmp_file_not_visible(const Planted& planted) { return planted_opens(planted, "tmp_file", O_RDONLY); }

Result no_new_file_in_real_home(const Planted& planted) {
  const auto home = fact(planted, "home");
  const auto inode = fact(planted, "home_inode");
  if (!home || !inode) return not_applicable("no home was planted");
  struct stat facts {};
  if (::stat(home->c_str(), &facts) < 0 || std::to_string(facts.st_ino) != *inode) return holds();
  return creates_file_in(*home) ? open_because("made and removed a file in " + *home) : holds();
}

Result other_homes_not_visible(const Planted&) {
  const char* home = std::getenv("HOME");
  std::array<char, PATH_MAX> here{};
  if (::getcwd(here.data(), here.size()) == nullptr) return not_applicable("no working directory");
  const std::string own = home != nullptr ? home : "";
  for (const std::string& name : names_in("/home")) {
    const std::string path = "/home/" + name;
    if (!own.starts_with(path) && !std::string(here.data()).starts_with(path)) return open_because("sees " + path);
  }
  const bool in_root = own.starts_with("/root") || std::string(here.data()).starts_with("/root");
  return !in_root && !names_in("/root").empty() ? open_because("lists /root") : holds();
}

bool harmless_device(dev_t device) {
  const unsigned major_number = major(device), minor_number = minor(device);
  if (major_number == 1) return minor_number == 3 || minor_number == 5 || (minor_number >= 7 && minor_number <= 9);
  if (major_number == 5) return minor_number == 0 || minor_number == 2;
  return major_number >= 136 && major_number <= 143;
}

std::string odd_node_below(const std::string& directory, mode_t kind) {
  for (const std::string& name : names_in(directory)) {
    const std::string path = directory + "/" + name;
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) < 0) continue;
    if (S_ISDIR(facts.st_mode)) {
      const std::string found = odd_node_below(path, kind);
      if (!found.empty()) return found;
    }
    if ((facts.st_mode & S_IFMT) != kind) continue;
    if (kind == S_IFBLK && ::access(path.c_str(), R_OK) == 0) return path;
    if (kind == S_IFCHR && !harmless_device(facts.st_rdev)) return path;
  }
  return "";
}

Result dev_is_minimal(const Planted&) {
  const std::string found = odd_node_below("/dev", S_IFCHR);
  return found.empty() ? holds() : open_because("sees " + found);
}

Result no_block_device_readable(const Planted&) {
  const std::string found = odd_node_below("/dev", S_IFBLK);
  return found.empty() ? holds() : open_because("may read " + found);
}

Result dangerous_devices_closed(const Planted&) {
  for (const char* path : {"/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/net/tun"})  // opening these is inert
    if (can_open(path, O_RDONLY) || can_open(path, O_RDWR)) return open_because(std::string("opened ") + path);
  for (const char* path :
       {"/dev/mem", "/dev/port", "/dev/uinput", "/dev/watchdog", "/dev/vhost-net", "/dev/vhost-vsock",
        "/dev/loop-control", "/dev/mapper/control", "/dev/vfio/vfio", "/dev/autofs", "/dev/rtc0",
        "/dev/cpu_dma_latency", "/dev/btrfs-control", "/dev/userfaultfd", "/dev/snapshot"})
    if (::access(path, R_OK) == 0 || ::access(path, W_OK) == 0) return open_because(std::string("may open ") + path);
  return holds();
}

Result device_nodes_cannot_be_made(const Planted&) {
  for (const std::string& place : writable_places()) {
    const std::string path = place + "/clawbox-probe-node";
    if (::mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 3)) < 0) continue;
    const bool usable = can_open(path, O_RDONLY);
    ::unlink(path.c_str());
    if (usable) return open_because("made and opened a device in " + place);
  }
  return holds();
}

Result writable_mounts_are_nosuid_nodev(const Planted&) {
  for (const std::string& place : writable_places()) {
    struct statvfs facts {};
    if (::statvfs(place.c_str(), &facts) < 0) continue;
    if ((facts.f_flag & ST_NOSUID) == 0) return open_because(place + " honours set-user-id files");
    if ((facts.f_flag & ST_NODEV) == 0) return open_because(place + " honours device nodes");
  }
  return holds();
}

Result own_mount_namespace(const Planted& planted) { return differs_from_host(planted, "mnt"); }

Result mountinfo_lacks(std::initializer_list<const char*> tags) {
  const std::string text = read_text("/proc/self/mountinfo");
  if (text.empty()) return not_applicable("mountinfo cannot be read");
  for (const char* tag : tags)
    if (text.find(tag) != std::string::npos) return open_because(std::string("a mount is marked ") + tag);
  return holds();
}

Result no_shared_mount(const Planted&) { return mountinfo_lacks({" shared:"}); }
Result no_mount_follows_the_host(const Planted&) { return mountinfo_lacks({" master:", " propagate_from:"}); }

Result mount_refused(const Planted&) { return refused(::mount("none", "/tmp", "clawbox-no-such-type", 0, nullptr)); }
Result umount_refused(const Planted&) { return refused(::umount2("/proc/self", 0)); }
Result pivot_root_refused(const Planted&) {
  return refused(::syscall(SYS_pivot_root, "/clawbox-none", "/clawbox-none"));
}

Result new_mount_calls_refused(const Planted&) {
  return all({refused(::syscall(SYS_fsopen, nullptr, 0)),
              refused(::syscall(SYS_open_tree, -1, "", 1 /* OPEN_TREE_CLONE */)),
              refused(::syscall(SYS_move_mount, -1, "", -1, "", 0)),
              refused(::syscall(SYS_mount_setattr, -1, "", 0, nullptr, 32))});
}

Result chroot_refused(const Planted&) {
  return refused_in_child([] { return ::chroot("/"); });
}

Result handles_refused(const Planted&) {
  alignas(file_handle) std::array<unsigned char, sizeof(file_handle) + MAX_HANDLE_SZ> bytes{};
  auto* handle = reinterpret_cast<file_handle*>(bytes.data());
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount_id = 0;
  if (::name_to_handle_at(AT_FDCWD, ".", handle, &mount_id, 0) < 0) handle->handle_bytes = 0;
  return refused(::open_by_handle_at(AT_FDCWD, handle, O_PATH));
}

Result working_directory_below_root(const Planted&) {
  std::array<char, PATH_MAX> here{};
  const long size = ::syscall(SYS_getcwd, here.data(), here.size());
  return size > 0 && here[0] == '/' ? holds() : open_because("the working directory is outside the root");
}

Result init_has_the_same_root(const Planted&) {
  struct stat ours {
  }, theirs{};
  if (::stat("/", &ours) < 0 || ::stat("/proc/1/root/", &theirs) < 0) return holds();
  const bool same = ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
  return same ? holds() : open_because("/proc/1/root leads to another root");
}

// An empty cover may be opened; what counts is that nothing of the host's can be read.
Result shadow_closed(const Planted&) {
  for (const char* path : {"/etc/shadow", "/etc/shadow-", "/etc/gshadow"})
    if (shows_a_byte(path)) return open_because(std::string("read a byte of ") + path);
  return holds();
}

Result no_set_id_file_left(const Planted&) {
  for (const std::string& place : writable_places()) {
    const std::string path = place + "/clawbox-probe-setid";
    const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) continue;
    for (const mode_t mode : {mode_t{04755}, mode_t{02755}}) {
      struct stat facts {};
      if (::fchmod(fd, mode) < 0 || ::fstat(fd, &facts) < 0 || (facts.st_mode & 06000) == 0) continue;
      ::unlink(path.c_str());
      ::close(fd);
      return open_because("a set-id file could be made in " + place);
    }
    ::unlink(path.c_str());
    ::close(fd);
  }
  return holds();
}

Result no_file_capabilities(const Planted&) {
  for (const std::string& place : writable_places()) {
    const std::string path = place + "/clawbox-probe-cap";
    const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) continue;
    vfs_cap_data data{};
    data.magic_etc = VFS_CAP_REVISION_2;
    data.data[0].permitted = 1U << CAP_NET_RAW;
    const int result = ::fsetxattr(fd, "security.capability", &data, XATTR_CAPS_SZ_2, 0);
    ::unlink(path.c_str());
    ::close(fd);
    if (result == 0) return open_because("set CAP_NET_RAW on a file in " + place);
  }
  return holds();
}

Result host_logs_not_readable(const Planted&) {
  for (const char* directory : {"/var/log", "/var/log/journal", "/run/log/journal"})
    for (const std::string& name : names_in(directory)) {
      const std::string path = std::string(directory) + "/" + name;
      struct stat facts {};
      if (::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && can_open(path, O_RDONLY))
        return open_because("opened " + path);
    }
  return holds();
}

constexpr Check kChecks[] = {
    {"FS01", "system directories refuse new files", system_directories_refuse_files},
    {"FS02", "/, /usr and /etc sit on read-only mounts", system_mounts_are_read_only},
    {"FS03", "a user's file outside the workspace cannot be written", outside_file_not_writable},
    {"FS04", "a user's file in the home cannot be read", home_file_not_readable},
    {"FS05", "no new file appears in the real home", no_new_file_in_real_home},
    {"FS06", "the host's /tmp is not visible", tmp_file_not_visible},
    {"FS07", "other users' homes are not visible", other_homes_not_visible},
    {"FS08", "/dev holds only the harmless devices", dev_is_minimal},
    {"FS09", "no block device can be read", no_block_device_readable},
    {"FS10", "dangerous devices are closed", dangerous_devices_closed},
    {"FS11", "device nodes cannot be made and used", device_nodes_cannot_be_made},
    {"FS12", "writable mounts are nosuid and nodev", writable_mounts_are_nosuid_nodev},
    {"FS13", "the mount namespace is its own", own_mount_namespace},
    {"FS14", "no mount is shared", no_shared_mount},
    {"FS15", "mounts made later on the host do not appear", no_mount_follows_the_host},
    {"FS16", "mount is refused", mount_refused},
    {"FS17", "umount is refused", umount_refused},
    {"FS18", "fsopen, open_tree, move_mount and mount_setattr are refused", new_mount_calls_refused},
    {"FS19", "chroot is refused", chroot_refused},
    {"FS20", "pivot_root is refused", pivot_root_refused},
    {"FS21", "open_by_handle_at is refused", handles_refused},
    {"FS22", "the working directory is below the root", working_directory_below_root},
    {"FS23", "/proc/1/root leads to the same root", init_has_the_same_root},
    {"FS24", "/etc/shadow shows nothing", shadow_closed},
    {"FS25", "no set-user-id or set-group-id file can be left", no_set_id_file_left},
    {"FS26", "file capabilities cannot be set", no_file_capabilities},
    {"FS27", "the host's logs cannot be read", host_logs_not_readable},
};

}  // namespace

std::span<const Check> fs_checks() { return kChecks; }

}  // namespace probe
