#include "sys/clock.h"

#include <time.h>

namespace clawbox::sys {

std::chrono::microseconds boot_time() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_nsec / 1000);
}

}  // namespace clawbox::sys
