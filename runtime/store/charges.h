// What a file is charged for: its blocks and, where those tell of nothing but data, its names and attributes too.
//
// On btrfs and tmpfs a hard link or an attribute adds nothing to st_blocks, so that a program could make them without
// end. There each name costs a block and each attribute what it holds, in sectors: more than it takes, as a cap has to.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace clawbox::store {

class Charges {
 public:
  enum class BlocksTell { kAll, kOnlyData };
  explicit Charges(BlocksTell blocks_tell = BlocksTell::kAll) : blocks_tell_(blocks_tell) {}
  /// As the file system of `directory` demands it: tried by an attribute of a file without a name.
  static Charges on(int directory);

  /// With all its names; a directory has one.
  uint64_t of(const struct stat& status) const;
  uint64_t of_attribute(std::string_view name, std::size_t size) const;
  bool blocks_tell_all() const { return blocks_tell_ == BlocksTell::kAll; }

 private:
  BlocksTell blocks_tell_;
};

}  // namespace clawbox::store
