#include "session/probes_child.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <span>

#include "base/error.h"
#include "launch/identity.h"
#include "session/probes_causes.h"
#include "sys/channel.h"
#include "sys/files.h"
#include "sys/processes.h"

namespace clawbox::session {
namespace {

/// What the child sends before it ends.
struct Answer {
  bool works = false;
  char text[1024] = {};
  char remedy[512] = {};
};

Answer answer_of(bool works, std::string_view text, std::string_view remedy) {
  Answer answer;
  answer.works = works;
  text.copy(answer.text, sizeof answer.text - 1);
  remedy.copy(answer.remedy, sizeof answer.remedy - 1);
  return answer;
}

Answer carry_out(const Act& act) noexcept {
  try {
    return answer_of(true, act(), "");
  } catch (const Error& error) {
    return answer_of(false, error.what(), error.remedy());
  } catch (const std::exception& error) {
    return answer_of(false, error.what(), "");
  }
}

/// Programs that an attempt starts may print: doctor's output is doctor's.
void silence() {
  const OwnedFd nowhere = sys::open("/dev/null", O_RDWR);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere.get(), fd);
}

[[noreturn]] void live_in_child(uint64_t namespaces, const Identity& identity, const Act& act,
                                const OwnedFd& channel) noexcept {
  std::byte go;
  const Answer answer = carry_out([&] {
    sys::die_with_parent();
    if (!sys::receive_packet(channel, {&go, 1})) ::_exit(1);  // the parent is gone, or could not write the maps
    silence();
    if ((namespaces & CLONE_NEWUSER) != 0) launch::become_session_user(identity);
    sys::die_with_parent();  // the kernel forgets it when ids change
    return act();
  });
  sys::send_packet(channel, std::as_bytes(std::span(&answer, 1)));
  ::_exit(0);
}

std::optional<Answer> wait_for_answer(const OwnedFd& channel) {
  Answer answer;
  if (!sys::receive_packet(channel, std::as_writable_bytes(std::span(&answer, 1)))) return std::nullopt;
  return answer;
}

bool answers_within(const OwnedFd& channel, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd poll{channel.get(), POLLIN, 0};
    const int ready = ::poll(&poll, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

Attempt ended_without_answer(sys::Process& child) {
  const sys::Ending ending = child.wait();
  if (ending.signal != 0)
    return {false, fmt::format("killed by signal {} ({})", ending.signal, ::strsignal(ending.signal)), ""};
  return {false, fmt::format("ended with status {} and said nothing", ending.status), ""};
}

Attempt attempt(uint64_t namespaces, const Identity& identity, const Act& act, std::chrono::milliseconds deadline) {
  auto [ours, theirs] = sys::make_channel();
  sys::Clone clone = sys::clone_into(namespaces);
  if (clone.pid == 0) {
    ours.reset();
    live_in_child(namespaces, identity, act, theirs);
  }
  theirs.reset();  // else end-of-file would never come
  sys::Process child(clone.pid, std::move(clone.pidfd));
  if ((namespaces & CLONE_NEWUSER) != 0) launch::write_id_maps(child.pid(), identity);
  const std::byte go{};
  sys::send_packet(ours, {&go, 1});
  if (!answers_within(ours, deadline)) return {false, fmt::format("no end within {} ms: killed", deadline.count()), ""};
  const std::optional<Answer> answer = wait_for_answer(ours);
  if (!answer) return ended_without_answer(child);
  return {answer->works, answer->text, answer->remedy};
}

}  // namespace

Attempt in_child(uint64_t namespaces, const Identity& identity, const Act& act,
                 std::chrono::milliseconds deadline) try {
  return attempt(namespaces, identity, act, deadline);
} catch (const SysError& error) {
  const bool alone = (namespaces & CLONE_NEWUSER) == 0;
  Attempt failed{false, error.what(), alone ? "" : kNotBegun};
  return alone ? with_cause_of_clone(std::move(failed), error.code()) : failed;
} catch (const Error& error) {
  return {false, error.what(), (namespaces & CLONE_NEWUSER) != 0 ? kNotBegun : ""};
}

Attempt in_child(const Act& act, std::chrono::milliseconds deadline) { return in_child(0, Identity(), act, deadline); }

}  // namespace clawbox::session
