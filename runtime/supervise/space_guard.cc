#include "supervise/space_guard.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <variant>

#include "audit/hostile.h"
#include "base/error.h"
#include "base/text.h"
#include "sys/file_systems.h"
#include "sys/files.h"

namespace clawbox::supervise {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kFastestDisk = uint64_t{2} << 30;  // bytes a second
constexpr auto kSoonest = 100ms, kLatest = 5000ms;

std::chrono::milliseconds until_it_could_be_full(uint64_t room) {
  return std::clamp(std::chrono::milliseconds(room * 1000 / kFastestDisk), std::chrono::milliseconds(kSoonest),
                    std::chrono::milliseconds(kLatest));
}

std::string mebibytes(uint64_t bytes) { return fmt::format("{} MiB", bytes >> 20); }

}  // namespace

uint64_t floor_in(const sys::Space& space, const Limits& limits) {
  constexpr uint64_t kLargestShare = 20;  // or small file systems could not be used
  return limits.reserve ? std::min(limits.reserve->value, space.all / kLargestShare) : 0;
}

SpaceGuard::SpaceGuard(sys::Loop& loop, const Plan& plan, Session session)
    : loop_(loop), plan_(plan), session_(std::move(session)) {
  loop_.watch(timer_.fd(), EPOLLIN, [this](uint32_t) { check(); });
  for (const MountStep& step : plan.mounts)
    if (const Bind* bind = std::get_if<Bind>(&step.action); bind != nullptr && bind->access == Access::kReadWrite)
      add(bind->source);
  add(session_.trail);
  if (places_.empty()) return;
  const Look now = look();
  if (now.is_short())
    throw Error(ExitStatus::kSetupFailed,
                fmt::format("only {} are free on the file system of {}: {} are kept free by limits.reserve ({})",
                            mebibytes(now.free), in_quotes(now.place->path), mebibytes(now.place->floor),
                            to_string(plan_.limits.reserve->origin)),
                "free some space, or lower limits.reserve in the profile");
  timer_.start(until_it_could_be_full(now.free - now.place->floor));
}

void SpaceGuard::add(const std::string& path) {
  OwnedFd root = sys::open(path, O_PATH | O_CLOEXEC);
  if (sys::may_fall_silent(root)) return;
  const sys::Space space = sys::space_of(root);
  if (space.all == 0) return;
  places_.push_back({path, std::move(root), floor_in(space, plan_.limits)});
}

SpaceGuard::Look SpaceGuard::look() const {
  Look least;
  const auto room = [](uint64_t free, const Place& place) {
    return static_cast<int64_t>(free) - static_cast<int64_t>(place.floor);
  };
  for (const Place& place : places_) {
    const uint64_t free = sys::space_of(place.root).free;
    if (least.place == nullptr || room(free, place) < room(least.free, *least.place)) least = {&place, free};
  }
  return least;
}

void SpaceGuard::check() {
  timer_.drain();
  const Look now = look();
  if (now.is_short()) {
    freeze(now);
  } else if (frozen_ && now.free >= now.place->floor + now.place->floor / 8) {
    thaw(now);
  }
  timer_.start(frozen_ ? 1000ms : until_it_could_be_full(now.free - std::min(now.free, now.place->floor)));
}

void SpaceGuard::freeze(const Look& look) {
  session_.freeze();
  if (std::exchange(frozen_, true)) return;
  record(look, "frozen");
  session_.tell(
      fmt::format("the session stands still: {} are free on the file system of {}, and {} are kept free by "
                  "limits.reserve ({}). It goes on when there is more; `kill {}` ends it",
                  mebibytes(look.free), in_quotes(look.place->path), mebibytes(look.place->floor),
                  to_string(plan_.limits.reserve->origin), ::getpid()));
}

void SpaceGuard::thaw(const Look& look) {
  frozen_ = false;
  session_.thaw();
  record(look, "thawed");
  session_.tell("there is space again: the session goes on");
}

void SpaceGuard::record(const Look& look, const char* action) {
  session_.write("cap", {{"cap", "reserve"},
                         {"value", size_text(plan_.limits.reserve->value)},
                         {"floor", look.place->floor},
                         {"origin", to_string(plan_.limits.reserve->origin)},
                         {"path", audit::hostile(look.place->path)},
                         {"free", look.free},
                         {"action", action}});
}

}  // namespace clawbox::supervise
