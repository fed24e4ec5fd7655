#include "session/protected_files.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "plan/paths.h"
#include "session/records.h"
#include "sys/channel.h"
#include "sys/file_systems.h"
#include "sys/helper.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kDeadline = 10s;
constexpr std::size_t kLongestChange = 8192;  // a path that openat2(2) takes, and a sentence

bool is_looked_at(const Plan& plan) {
  return plan.workspace.mode == Workspace::Mode::kReadWrite && !plan.workspace.protect.empty();
}

std::vector<Outcome::Change> looked_up_changes(const plan::ProtectedState& before, const Plan& plan) {
  std::vector<Outcome::Change> changes;
  try {
    const plan::ProtectedState after = protected_state(plan);
    for (const plan::ProtectedChange& change : plan::changes(before, after)) changes.push_back(as_outcome(change));
    if (after.walk == plan::ProtectedState::Walk::kCutShort)
      changes.push_back({".", "too many files to look at: there may be more"});
  } catch (const SysError& error) {
    changes.push_back({".", fmt::format("could not be looked at: {}", error.what())});
  }
  return changes;
}

/// A packet for each change: path, NUL, what. One without a path is the last, so that a helper that dies is no end.
void send_change(const OwnedFd& channel, const Outcome::Change& change) {
  const std::string packet = change.path + '\0' + change.change;
  sys::send_packet(channel, std::as_bytes(std::span(packet)));
}

Outcome::Change change_in(std::string_view packet) {
  const std::size_t end = std::min(packet.find('\0'), packet.size());
  return {std::string(packet.substr(0, end)), std::string(packet.substr(std::min(end + 1, packet.size())))};
}

enum class Came { kOne, kEnd, kTooLate };

struct Received {
  Came came = Came::kEnd;
  Outcome::Change change;
};

Received receive_change(const OwnedFd& channel, Clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  pollfd ready{channel.get(), POLLIN, 0};
  const int count = left > 0ms ? ::poll(&ready, 1, static_cast<int>(left.count())) : 0;
  if (count < 0 && errno == EINTR) return receive_change(channel, until);
  if (count <= 0) return {Came::kTooLate, {}};
  std::array<char, kLongestChange> packet;
  const ssize_t size = ::read(channel.get(), packet.data(), packet.size());
  if (size <= 0) return {Came::kEnd, {}};
  return {Came::kOne, change_in({packet.data(), static_cast<std::size_t>(size)})};
}

}  // namespace

plan::ProtectedState protected_state(const Plan& plan) {
  if (!is_looked_at(plan)) return {};
  return plan::snapshot(plan.workspace.host, plan.workspace.protect);
}

namespace {

/// By a helper with a deadline.
std::vector<Outcome::Change> changes_if_answered(const plan::ProtectedState& before, const Plan& plan) {
  sys::Helper helper = sys::start_helper([&](const OwnedFd& channel) {
    for (const Outcome::Change& change : looked_up_changes(before, plan)) send_change(channel, change);
    send_change(channel, {});
  });
  const auto until = Clock::now() + kDeadline;
  std::vector<Outcome::Change> changes;
  while (true) {
    Received received = receive_change(helper.channel, until);
    if (received.came == Came::kOne && received.change.path.empty()) return changes;
    if (received.came == Came::kOne) {
      changes.push_back(std::move(received.change));
      continue;
    }
    const char* const why =
        received.came == Came::kTooLate ? "no answer within 10 s" : "the process that looks at them died";
    changes.push_back({".", fmt::format("could not be looked at: {}", why)});
    sys::abandon(std::move(helper));
    return changes;
  }
}

}  // namespace

std::vector<Outcome::Change> changes_since(const plan::ProtectedState& before, const Plan& plan) try {
  if (!is_looked_at(plan)) return {};
  // A helper costs a tenth of a start: only what may make us wait gets one.
  return sys::all_answer_around(plan.workspace.host) ? looked_up_changes(before, plan)
                                                     : changes_if_answered(before, plan);
} catch (const Error& error) {
  return {{".", fmt::format("could not be looked at: {}", error.what())}};
}

}  // namespace clawbox::session
