// The host's own HTTP proxy, asked for a tunnel: CONNECT, RFC 9110 9.3.6. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "plan/plan.h"

namespace clawbox::egress {

/// Whether `host` is reached without it: no_proxy.
bool goes_past(const UpstreamProxy& proxy, std::string_view host);

std::string tunnel_request(const UpstreamProxy& proxy, std::string_view host, uint16_t port);

struct TunnelAnswer {
  enum class State : uint8_t { kNeedMore, kOpen, kRefused } state = State::kNeedMore;
  std::string status;    // kRefused: the three digits, or "nonsense"
  std::size_t head = 0;  // kOpen: bytes of the head; what follows is the server's
};
TunnelAnswer tunnel_answer(std::string_view bytes);

}  // namespace clawbox::egress
