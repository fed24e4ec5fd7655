#include "supervise/socket_text.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "supervise/call_words.h"

namespace clawbox::supervise {
namespace {

constexpr uint64_t kMostMessages = 16;  // of one sendmmsg; the kernel sends up to 1024

template <class Address>
Address as(std::string_view bytes) {
  Address address{};
  std::memcpy(&address, bytes.data(), std::min(bytes.size(), sizeof address));
  return address;
}

std::string ip_text(int family, const void* address, uint16_t port) {
  char text[INET6_ADDRSTRLEN];
  ::inet_ntop(family, address, text, sizeof text);
  return family == AF_INET6 ? fmt::format("\"[{}]:{}\"", text, ntohs(port))
                            : fmt::format("\"{}:{}\"", text, ntohs(port));
}

/// `"/path"`; `@"name"` where the first byte is 0, as then all bytes are the name: unix(7).
std::string unix_text(std::string_view path) {
  if (path.empty()) return "unnamed";
  if (path.front() == '\0') return "@" + quoted(path.substr(1));
  return quoted(path.substr(0, path.find('\0')));
}

std::string address_text(std::string_view bytes) {
  const auto family = as<sockaddr>(bytes).sa_family;
  const std::string name = names_text(family, names::kFamily);
  if (family == AF_UNIX)
    return fmt::format("{{{} {}}}", name, unix_text(bytes.substr(offsetof(sockaddr_un, sun_path))));
  if (family == AF_INET && bytes.size() >= sizeof(sockaddr_in)) {
    const auto address = as<sockaddr_in>(bytes);
    return fmt::format("{{{} {}}}", name, ip_text(AF_INET, &address.sin_addr, address.sin_port));
  }
  if (family == AF_INET6 && bytes.size() >= offsetof(sockaddr_in6, sin6_scope_id)) {
    const auto address = as<sockaddr_in6>(bytes);
    return fmt::format("{{{} {}}}", name, ip_text(AF_INET6, &address.sin6_addr, address.sin6_port));
  }
  if (family == AF_NETLINK && bytes.size() >= sizeof(sockaddr_nl)) {
    const auto address = as<sockaddr_nl>(bytes);
    return fmt::format("{{{} pid={} groups={:#x}}}", name, address.nl_pid, address.nl_groups);
  }
  return fmt::format("{{{}}}", name);
}

std::string message_text(const msghdr& message, const sys::ProcessMemory& memory) {
  return fmt::format("{{msg_name={}, msg_namelen={}, msg_iovlen={}, msg_controllen={}, msg_flags={}}}",
                     address_at(reinterpret_cast<uint64_t>(message.msg_name), message.msg_namelen, memory),
                     message.msg_namelen, message.msg_iovlen, message.msg_controllen,
                     names_text(static_cast<uint32_t>(message.msg_flags), names::kSend));
}

const Names* options_of(uint64_t level) {
  switch (static_cast<int32_t>(level)) {
    case SOL_SOCKET:
      return &names::kSocketOption;
    case IPPROTO_IP:
      return &names::kIpOption;
    case IPPROTO_IPV6:
      return &names::kIpv6Option;
    case IPPROTO_TCP:
      return &names::kTcpOption;
    case IPPROTO_UDP:
      return &names::kUdpOption;
    default:
      return nullptr;
  }
}

}  // namespace

std::string address_at(uint64_t address, uint64_t length, const sys::ProcessMemory& memory) {
  if (address == 0) return "NULL";
  std::array<char, sizeof(sockaddr_storage)> bytes{};
  const auto size = static_cast<uint32_t>(length);  // an int to the kernel
  if (size < sizeof(sa_family_t) || size > bytes.size()) return hex_text(address);
  if (memory.read(address, std::span(bytes).first(size)).error != 0) return hex_text(address);
  return address_text({bytes.data(), size});
}

std::string message_at(uint64_t address, const sys::ProcessMemory& memory) {
  const auto message = structure_at<msghdr>(address, sizeof(msghdr), memory);
  return message ? message_text(*message, memory) : hex_text(address);
}

std::string messages_at(uint64_t address, uint64_t count, const sys::ProcessMemory& memory) {
  const auto wanted = static_cast<uint32_t>(count);
  std::string out;
  for (uint64_t i = 0; i < std::min<uint64_t>(wanted, kMostMessages); ++i) {
    const auto next = structure_at<mmsghdr>(address + i * sizeof(mmsghdr), sizeof(mmsghdr), memory);
    if (!next) return hex_text(address);
    out.append(i == 0 ? "" : ", ").append(message_text(next->msg_hdr, memory));
  }
  return fmt::format("[{}{}]", out, wanted > kMostMessages ? ", …" : "");
}

std::string room_at(uint64_t address, const sys::ProcessMemory& memory) {
  const auto message = structure_at<msghdr>(address, sizeof(msghdr), memory);
  if (!message) return hex_text(address);
  return fmt::format("{{msg_namelen={}, msg_iovlen={}, msg_controllen={}}}", message->msg_namelen, message->msg_iovlen,
                     message->msg_controllen);
}

std::string option_text(uint64_t level, uint64_t option) {
  const Names* const options = options_of(level);
  return options == nullptr ? hex_text(static_cast<uint32_t>(option))
                            : names_text(static_cast<uint32_t>(option), *options);
}

std::string option_value_at(uint64_t address, uint64_t length, const sys::ProcessMemory& memory) {
  if (static_cast<uint32_t>(length) != sizeof(int32_t)) return hex_text(address);
  const auto value = structure_at<int32_t>(address, sizeof(int32_t), memory);
  return value ? fmt::format("[{}]", *value) : hex_text(address);
}

}  // namespace clawbox::supervise
