// Reads of other processes' memory that can be given up: process_vm_readv(2) by a helper of ours, with a deadline.
//
// The call waits for whatever the pages need. A page of a file whose server is silent (FUSE, a network) never comes,
// and a program can hold its whole address space locked in a call that waits for such a server (munmap(2) of a mapping
// that was written). No signal ends such a wait, with FUSE not even SIGKILL. To ask /proc/PID/pagemap first would close
// nothing: it waits for the same lock, and another thread takes the page away between question and read. So whoever
// reads what a program chose to point at must be one who can be spared: every such read is the helper's, and who asks
// waits for it in poll(2).
//
// A read that misses the deadline fails with ETIMEDOUT, and the helper is killed and replaced. Since a program may do
// that at will, each miss halves the deadline, down to 50 ms; a minute without one makes it whole. A helper whom the
// kernel holds stays; when kMostStuck do, every read fails at once until one has come back, as further ones would only
// be held too.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "sys/helper.h"
#include "sys/process_memory.h"

namespace clawbox::sys {

class MemoryReader {
 public:
  static constexpr std::size_t kMostPieces = 256, kMostBytes = std::size_t{64} << 10;  // of one read
  static constexpr std::size_t kMostStuck = 16;

  /// `nobody_waits` is asked once, at the first read: whether no page of these processes can make a read wait. Then no
  /// helper is started, and reads cost what the call costs: a tenth of an exec less.
  explicit MemoryReader(std::function<bool()> nobody_waits = nullptr,
                        std::chrono::milliseconds deadline = std::chrono::seconds(1));
  ~MemoryReader();
  MemoryReader(const MemoryReader&) = delete;
  MemoryReader& operator=(const MemoryReader&) = delete;

  /// As read_pieces(), within the limits above. Also ETIMEDOUT, EIO where a helper died, EAGAIN where none could be
  /// started.
  MemoryRead read(pid_t pid, std::span<const iovec> pieces, std::span<char> into);
  std::size_t stuck() const { return stuck_.size(); }

 private:
  using Clock = std::chrono::steady_clock;

  /// Memory that we share with a helper, and no helper with another: one that comes back late writes into its own.
  struct Exchange;
  struct Unmap {
    void operator()(Exchange* exchange) const;
  };

  void start();
  static void serve(const OwnedFd& channel, Exchange& exchange);
  MemoryRead await_reply(std::span<char> into);
  bool replies_in_time();
  void give_up(Clock::time_point now);
  void reap_stuck();

  std::function<bool()> nobody_waits_;  // until it was asked
  bool is_direct_ = false;
  std::chrono::milliseconds deadline_, patience_;
  Clock::time_point missed_;  // the last deadline that was
  std::unique_ptr<Exchange, Unmap> exchange_;
  std::optional<Helper> helper_;
  std::vector<Process> stuck_;  // killed, and not dead yet
};

}  // namespace clawbox::sys
