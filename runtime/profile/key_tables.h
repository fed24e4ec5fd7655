// The parts of the table of all keys (profile/keys.h), and what they share.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "profile/keys.h"

namespace clawbox::profile {

/// In the order of the documents.
std::span<const Key> view_keys();  // version to files
std::span<const Key> limit_keys();
std::span<const Key> network_keys();
std::span<const Key> other_keys();  // identity to test

template <auto kTable, auto kMember>
constexpr auto field = +[](Profile& profile) -> auto& {
  return profile.*kTable.*kMember;
};

template <auto kMember>
constexpr auto top_field = +[](Profile& profile) -> auto& {
  return profile.*kMember;
};

template <auto kTable, auto kMember>
void set_choice(Profile& profile, uint64_t choice, const Origin& origin) {
  auto& decided = profile.*kTable.*kMember;
  decided = {static_cast<decltype(decided.value)>(choice), origin};
}

template <auto kTable, auto kMember>
Decided<uint64_t> get_choice(Profile& profile) {
  const auto& decided = profile.*kTable.*kMember;
  return {static_cast<uint64_t>(decided.value), decided.origin};
}

template <auto kTable, auto kMember>
constexpr ChoiceField choice{&set_choice<kTable, kMember>, &get_choice<kTable, kMember>};

inline constexpr uint64_t kKiB = 1ULL << 10;
inline constexpr uint64_t kMiB = 1ULL << 20;
inline constexpr uint64_t kPiB = 1ULL << 50;
inline constexpr uint64_t kYear = 365ULL * 24 * 3600 * 1000;
inline constexpr Range kAnySize{0, kPiB};
inline constexpr Range kTime{1, 10 * kYear};
inline constexpr Range kMemory{kMiB, kPiB};

}  // namespace clawbox::profile
