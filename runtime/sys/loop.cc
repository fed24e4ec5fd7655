#include "sys/loop.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

#include "base/error.h"

namespace clawbox::sys {
namespace {

timespec as_timespec(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {seconds.count(), std::chrono::nanoseconds(time - seconds).count()};
}

}  // namespace

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw_errno("epoll_create1");
}

void Loop::watch(int fd, uint32_t events, Turn turn) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) throw_errno("watching descriptor {}", fd);
  turns_[fd] = std::move(turn);
}

void Loop::change(int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) < 0) throw_errno("watching descriptor {}", fd);
}

void Loop::forget(int fd) {
  if (turns_.erase(fd) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::run() {
  running_ = true;
  while (running_) {
    std::array<epoll_event, 16> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) throw_errno("epoll_wait");
    for (int i = 0; i < count && running_; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const auto found = turns_.find(event.data.fd);  // an earlier turn of this round may have forgotten it
      if (found == turns_.end()) continue;
      const Turn turn = found->second;  // a copy: the turn may forget itself
      turn(event.events);
    }
    if (after_round_) after_round_();
  }
}

SignalFd::SignalFd(std::initializer_list<int> signals) {
  sigset_t set, old;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  if (::sigprocmask(SIG_BLOCK, &set, &old) < 0) throw_errno("blocking signals");
  std::memcpy(&old_mask_, &old, sizeof old_mask_);
  fd_ = OwnedFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw_errno("signalfd");
}

SignalFd::~SignalFd() {
  sigset_t old{};
  std::memcpy(&old, &old_mask_, sizeof old_mask_);
  ::sigprocmask(SIG_SETMASK, &old, nullptr);
}

std::optional<int> SignalFd::next() const {
  signalfd_siginfo info;
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

Timer::Timer() : fd_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!fd_) throw_errno("timerfd_create");
}

void Timer::start(std::chrono::milliseconds after, std::chrono::milliseconds every) {
  const itimerspec when{as_timespec(every), as_timespec(after)};
  if (::timerfd_settime(fd_.get(), 0, &when, nullptr) < 0) throw_errno("timerfd_settime");
}

void Timer::drain() const {
  uint64_t expirations;
  [[maybe_unused]] const ssize_t got = ::read(fd_.get(), &expirations, sizeof expirations);
}

}  // namespace clawbox::sys
