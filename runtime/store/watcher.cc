#include "store/watcher.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <utility>

#include "base/error.h"
#include "store/file_server.h"
#include "store/live_count.h"
#include "store/unlinked_files.h"
#include "sys/channel.h"
#include "sys/files.h"
#include "sys/processes.h"

namespace clawbox::store {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using What = ServerNews::What;

constexpr uint64_t kFastestDisk = uint64_t{2} << 30;  // bytes a second
constexpr auto kSoonest = 10ms, kLatest = 1000ms;
constexpr auto kAfterChange = 2s, kAfterNone = 60s;
constexpr int kShare = 20;  // one part of so many of a processor goes into counting

/// What the file system has given away, to whomever.
Usage given_by(const OwnedFd& directory) {
  struct statvfs status {};
  if (::fstatvfs(directory.get(), &status) != 0) throw_errno("statvfs");
  return {(status.f_blocks - status.f_bfree) * status.f_frsize, status.f_files - status.f_ffree};
}

uint64_t beyond(uint64_t now, uint64_t before) { return now > before ? now - before : 0; }

class Watch {
 public:
  explicit Watch(const WatcherPlan& plan) : plan_(plan), device_(sys::status_of(plan.directory).st_dev) { count(); }

  /// Looks, and counts where that says so.
  void look() {
    given_ = given_by(plan_.directory);
    if (is_due()) count();
  }
  std::optional<What> verdict() const {
    if (counted_.bytes > plan_.caps.bytes) return What::kFullOfBytes;
    if (counted_.files > plan_.caps.files) return What::kFullOfFiles;
    return std::nullopt;
  }
  const Usage& counted() const { return counted_; }

  std::chrono::milliseconds pause() const {
    const uint64_t room = beyond(plan_.caps.bytes, counted_.bytes + grown().bytes);
    return std::clamp(std::chrono::milliseconds(room * 1000 / kFastestDisk), std::chrono::milliseconds(kSoonest),
                      std::chrono::milliseconds(kLatest));
  }

 private:
  Usage grown() const { return {beyond(given_.bytes, given_then_.bytes), beyond(given_.files, given_then_.files)}; }

  bool is_due() const {
    const Clock::duration since = Clock::now() - counted_at_;
    if (since < cost_ * kShare) return false;
    const bool could_be_over =
        counted_.bytes + grown().bytes > plan_.caps.bytes || counted_.files + grown().files > plan_.caps.files;
    const bool changed = given_.bytes != given_then_.bytes || given_.files != given_then_.files;
    return could_be_over || since >= (changed ? kAfterChange : kAfterNone);
  }

  // What is written meanwhile belongs to the next look.
  void count() {
    given_then_ = given_ = given_by(plan_.directory);
    const Clock::time_point begin = Clock::now();
    counted_ = count_below(plan_.directory, plan_.since);
    counted_.bytes += unlinked_bytes(plan_.session, device_);
    counted_at_ = Clock::now();
    cost_ = counted_at_ - begin;
  }

  const WatcherPlan& plan_;
  dev_t device_;
  Usage given_, given_then_;  // by the file system: at the last look, and before the last count
  Usage counted_;
  Clock::time_point counted_at_;
  Clock::duration cost_{};
};

/// The launcher says nothing after its first word: readable means that it is gone.
bool is_gone_after(const OwnedFd& channel, std::chrono::milliseconds pause) {
  pollfd wait{channel.get(), POLLIN, 0};
  return ::poll(&wait, 1, static_cast<int>(pause.count())) != 0;
}

ServerNews news_of(const WatcherPlan& plan, const OwnedFd& channel) try {
  Watch watch(plan);
  const bool goes_on = plan.looks == WatcherPlan::Looks::kUntilOver;
  while (goes_on && !watch.verdict() && !is_gone_after(channel, watch.pause())) watch.look();
  return {.what = watch.verdict().value_or(What::kReleased), .caps = plan.caps, .used = watch.counted()};
} catch (const SysError& error) {
  return {.what = What::kFailed, .error = error.code(), .caps = plan.caps};
}

// A level of directories takes a descriptor.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) throw_errno("RLIMIT_NOFILE");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) throw_errno("RLIMIT_NOFILE");
}

// Root needs no namespace, and would lose by it: the files have an owner that the session's does not know.
void enter(const OwnedFd& user_namespace) {
  if (!user_namespace || ::geteuid() == 0) return;
  if (::setns(user_namespace.get(), CLONE_NEWUSER) != 0) throw_errno("entering the session's user namespace");
  sys::die_with_parent();  // a change of credentials forgets it
}

void watch(WatcherPlan plan, const OwnedFd& channel) {
  std::array<std::byte, 1> word{};
  auto received = sys::receive_packet(channel, word);
  if (!received || received->descriptors.empty()) return;
  plan.directory = std::move(received->descriptors.front());
  if (received->descriptors.size() > 1) enter(received->descriptors.back());
  allow_many_descriptors();
  confine_watcher(plan.filters);
  const ServerNews news = news_of(plan, channel);
  sys::send_packet(channel, std::as_bytes(std::span(&news, 1)));
}

}  // namespace

sys::Helper start_watcher(WatcherPlan plan) {
  const OwnedFd directory = std::move(plan.directory), user_namespace = std::move(plan.user_namespace);
  sys::Helper helper = sys::start_helper([&plan](OwnedFd channel) { watch(std::move(plan), channel); });
  const std::array<int, 2> descriptors{directory.get(), user_namespace.get()};
  const std::array<std::byte, 1> word{};
  sys::send_packet(helper.channel, word, std::span(descriptors).first(user_namespace ? 2 : 1));
  return helper;
}

}  // namespace clawbox::store
