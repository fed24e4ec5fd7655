// Both ends of the traffic that the egress measurements send: one server, and clients that measure one thing each.
#pragma once

#include <string>
#include <vector>

namespace clawbox::bench {

/// Listens on every IPv4 address at `port` until it is killed; a line on standard output says that it does.
[[noreturn]] void serve_load(unsigned port);

/// "down1", "up1", "down8", "up8" (bytes a second), "first" (microseconds from connect to the first byte), "connects"
/// and "requests" (a second), "many" (connections a second, and every one of 9,900 is open at the end). What was
/// measured, and for the first four the bytes that passed.
struct Measured {
  double value = 0, bytes = 0;
};
Measured measure_load(const std::string& what, const std::string& address, unsigned port);

}  // namespace clawbox::bench
