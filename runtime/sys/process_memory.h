// Another process's memory, by process_vm_readv(2): what a call that waits at the seccomp listener points to.
//
// All of it is hearsay: another thread may change it while we read and afterwards. The pid may have been given to
// another process, so the caller asks SECCOMP_IOCTL_NOTIF_ID_VALID *after* reading. Why a read failed is errno: EPERM
// (not ours to read: a program whose file cannot be read, Yama 3), ESRCH (gone, or a zombie), EFAULT (nothing mapped
// there). /proc/PID/mem is no substitute: it refuses where this works (user namespace without a map, not dumpable).
// A program can make a read wait for as long as it likes: what it chose to point at is read through a MemoryReader, and
// ETIMEDOUT is then a reason too.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace clawbox::sys {

/// `size` bytes came; `error` says why not all did, 0 if all did.
struct MemoryRead {
  std::size_t size = 0;
  int error = 0;
};

/// The call itself: `pieces` of the process, one after the other, into one.
MemoryRead read_pieces(pid_t pid, std::span<const iovec> pieces, std::span<char> into);

class MemoryReader;

struct MemoryString {
  std::string bytes;
  enum class End { kNul, kLimit, kUnreadable } end = End::kNul;
  int error = 0;  // kUnreadable
};

struct VectorLimits {
  std::size_t words = 1024;
  std::size_t bytes = std::size_t{128} * 1024;
};

/// What argv or envp holds. The last of `words` may be cut: its rest is in `bytes_left_out`.
struct StringVector {
  std::vector<std::string> words;
  uint64_t words_left_out = 0;
  uint64_t bytes_left_out = 0;
  enum class Counted { kAll, kAtLeast } counted = Counted::kAll;  // of what was left out; counting is bounded too
  int error = 0;  // the word after the last of `words`, or the vector itself, could not be read
};

class ProcessMemory {
 public:
  /// Of a process that we trust not to make us wait.
  explicit ProcessMemory(pid_t pid) : pid_(pid) {}
  ProcessMemory(pid_t pid, MemoryReader& reader) : pid_(pid), reader_(&reader) {}

  pid_t pid() const { return pid_; }
  /// One of what read() makes its reads of; within the limits of MemoryReader.
  MemoryRead read(std::span<const iovec> pieces, std::span<char> into) const;
  /// As far as memory is mapped, page by page.
  MemoryRead read(uint64_t address, std::span<char> into) const;
  /// Up to a NUL, which is not in `bytes`; at most `limit` bytes. One system call for fewer than 256.
  MemoryString read_string(uint64_t address, std::size_t limit) const;
  /// Up to a null pointer. Two system calls for up to 127 words of fewer than 256 bytes, whatever the process does
  /// some 100 calls and 1 MiB. A null `address` is an empty vector, as the kernel takes it.
  StringVector read_string_vector(uint64_t address, VectorLimits limits = {}) const;
  /// How many strings such a vector has, without reading them; at most 65536. What cannot be read ends it.
  uint64_t count_strings(uint64_t address) const;

 private:
  pid_t pid_;
  MemoryReader* reader_ = nullptr;
};

}  // namespace clawbox::sys
