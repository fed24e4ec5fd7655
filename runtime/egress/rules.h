// The list of what a session may reach, asked for each name and each connection. Pure.
//
// What no rule names is denied; an empty list denies everything. A `deny` (given while the session runs) beats every
// rule that allows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/network_rule.h"

namespace clawbox::egress {

enum class Transport : uint8_t { kTcp, kUdp };

using RulePtr = std::shared_ptr<const NetworkRule>;  // outlives changes of the list

struct Verdict {
  enum class Answer : uint8_t { kAllow, kDeny } answer = Answer::kDeny;
  RulePtr rule;     // that decided; of a refusal the one that came nearest, if any
  std::string why;  // "no rule names 'x.org'; near it: 'y.org' (coding.toml:12)"

  bool allowed() const { return answer == Answer::kAllow; }
};

class Rules {
 public:
  Rules() = default;
  explicit Rules(std::vector<NetworkRule> allow);

  /// `host`: canonical. The first exact rule that fits decides, then the longest domain.
  Verdict decide(std::string_view host, uint16_t port, Transport transport) const;
  Verdict decide(const IpAddress& address, uint16_t port, Transport transport) const;
  /// Why nothing goes to this address whatever its name: a `deny` that names it.
  std::optional<std::string> denial(const IpAddress& address, uint16_t port) const;
  /// Whether a question for this name is answered at all: some rule names it, with whatever port.
  Verdict decide_name(std::string_view host) const;

  /// While the session runs. The same target's rule of the other list is not removed, and deny beats allow: who allows
  /// what was denied calls `lift` first.
  RulePtr allow(NetworkRule rule);
  RulePtr deny(NetworkRule rule);
  /// Takes back what `allow` or `deny` gave (its time is over).
  void withdraw(const RulePtr& rule);
  /// What is denied to the same target at ports of `allowed` is so no longer. Returns what it took.
  std::vector<NetworkRule> lift(const NetworkRule& allowed);

  const std::vector<RulePtr>& allowed() const { return allow_; }
  const std::vector<RulePtr>& denied() const { return deny_; }

 private:
  std::vector<RulePtr> allow_, deny_;
};

/// Whether a verdict rests on `*.domain`: its names are capped (egress/names.h).
bool is_wildcard(const NetworkRule& rule);

}  // namespace clawbox::egress
