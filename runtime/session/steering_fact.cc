#include "session/steering_fact.h"

#include <fcntl.h>
#include <unistd.h>

#include <optional>

#include "base/error.h"
#include "session/directories.h"
#include "session/probes.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

constexpr const char* kFile = "steering";
constexpr std::size_t kMostText = 128;

std::optional<OwnedFd> opened(const std::string& cache) try {
  return open_private_directory(cache);
} catch (const Error&) {
  return std::nullopt;
}

/// Of this start of the host: random(4).
std::string boot_id() {
  return sys::read_all(sys::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC), kMostText, "boot_id");
}

// O_NONBLOCK: a FIFO of that name must not hold the start.
bool is_known_to_work(const OwnedFd& cache, const std::string& boot) try {
  const auto file = sys::open_if_there(cache, kFile, O_RDONLY | O_NONBLOCK, sys::Resolve::kBeneathNoSymlinks);
  return file && sys::read_all(*file, kMostText, kFile) == boot;
} catch (const SysError&) {
  return false;
}

void remember(const OwnedFd& cache, const std::string& boot) try {
  sys::replace_file(cache, kFile, boot, 0600);
} catch (const SysError&) {
  // Disk full, read-only: the next plan tries again.
}

}  // namespace

std::string why_no_tproxy(const plan::Host& host, const std::string& cache) {
  const std::optional<OwnedFd> place = opened(cache);
  const std::string boot = boot_id();
  if (place && is_known_to_work(*place, boot)) return "";
  const Attempt attempt = try_nftables(host);
  if (attempt.works && place) remember(*place, boot);
  return attempt.works ? "" : attempt.found;
}

void forget_steering(const std::string& cache) noexcept { ::unlink((cache + '/' + kFile).c_str()); }

}  // namespace clawbox::session
