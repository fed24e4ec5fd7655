#include "store/host_watch.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/error.h"
#include "store/watch_store.h"
#include "store/watcher.h"
#include "sys/file_systems.h"
#include "sys/files.h"

namespace clawbox::store {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr uint64_t kFastestDisk = uint64_t{2} << 30;  // bytes a second
constexpr auto kSoonest = 20ms, kLatest = 5000ms;
constexpr int kShare = 20;  // one part of so many of a processor goes into counting

/// As the kernel stamps files: of its last tick.
timespec now_of_files() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now;
}

}  // namespace

HostWatch::HostWatch(const std::string& path, uint64_t bytes, std::function<Filters()> filters)
    : directory_(sys::open(path, O_RDONLY | O_DIRECTORY)),
      caps_{bytes, std::numeric_limits<uint64_t>::max()},
      filters_(std::move(filters)) {
  ready_.add(timer_.fd());
}

void HostWatch::session_begins(pid_t init) {
  init_ = init;
  began_ = now_of_files();
  // Its server could hold us up, and may hold that.
  if (sys::may_fall_silent(directory_)) return start_watcher(WatcherPlan::Looks::kUntilOver);
  given_then_ = given();
  look();
}

uint64_t HostWatch::given() const {
  const sys::Space space = sys::space_of(directory_);
  return space.all - std::min(space.all, space.free);
}

void HostWatch::look() {
  const uint64_t now = given(), grown = now - std::min(now, given_then_), room = caps_.bytes - counted_;
  if (grown > room && Clock::now() >= not_before_) {
    given_then_ = now;  // what is written meanwhile belongs to the next look
    return start_watcher(WatcherPlan::Looks::kOnce);
  }
  const std::chrono::milliseconds until_it_could_be((room - std::min(room, grown)) / (kFastestDisk / 1000));
  timer_.start(std::clamp<std::chrono::milliseconds>(until_it_could_be, kSoonest, kLatest));
}

void HostWatch::start_watcher(WatcherPlan::Looks looks) {
  count_began_ = Clock::now();
  watcher_ = store::start_watcher({.directory = sys::duplicate(directory_.get()),
                                   .user_namespace = {},
                                   .session = init_,
                                   .caps = caps_,
                                   .since = began_,
                                   .looks = looks,
                                   .filters = filters_()});
  ready_.add(watcher_->channel.get());
}

Store::News HostWatch::next_news() try {
  if (watcher_) return judged();
  timer_.drain();
  look();
  return {};
} catch (const Error&) {
  return {.full = {}, .state = News::State::kLost};
}

/// Where all is well, the next count comes when what is left could have been written, and counting takes no more than a
/// twentieth of a processor.
Store::News HostWatch::judged() {
  News news = told_by(*watcher_);
  ready_.remove(watcher_->channel.get());
  watcher_.reset();
  if (news.state != News::State::kServed) return news;
  counted_ = std::min(news.full->used.bytes, caps_.bytes);
  not_before_ = Clock::now() + (Clock::now() - count_began_) * kShare;
  look();
  return {};
}

}  // namespace clawbox::store
