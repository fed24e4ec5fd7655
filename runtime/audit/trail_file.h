// The newest file of a trail: whole lines only, locked while it is written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/owned_fd.h"

namespace clawbox::audit {

class TrailFile {
 public:
  /// A new file of mode 0600, locked (flock(2)). Throws SysError where `name` is taken.
  TrailFile(const OwnedFd& directory, const std::string& name);
  /// One that is there, open with O_APPEND, locked by the caller, and `size` bytes of whole lines long.
  TrailFile(OwnedFd file, uint64_t size) : file_(std::move(file)), size_(size) {}

  /// The whole line or nothing: what got half written is cut off again, now or, where even that fails, before the next
  /// line. Throws SysError.
  void append(std::string_view line);
  void sync() const;  // fdatasync(2)
  void close();       // unlocks for every descriptor of this opening, inherited ones included
  uint64_t size() const { return size_; }

 private:
  void cut_torn_line();

  OwnedFd file_;
  uint64_t size_ = 0;  // whole lines
  enum class Tail { kWhole, kTorn } tail_ = Tail::kWhole;
};

/// The entries of a directory reach the disk. `directory` may be an O_PATH descriptor.
void sync_directory(const OwnedFd& directory);

}  // namespace clawbox::audit
