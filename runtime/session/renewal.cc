#include "session/renewal.h"

#include <algorithm>
#include <charconv>

#include "audit/hostile.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstPause = 100ms, kLongestPause = 60'000ms;
constexpr auto kHeld = 10min;

bool has_failed(const Outcome& outcome) {
  switch (outcome.ended_by) {
    case EndedBy::kKilled:
    case EndedBy::kMemory:
    case EndedBy::kFailed:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<Restart> restart_in(const std::string& text) {
  const std::string name = text.substr(0, text.find(':'));
  if (text == "no") return Restart{};
  if (name != "on-failure") return std::nullopt;
  if (text == name) return Restart{Restart::When::kOnFailure, std::nullopt};
  unsigned most = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + name.size() + 1, end, most);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return Restart{Restart::When::kOnFailure, most};
}

Json as_json(const Care& care) {
  const auto& [restart, health] = care;
  const std::string on_failure = restart.most ? "on-failure:" + std::to_string(*restart.most) : "on-failure";
  Json json{{"restart", restart.when == Restart::When::kNever ? "no" : on_failure}, {"health", nullptr}};
  if (!health.command.empty())
    json["health"] = {{"command", audit::hostile(health.command)},
                      {"interval_ms", health.interval.count()},
                      {"timeout_ms", health.time.count()},
                      {"failures", health.failures}};
  return json;
}

std::optional<std::chrono::milliseconds> Renewal::pause_after(const Outcome& outcome) {
  if (restart_.when == Restart::When::kNever || !has_failed(outcome)) return std::nullopt;
  if (restart_.most && count_ >= *restart_.most) return std::nullopt;
  ++count_;
  in_a_row_ = outcome.wall < kHeld ? in_a_row_ + 1 : 1;
  constexpr unsigned kMostDoublings = 16;
  const std::chrono::milliseconds pause = kFirstPause * (1 << std::min(in_a_row_ - 1, kMostDoublings));
  return std::min<std::chrono::milliseconds>(pause, kLongestPause);
}

}  // namespace clawbox::session
