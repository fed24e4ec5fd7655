#include "support/own_mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace clawbox::test {
namespace {

void check(bool well, const char* what) {
  if (well) return;
  std::perror(what);
  ::_exit(122);
}

void write_whole(const char* path, const std::string& text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  check(::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()), path);
  ::close(file);
}

void map_to_itself(const char* path, unsigned id) {
  write_whole(path, std::to_string(id) + " " + std::to_string(id) + " 1");
}

}  // namespace

bool may_have_own_mounts() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::unshare(::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) < 0 ? 1 : 0);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

void enter_own_mounts() {
  const unsigned uid = ::geteuid(), gid = ::getegid();
  check(::unshare(uid == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare");
  if (uid != 0) {
    write_whole("/proc/self/setgroups", "deny");
    map_to_itself("/proc/self/uid_map", uid);
    map_to_itself("/proc/self/gid_map", gid);
  }
  mount_here("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
}

void mount_here(const char* source, const char* target, const char* type, unsigned long flags, const char* data) {
  check(::mount(source, target, type, flags, data) == 0, target);
}

void replace_dev_log(const std::string& socket, const std::string& scratch) {
  mount_here("/dev", scratch.c_str(), nullptr, MS_BIND | MS_REC, nullptr);
  mount_here("none", "/dev", "tmpfs", 0, "mode=0755");
  for (const auto& entry : std::filesystem::directory_iterator(scratch)) {
    const std::string name = entry.path().filename(), target = "/dev/" + name;
    if (name == "log") continue;
    if (entry.is_symlink()) {
      std::filesystem::copy_symlink(entry.path(), target);
      continue;
    }
    const bool made =
        entry.is_directory() ? ::mkdir(target.c_str(), 0755) == 0 : ::mknod(target.c_str(), S_IFREG | 0644, 0) == 0;
    check(made, target.c_str());
    mount_here(entry.path().c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr);
  }
  if (socket.empty()) return;
  check(::mknod("/dev/log", S_IFREG | 0644, 0) == 0, "/dev/log");
  mount_here(socket.c_str(), "/dev/log", nullptr, MS_BIND, nullptr);
}

}  // namespace clawbox::test
