#include "egress/refusals.h"

// First: the kernel's headers give way to it, and not the other way round.
#include <netinet/in.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>

#include <cstring>

namespace clawbox::egress {
namespace {

constexpr std::size_t kHeader4 = 20, kHeader6 = 40;

template <class T>
bool read(std::string_view bytes, std::size_t at, T& value) {
  if (at > bytes.size() || bytes.size() - at < sizeof value) return false;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return true;
}

uint8_t byte(std::string_view bytes, std::size_t at) { return static_cast<uint8_t>(bytes[at]); }

bool has_ports(uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
         protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

std::span<const uint8_t> bytes_at(std::string_view packet, std::size_t at, std::size_t size) {
  return {reinterpret_cast<const uint8_t*>(packet.data()) + at, size};
}

/// Of one message of the log, if it has that.
std::string_view attribute_of(std::string_view attributes, int type) {
  nlattr attribute{};
  for (std::size_t at = 0; read(attributes, at, attribute); at += NLA_ALIGN(attribute.nla_len)) {
    if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > attributes.size() - at) return {};
    if ((attribute.nla_type & NLA_TYPE_MASK) == type)
      return attributes.substr(at + NLA_HDRLEN, attribute.nla_len - NLA_HDRLEN);
  }
  return {};
}

/// `take` gets the attributes of each message that tells of a packet.
template <class Take>
void each_message(std::string_view datagram, const Take& take) {
  nlmsghdr header{};
  for (std::size_t at = 0; read(datagram, at, header); at += NLMSG_ALIGN(header.nlmsg_len)) {
    if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > datagram.size() - at) return;
    constexpr std::size_t kBefore = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(nfgenmsg));
    if (header.nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) || header.nlmsg_len < kBefore) continue;
    take(datagram.substr(at + kBefore, header.nlmsg_len - kBefore));
  }
}

}  // namespace

bool read_packet(std::string_view packet, News& news) {
  if (packet.empty()) return false;
  const unsigned version = byte(packet, 0) >> 4U;
  std::size_t ports = 0;
  if (version == 4 && packet.size() >= kHeader4) {
    ports = std::size_t{byte(packet, 0) & 15U} * 4;
    news.protocol = byte(packet, 9);
    news.set_address(IpAddress::v4(bytes_at(packet, 16, 4).first<4>()));
  } else if (version == 6 && packet.size() >= kHeader6) {
    ports = kHeader6;
    news.protocol = byte(packet, 6);
    news.set_address(IpAddress::v6(bytes_at(packet, 24, 16).first<16>()));
  } else {
    return false;
  }
  uint16_t from = 0, to = 0;
  if (has_ports(news.protocol) && read(packet, ports, from) && read(packet, ports + 2, to)) {
    news.client_port = ntohs(from);
    news.port = ntohs(to);
  }
  return true;
}

void read_refusals(std::string_view datagram, const std::function<void(const News&)>& take) {
  each_message(datagram, [&](std::string_view attributes) {
    News news;
    news.kind = News::Kind::kDenied;
    news.outcome = News::Outcome::kDenied;
    if (read_packet(attribute_of(attributes, NFULA_PAYLOAD), news)) take(news);
  });
}

uint32_t RefusalGaps::in(std::string_view datagram) {
  uint32_t missing = 0;
  each_message(datagram, [&](std::string_view attributes) {
    uint32_t number = 0;
    if (!read(attribute_of(attributes, NFULA_SEQ), 0, number)) return;
    number = ntohl(number);
    if (next_) missing += number - *next_;  // it may have gone round
    next_ = number + 1;
  });
  return missing;
}

}  // namespace clawbox::egress
