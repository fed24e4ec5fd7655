// Names and the synthetic addresses that stand for them inside a session. Pure: the caller brings the clock.
//
// A name keeps its pair of addresses as long as the session lives, and an address is never given to another name: a
// program that remembers an old answer reaches the name it asked for. When all are given, new names are refused.
//
// A question for a name below an allowed `*.domain` can carry bytes to that domain's own name servers. So such names
// are capped in length, in number, and in how fast new ones come; names that a rule states exactly are not.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/ip_address.h"
#include "plan/plan.h"

namespace clawbox::egress {

struct SyntheticAddresses {
  IpAddress v4, v6;
};

enum class NameKind : uint8_t { kExact, kWildcard };

class Names {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Refusal : uint8_t { kUsedUp, kTooLong, kTooMany, kTooFast };

  Names(const SyntheticRanges& ranges, const NameLimits& limits);

  /// `name`: canonical, and allowed by a rule. `domain`: of a wildcard, the part that the rule states, which is not
  /// counted in its length; empty for kExact.
  std::variant<SyntheticAddresses, Refusal> addresses_of(std::string_view name, NameKind kind, std::string_view domain,
                                                         Clock::time_point now);
  /// As an earlier relay of the session gave it, which asked the caps then; it counts among them. Nothing: none is
  /// left.
  std::optional<SyntheticAddresses> remember(std::string_view name, NameKind kind);
  /// Nothing for addresses outside the ranges, the listener's own, and those that were never given.
  std::optional<std::string> name_of(const IpAddress& address) const;
  bool in_range(const IpAddress& address) const;
  std::size_t size() const { return names_.size(); }

 private:
  std::optional<Refusal> objection(std::string_view name, std::string_view domain, Clock::time_point now);
  std::optional<SyntheticAddresses> give(std::string_view name, NameKind kind);
  SyntheticAddresses at(uint32_t index) const;

  SyntheticRanges ranges_;
  NameLimits limits_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, uint32_t> index_;
  uint64_t wildcard_names_ = 0;
  double tokens_ = 0;
  std::optional<Clock::time_point> last_;
};

/// "its name is longer than …": for refusals and records.
std::string words_for(Names::Refusal refusal, const NameLimits& limits);

}  // namespace clawbox::egress
