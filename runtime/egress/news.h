// What the relay tells the supervisor: packets of one size over its channel, see sys/channel.h. Every text in it came
// from the sandbox or the network, and is as hostile as they are.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "sys/inet_sockets.h"

namespace clawbox::egress {

struct News {
  /// kServing: it is confined and listens. kName: a name was asked for; kBegan, kEnded: of one connection; kDenied:
  /// packets that the rule-set refused; kLost: so many of these are not told, since they came too fast; kSpares: there
  /// are few sockets left of the session's network, to be bound or connected; kCarried: `up` bytes in all, both ways,
  /// in the life of the session.
  enum class Kind : uint8_t {
    kServing,
    kName,
    kBegan,
    kEnded,
    kDenied,
    kLost,
    kSpares,
    kCarried,
    kFailed
  } kind = Kind::kServing;
  enum class Outcome : uint8_t {
    kAllowed,      // kName
    kConnected,    // kEnded: bytes could pass
    kDenied,       // by a rule, or by what the first bytes said
    kUnreachable,  // the server, or its name
    kOverBudget,
    kFailed  // of ours: no descriptors, no memory
  } outcome = Outcome::kAllowed;
  uint8_t protocol = 0;      // IPPROTO_TCP, IPPROTO_UDP
  uint8_t has_address = 0;   // `address` is set: the one that was dialled, or asked for; of kName given, for IPv4
  uint8_t is_v4 = 0;         // family of `address`
  uint16_t port = 0;         // of the server, as the program named it
  uint16_t client_port = 0;  // of the program's own socket
  uint32_t count = 1;        // kDenied, kLost: how many
  uint32_t id = 0;           // kBegan and kEnded of one connection
  uint32_t milliseconds = 0;
  uint64_t up = 0, down = 0;  // bytes
  std::array<uint8_t, 16> address{};
  std::array<char, 256> name{};  // what was asked for: a host's name
  std::array<char, 192> rule{};
  std::array<char, 320> detail{};  // why, or the reason that the rule gives

  void set_address(const IpAddress& of);
  IpAddress ip() const;
};

/// A NUL would end it for who reads: U+2400 stands for it.
template <std::size_t N>
void put_text(std::array<char, N>& to, std::string_view text) {
  to.fill('\0');
  std::size_t at = 0;
  for (const char& c : text) {
    const std::string_view as = c == '\0' ? std::string_view("\u2400") : std::string_view(&c, 1);
    if (at + as.size() >= N) return;
    as.copy(to.data() + at, as.size());
    at += as.size();
  }
}
template <std::size_t N>
std::string text_in(const std::array<char, N>& from) {
  const std::string_view all(from.data(), N);
  return std::string(all.substr(0, all.find('\0')));
}

}  // namespace clawbox::egress
