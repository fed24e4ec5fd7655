#include "egress/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace clawbox::egress {
namespace {

constexpr uint32_t kFirst = 16;            // what comes before is ours: the listeners have the address with index 1
constexpr uint64_t kMostNames = 1U << 20;  // 64 bits of a /64 are more than memory

// `base` with `index` in its lowest 32 bits; the prefix leaves room for it.
IpAddress plus(const IpAddress& base, uint32_t index) {
  if (base.is_v4()) return IpAddress::v4(base.bits() + index);
  std::array<uint8_t, 16> bytes{};
  std::copy(base.bytes().begin(), base.bytes().end(), bytes.begin());
  for (unsigned i = 0; i < 4; ++i) bytes[12 + i] = static_cast<uint8_t>(bytes[12 + i] | (index >> (24 - 8 * i)));
  return IpAddress::v6(bytes);
}

// The last address of an IPv4 range is not given: some programs take it for a broadcast.
uint64_t capacity(const SyntheticRanges& ranges) {
  const unsigned room4 = 32 - ranges.v4.length, room6 = std::min(32U, 128 - ranges.v6.length);
  const uint64_t all = uint64_t{1} << std::min(room4, room6);
  return all > kFirst + 1 ? std::min(all - kFirst - 1, kMostNames) : 0;
}

std::optional<uint32_t> index_of(const IpAddress& address, const SyntheticRanges& ranges) {
  const IpPrefix& range = address.is_v4() ? ranges.v4 : ranges.v6;
  if (!range.contains(address)) return {};
  if (address.is_v4()) return address.bits() - range.address.bits();
  const auto bytes = address.bytes();
  uint32_t index = 0;
  for (unsigned i = 12; i < 16; ++i) index = index << 8 | bytes[i];
  return plus(range.address, index) == address ? std::optional(index) : std::nullopt;
}

}  // namespace

Names::Names(const SyntheticRanges& ranges, const NameLimits& limits) : ranges_(ranges), limits_(limits) {
  tokens_ = static_cast<double>(limits.per_minute);
}

SyntheticAddresses Names::at(uint32_t index) const {
  return {plus(ranges_.v4.address, index + kFirst), plus(ranges_.v6.address, index + kFirst)};
}

std::variant<SyntheticAddresses, Names::Refusal> Names::addresses_of(std::string_view name, NameKind kind,
                                                                     std::string_view domain, Clock::time_point now) {
  if (const auto known = index_.find(std::string(name)); known != index_.end()) return at(known->second);
  if (kind == NameKind::kWildcard)
    if (const auto refusal = objection(name, domain, now)) return *refusal;
  const auto given = give(name, kind);
  if (!given) return Refusal::kUsedUp;
  return *given;
}

std::optional<SyntheticAddresses> Names::remember(std::string_view name, NameKind kind) {
  if (const auto known = index_.find(std::string(name)); known != index_.end()) return at(known->second);
  return give(name, kind);
}

std::optional<SyntheticAddresses> Names::give(std::string_view name, NameKind kind) {
  if (names_.size() >= capacity(ranges_)) return std::nullopt;
  const auto index = static_cast<uint32_t>(names_.size());
  names_.emplace_back(name);
  index_.emplace(name, index);
  if (kind == NameKind::kWildcard) ++wildcard_names_;
  return at(index);
}

std::optional<Names::Refusal> Names::objection(std::string_view name, std::string_view domain, Clock::time_point now) {
  if (name.size() > domain.size() + 1 + limits_.length) return Refusal::kTooLong;
  if (wildcard_names_ >= limits_.count) return Refusal::kTooMany;
  const auto most = static_cast<double>(limits_.per_minute);
  if (last_ && now > *last_) {
    const double minutes = std::chrono::duration<double, std::ratio<60>>(now - *last_).count();
    tokens_ = std::min(most, tokens_ + minutes * most);
  }
  last_ = now;
  if (tokens_ < 1) return Refusal::kTooFast;
  tokens_ -= 1;
  return {};
}

std::optional<std::string> Names::name_of(const IpAddress& address) const {
  const auto index = index_of(address, ranges_);
  if (!index || *index < kFirst || *index - kFirst >= names_.size()) return {};
  return names_[*index - kFirst];
}

bool Names::in_range(const IpAddress& address) const {
  return ranges_.v4.contains(address) || ranges_.v6.contains(address);
}

std::string words_for(Names::Refusal refusal, const NameLimits& limits) {
  switch (refusal) {
    case Names::Refusal::kUsedUp:
      return "all addresses that stand for names are given";
    case Names::Refusal::kTooLong:
      return fmt::format("it is longer than network.name_length ({}) allows below a wildcard", limits.length);
    case Names::Refusal::kTooMany:
      return fmt::format("network.names ({}) different names below wildcards were asked for", limits.count);
    case Names::Refusal::kTooFast:
      return fmt::format("new names below wildcards come faster than network.name_rate ({} a minute)",
                         limits.per_minute);
  }
  return {};
}

}  // namespace clawbox::egress
