#include "egress/datagram_head.h"

#include <netinet/in.h>

namespace clawbox::egress {
namespace {

constexpr std::size_t kUdpHead = 8;
constexpr unsigned kHops = 64;

void put(std::string& bytes, std::size_t value, unsigned size) {
  for (unsigned i = size; i-- > 0;) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
}

void put(std::string& bytes, const IpAddress& address) {
  for (const uint8_t byte : address.bytes()) bytes += static_cast<char>(byte);
}

/// One's complement sum of 16-bit words, not folded yet: RFC 1071.
uint64_t sum_of(std::span<const char> bytes) {
  uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    sum += uint64_t{static_cast<uint8_t>(bytes[i])} << (i % 2 == 0 ? 8U : 0U);
  return sum;
}

std::size_t checksum(const sys::Endpoint& from, const sys::Endpoint& to, std::span<const char> payload) {
  std::string pseudo;
  put(pseudo, from.address);
  put(pseudo, to.address);
  put(pseudo, payload.size() + kUdpHead, 4);
  put(pseudo, IPPROTO_UDP, 4);
  put(pseudo, from.port, 2);
  put(pseudo, to.port, 2);
  put(pseudo, payload.size() + kUdpHead, 2);
  uint64_t sum = sum_of(pseudo) + sum_of(payload);
  while (sum >> 16U != 0) sum = (sum & 0xFFFF) + (sum >> 16U);
  return sum == 0xFFFF ? 0xFFFF : ~sum & 0xFFFF;  // 0 would say that there is none
}

}  // namespace

std::string datagram_head(const sys::Endpoint& from, const sys::Endpoint& to, std::span<const char> payload) {
  const std::size_t size = payload.size() + kUdpHead;
  std::string head;
  if (from.address.is_v4()) {
    put(head, 0x4500, 2);  // version, 5 words, no class of service
    put(head, size + 20, 2);
    put(head, 0, 4);  // one fragment
    put(head, kHops << 8U | IPPROTO_UDP, 2);
    put(head, 0, 2);
  } else {
    put(head, 0x60000000, 4);
    put(head, size, 2);
    put(head, IPPROTO_UDP << 8U | kHops, 2);
  }
  put(head, from.address);
  put(head, to.address);
  put(head, from.port, 2);
  put(head, to.port, 2);
  put(head, size, 2);
  put(head, checksum(from, to, payload), 2);
  return head;
}

}  // namespace clawbox::egress
