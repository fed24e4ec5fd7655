// Moves bytes one way between two descriptors inside a loop, with back-pressure and without ever blocking the loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/owned_fd.h"
#include "sys/loop.h"

namespace clawbox::supervise {

class Pump {
 public:
  /// `when_done` is called once: at the end of the source, or when nobody reads the sink any more. Both ends are closed
  /// then.
  Pump(sys::Loop& loop, OwnedFd source, OwnedFd sink, std::function<void()> when_done);
  ~Pump() { close(); }
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  /// Passes on what is in the source by now, and is done: whoever still holds its other end is not waited for.
  void end_with_what_is_there();
  bool done() const { return !source_; }
  /// errno of the write that ended it; 0 at the end of the source, or when nobody reads any more.
  int error() const { return error_; }

 private:
  void watch_source();
  void watch_sink();
  void fill();
  void empty();
  void finish();
  void close();

  sys::Loop& loop_;
  OwnedFd source_, sink_;
  std::function<void()> when_done_;
  std::unique_ptr<char[]> buffer_;  // apart: nothing touches its pages before the first byte passes
  std::size_t start_ = 0, end_ = 0;
  std::optional<std::size_t> left_;  // bytes to read before it is done
  int error_ = 0;
};

}  // namespace clawbox::supervise
