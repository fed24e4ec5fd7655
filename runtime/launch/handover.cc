#include "launch/handover.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <new>

#include "base/error.h"
#include "seccomp/evaluate.h"

namespace clawbox::launch {

struct Handover::Parcel {
  Packet packet;
  std::atomic<int> listener{-1};  // a number in the shared table, once the packet is written
};

namespace {

bool tells_of_sending(const seccomp::Program& filters) {
  return filters.listens && seccomp::action_of(filters, seccomp::native_call(SYS_sendmsg)) == SECCOMP_RET_USER_NOTIF;
}

/// In the carrier: whatever it closes is closed for pid 1 too, so nothing here is destroyed.
template <class Parcel>
[[noreturn]] void carry(const Parcel& parcel, const OwnedFd& channel) noexcept {
  int listener = -1;
  // Not a futex: no call of pid 1 may be needed to wake us, since the filter may tell of any.
  while ((listener = parcel.listener.load(std::memory_order_acquire)) < 0) ::sched_yield();
  try {
    send(channel, parcel.packet, std::array{listener});
  } catch (const std::exception&) {
    ::shutdown(channel.get(), SHUT_RDWR);  // both ends see end-of-file
  }
  ::close(listener);
  sys::exit_alone(0);
}

}  // namespace

void Handover::Unmap::operator()(Parcel* parcel) const { ::munmap(parcel, sizeof(Parcel)); }

Handover::Handover(const seccomp::Program& filters, const OwnedFd& channel) : channel_(channel) {
  if (!tells_of_sending(filters)) return;
  void* const memory = ::mmap(nullptr, sizeof(Parcel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw_errno("mapping memory for the carrier of the listener");
  parcel_.reset(new (memory) Parcel);
  sys::Clone clone = sys::clone_into(CLONE_FILES);
  if (clone.pid == 0) carry(*parcel_, channel_);
  carrier_ = sys::Process(clone.pid, std::move(clone.pidfd));
}

bool Handover::give(const Packet& ready, OwnedFd listener) {
  if (!parcel_) {
    const std::array<int, 1> given{listener.get()};
    return send(channel_, ready, std::span(given).first(listener ? 1 : 0));
  }
  parcel_->packet = ready;
  parcel_->listener.store(listener.release(), std::memory_order_release);  // the carrier closes it
  return true;
}

void Handover::finish() {
  if (parcel_) carrier_.wait();
  parcel_.reset();
}

}  // namespace clawbox::launch
