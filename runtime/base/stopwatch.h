// How long the steps of a start took, for `clawbox explain --timing`.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace clawbox {

class Stopwatch {
 public:
  /// The time since the last lap, or since the beginning, belongs to `step`.
  void lap(const char* step) {
    const auto now = Clock::now();
    laps_ += fmt::format("{}={} ", step, std::chrono::duration_cast<std::chrono::microseconds>(now - last_).count());
    last_ = now;
  }
  /// "step=microseconds step=microseconds "
  const std::string& laps() const { return laps_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_ = Clock::now();
  std::string laps_;
};

}  // namespace clawbox
