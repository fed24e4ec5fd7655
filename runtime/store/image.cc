#include "store/image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "sys/files.h"
#include "sys/images.h"
#include "sys/processes.h"

namespace clawbox::store {
namespace {

constexpr uint64_t kBlock = 4096;
constexpr uint64_t kGroup = uint64_t{128} << 20;     // bytes of a block group
constexpr std::chrono::seconds kLongestRelease{10};  // the kernel takes the last sandbox's mounts apart
constexpr uint64_t kRounding = 16;  // mke2fs gives each group up to so many inodes more than are asked for
constexpr const char* kPath = "PATH=/usr/sbin:/sbin:/usr/bin:/bin";

uint64_t whole_blocks(Caps caps) { return caps.bytes / kBlock * kBlock; }

uint64_t inodes_for(Caps caps) {
  const uint64_t rounding = (caps.bytes / kGroup + 1) * kRounding;
  return std::max(std::min(caps.files, caps.bytes / kBlock), 2 * rounding) - rounding;
}

std::vector<std::string> words_for(int file, Caps caps) {
  // No journal: nothing in it has to survive a crash of the host.
  return {"mke2fs",
          "-q",
          "-F",
          "-t",
          "ext4",
          "-b",
          std::to_string(kBlock),
          "-m",
          "0",
          "-O",
          "^has_journal,^resize_inode",
          "-E",
          "lazy_itable_init=1,nodiscard",
          "-N",
          std::to_string(inodes_for(caps)),
          fmt::format("/proc/self/fd/{}", file)};
}

/// In memory: on a disk mke2fs would wait until that has written.
OwnedFd new_ext4(Caps caps) {
  OwnedFd memory(::memfd_create("clawbox-image", 0));  // passed on to mke2fs
  if (!memory || ::ftruncate(memory.get(), static_cast<off_t>(whole_blocks(caps))) != 0) throw_errno("making an image");
  const pid_t pid = sys::fork();
  if (pid == 0) {
    sys::reset_signals();
    sys::exec(sys::ExecWords(words_for(memory.get(), caps), {kPath}));
    ::_exit(127);
  }
  const sys::Ending ending = sys::wait_for(pid);
  if (ending.signal == 0 && ending.status == 0) return memory;
  throw Error(ExitStatus::kSetupFailed, fmt::format("mke2fs made no file system of {} bytes", caps.bytes),
              "a larger limits.disk, or limits.store = \"fuse\"");
}

/// What is a hole stays one.
void copy_data(const OwnedFd& from, const OwnedFd& to) {
  off_t end = 0;
  while (true) {
    off_t begin = ::lseek(from.get(), end, SEEK_DATA);
    if (begin < 0) break;
    end = ::lseek(from.get(), begin, SEEK_HOLE);
    ::lseek(to.get(), begin, SEEK_SET);
    while (begin < end)
      if (::sendfile(to.get(), from.get(), &begin, static_cast<std::size_t>(end - begin)) <= 0)
        throw_errno("writing an image");
  }
}

}  // namespace

std::string why_no_image() try {
  if (::geteuid() != 0) return "only root can mount an image";
  if (sys::ExecWords({"mke2fs"}, {kPath}).program().empty()) return "mke2fs is not installed";
  sys::require_loop_devices();
  return "";
} catch (const SysError& error) {
  return error.what();
}

OwnedFd image_in(const OwnedFd& directory, const std::string& name, Caps caps, const std::optional<Owner>& owner) {
  if (::faccessat(directory.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return sys::mount_image(sys::locked_image(directory, name, kLongestRelease));
  const OwnedFd made = new_ext4(caps);
  const std::string unfinished = name + kUnfinished;
  sys::make_file(directory, unfinished, 0600);
  const OwnedFd image = sys::locked_image(directory, unfinished, std::chrono::milliseconds(0));
  if (::ftruncate(image.get(), static_cast<off_t>(whole_blocks(caps))) != 0) throw_errno("making an image");
  copy_data(made, image);
  OwnedFd mount = sys::mount_image(image);
  sys::remove_directory(mount, "lost+found");
  const OwnedFd root = sys::open_at(mount, ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
  if (owner && ::fchown(root.get(), owner->ids.uid, owner->ids.gid) != 0) throw_errno("giving an image to its owner");
  if (::renameat(directory.get(), unfinished.c_str(), directory.get(), name.c_str()) != 0)
    throw_errno("naming an image");
  return mount;
}

}  // namespace clawbox::store
