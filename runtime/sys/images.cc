#include "sys/images.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <thread>

#include "base/error.h"
#include "sys/files.h"
#include "sys/mounts.h"

namespace clawbox::sys {
namespace {

using namespace std::chrono_literals;

struct Device {
  OwnedFd fd;
  std::string path;
};

Device free_device() {
  const OwnedFd control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
  if (number < 0) throw_errno("asking for a loop device");
  std::string path = fmt::format("/dev/loop{}", number);
  return {open(path, O_RDWR | O_CLOEXEC), path};
}

/// Somebody else may be faster with the same device.
Device device_of(const OwnedFd& image) {
  loop_config config{};
  config.fd = static_cast<uint32_t>(image.get());
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  for (int attempt = 0; attempt < 100; ++attempt) {
    Device device = free_device();
    if (::ioctl(device.fd.get(), LOOP_CONFIGURE, &config) == 0) return device;
    if (errno != EBUSY) throw_errno("giving an image to {}", device.path);
  }
  throw_sys_error(EBUSY, "asking for a loop device");
}

}  // namespace

void require_loop_devices() { free_device(); }

OwnedFd locked_image(const OwnedFd& directory, const std::string& name, std::chrono::milliseconds time) {
  OwnedFd image = open_at(directory, name, O_RDWR, Resolve::kBeneathNoSymlinks);
  const auto end = std::chrono::steady_clock::now() + time;
  // A lock has no event that comes with a deadline.
  while (!try_lock(image)) {
    if (std::chrono::steady_clock::now() >= end) throw_sys_error(EBUSY, fmt::format("the image {}", name));
    std::this_thread::sleep_for(2ms);
  }
  return image;
}

OwnedFd mount_image(const OwnedFd& image) {
  const Device device = device_of(image);  // until the mount holds it
  // The inode tables of a new image are a hole, which reads as the zeros that the kernel would write there.
  const MountOption options[] = {{"source", device.path}, {"discard", ""}, {"noinit_itable", ""}};
  return new_filesystem("ext4", options, MountFlag::kNoSuid | MountFlag::kNoDev);
}

}  // namespace clawbox::sys
