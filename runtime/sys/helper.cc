#include "sys/helper.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "sys/channel.h"
#include "sys/process_facts.h"

namespace clawbox::sys {
namespace {

constexpr int kChannel = 3;

/// Descriptors 0 to 2 are /dev/null, 3 the channel, and nothing else is open.
OwnedFd keep_only(OwnedFd channel) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int high = ::fcntl(channel.get(), F_DUPFD_CLOEXEC, kChannel + 1);
  if (null < 0 || high < 0) throw_errno("keeping the channel");
  for (const int standard : {0, 1, 2})
    if (::dup2(null, standard) < 0) throw_errno("closing the standard descriptors");
  if (::dup3(high, kChannel, O_CLOEXEC) < 0) throw_errno("keeping the channel");
  if (channel.get() <= kChannel) channel.release();  // its number is taken
  channel = OwnedFd(kChannel);
  close_from(kChannel + 1);
  return channel;
}

[[noreturn]] void run(const std::function<void(OwnedFd)>& work, OwnedFd channel) {
  try {
    die_with_parent();
    reset_signals();
    new_session();  // or Ctrl-C in our terminal would end it before us
    channel = keep_only(std::move(channel));
    set_dumpable(Dumpable::kNo);
    work(std::move(channel));
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

}  // namespace

Helper start_helper(const std::function<void(OwnedFd channel)>& work) {
  auto [ours, theirs] = make_channel();
  const pid_t pid = fork();  // not clone3: its child may call nothing that takes locks
  if (pid == 0) run(work, std::move(theirs));
  auto pidfd = pidfd_of(pid);  // our child, not reaped: it is there
  return {Process(pid, pidfd ? std::move(*pidfd) : OwnedFd()), std::move(ours)};
}

void abandon(Helper helper) {
  helper.process.kill();
  if (!helper.process.ended()) helper.process.release();
}

}  // namespace clawbox::sys
