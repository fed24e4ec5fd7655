#include "egress/reachable.h"

#include <fmt/format.h>

namespace clawbox::egress {
namespace {

std::string embedded_words(const IpAddress& address) {
  const auto inner = embedded_v4(address);
  return inner ? fmt::format(" ({})", to_string(*inner)) : "";
}

// A rule about the one address opens everything; a wider one never a metadata service, which hands out credentials, and
// only one of loopback's own addresses the host's loopback: who writes 0.0.0.0/0 thinks of the net outside.
bool named(const IpAddress& address, AddressKind kind, uint16_t port, Transport transport, const Rules& rules) {
  const Verdict verdict = rules.decide(address, port, transport);
  if (!verdict.allowed()) return false;
  const IpPrefix& prefix = std::get<IpPrefix>(verdict.rule->target);
  if (kind == AddressKind::kLoopback) return kind_of(prefix.address) == AddressKind::kLoopback;
  return kind != AddressKind::kMetadata || prefix.is_one_address();
}

}  // namespace

std::optional<std::string> Reachable::objection(const IpAddress& address, uint16_t port, Transport transport,
                                                const Rules& rules) const {
  if (auto denial = rules.denial(address, port)) return denial;
  const AddressKind kind = kind_of(address);
  const std::optional<bool> own = is_own_(address);
  if (kind == AddressKind::kPublic && own == false) return {};
  // Nothing answers there for a single session: a rule about it would only be a mistake.
  const bool never =
      kind == AddressKind::kUnspecified || kind == AddressKind::kMulticast || kind == AddressKind::kBroadcast;
  if (!never && named(address, kind, port, transport, rules)) return {};

  if (kind == AddressKind::kPublic && !own)
    return fmt::format("{} may be an address of this host; the kernel cannot tell now (descriptors, ports?)",
                       to_string(address));
  const std::string what =
      own == true ? "an address of this host" : std::string(words_for(kind)) + embedded_words(address);
  if (never) return fmt::format("{} is {}", to_string(address), what);
  return fmt::format("{} is {}; to reach it, add {{ address = \"{}\", ports = [{}] }} to network.allow",
                     to_string(address), what, to_string(address), port);
}

}  // namespace clawbox::egress
