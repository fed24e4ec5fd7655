// Packets that the session's rule-set refused, as nfnetlink_log tells of them: netlink messages whose payload is the
// first bytes of a packet that a program made. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "egress/news.h"

namespace clawbox::egress {

/// `take` gets a kDenied with protocol, address and ports for each packet in `datagram` that has them.
void read_refusals(std::string_view datagram, const std::function<void(const News&)>& take);

/// How many messages are missing of a log whose socket was full, by the numbers that NFULNL_CFG_F_SEQ gives them.
class RefusalGaps {
 public:
  /// Of the messages in the next datagram, and before it.
  uint32_t in(std::string_view datagram);

 private:
  std::optional<uint32_t> next_;
};

/// The same of the packet itself; false where it is none.
bool read_packet(std::string_view packet, News& news);

}  // namespace clawbox::egress
