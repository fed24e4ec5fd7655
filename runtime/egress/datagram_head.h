// The head of a packet that carries one UDP datagram: RFC 768, RFC 791, RFC 8200. Pure.
#pragma once

#include <span>
#include <string>

#include "sys/inet_sockets.h"

namespace clawbox::egress {

inline constexpr std::size_t kMostDatagram = 65535 - 20 - 8;  // that IPv4 can carry

/// IP and UDP heads, with UDP's checksum; IPv4's own is left to the kernel. Both endpoints are of one family, and
/// `payload` is at most kMostDatagram.
std::string datagram_head(const sys::Endpoint& from, const sys::Endpoint& to, std::span<const char> payload);

}  // namespace clawbox::egress
