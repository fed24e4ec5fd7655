// What a store has used of its caps: bytes of the host's blocks, and files of every kind. Pure arithmetic.
//
// Ask before an act with the most that it can take, charge afterwards what it took. So the caps are never passed, but
// for what a host file system takes later and behind our back: extent blocks of badly fragmented files (ext4: at most
// 1/340 of their size), XFS's speculative preallocation (given back when the file is closed).
#pragma once

#include <cstdint>

namespace clawbox::store {

struct Caps {
  uint64_t bytes = 0;
  uint64_t files = 0;
};
struct Usage {
  uint64_t bytes = 0;
  uint64_t files = 0;
};

/// Data stops this far below the cap. What is left lets names be made, moved and removed in a full store, and holds
/// the blocks that a directory or an extent tree takes with them.
inline constexpr uint64_t kNameRoom = uint64_t{16} * 1024;

class Quota {
 public:
  explicit Quota(Caps caps, Usage used = {}) : caps_(caps), used_(used), peak_(used) {}

  const Caps& caps() const { return caps_; }
  const Usage& used() const { return used_; }
  const Usage& peak() const { return peak_; }
  /// For data; 0 in a full store.
  uint64_t bytes_left() const;
  bool has_room_for_name() const;  // a further entry of a directory
  bool has_room_for_file() const;  // a further inode, and its name

  void add_file();
  void remove_file();
  /// One file took `before` bytes and takes `after` now.
  void recharge(uint64_t before, uint64_t after);

 private:
  Caps caps_;
  Usage used_, peak_;
};

}  // namespace clawbox::store
