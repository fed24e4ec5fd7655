// One epoll loop, and the descriptors that turn signals and deadlines into events. epoll(7), signalfd(2),
// timerfd_create(2).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>

#include "base/owned_fd.h"

namespace clawbox::sys {

class Loop {
 public:
  using Turn = std::function<void(uint32_t events)>;

  Loop();
  /// Calls `turn` while `fd` is ready (level-triggered) until `forget(fd)`. The fd must outlive the watch.
  void watch(int fd, uint32_t events, Turn turn);
  void change(int fd, uint32_t events);
  void forget(int fd);
  /// Calls `act` after the turns of each round, when none of them is running.
  void after_rounds(std::function<void()> act) { after_round_ = std::move(act); }
  /// Runs until `stop()`. An exception of a turn leaves the loop.
  void run();
  void stop() { running_ = false; }

 private:
  OwnedFd epoll_;
  std::map<int, Turn> turns_;
  std::function<void()> after_round_;
  bool running_ = false;
};

/// Blocks these signals and reads them from a descriptor; the old mask comes back at the end.
class SignalFd {
 public:
  explicit SignalFd(std::initializer_list<int> signals);
  ~SignalFd();
  SignalFd(const SignalFd&) = delete;
  SignalFd& operator=(const SignalFd&) = delete;
  int fd() const { return fd_.get(); }
  std::optional<int> next() const;  // the next signal that came, without waiting

 private:
  OwnedFd fd_;
  uint64_t old_mask_ = 0;
};

class Timer {
 public:
  Timer();
  int fd() const { return fd_.get(); }
  void start(std::chrono::milliseconds after, std::chrono::milliseconds every = {});
  void drain() const;

 private:
  OwnedFd fd_;
};

}  // namespace clawbox::sys
