// The names of a trail's files, as its writer and the housekeeping make them. Reading them: audit/reader_sessions.h.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace clawbox::audit {

inline constexpr const char* kIndexName = "index.jsonl";

/// Letters, digits, '-' and '_', at most 128; not the index's.
inline bool is_session_name(const std::string& session) {
  constexpr const char* kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  return !session.empty() && session.size() <= 128 && session != "index" &&
         session.find_first_not_of(kAllowed) == std::string::npos;
}

inline std::string newest_name(const std::string& session) { return session + ".jsonl"; }
inline std::string segment_name(const std::string& session, uint64_t number) {
  return fmt::format("{}.{}.jsonl", session, number);
}
/// The next segment until it takes its place. No reader looks at names that begin with a dot.
inline std::string aside_name(const std::string& session) { return "." + session + ".next"; }

}  // namespace clawbox::audit
