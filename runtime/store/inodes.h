// The files that the kernel knows by a number, and where each of them is: below which directory, under which name.
//
// A file of the host has one node, however many names it has; the node keeps the name that was looked up last. It lives
// while the kernel has references to it or a node below it lives, so that the way up to the root is always known.
// A node has a descriptor only if it is a directory or an open file, and seldom at that (see descriptors.h): 200,000
// cached files must not need as many descriptors.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/owned_fd.h"
#include "store/charges.h"

namespace clawbox::store {

struct Node {
  enum class Opened : uint8_t { kNo, kPath, kRead, kReadWrite };
  enum class Life : uint8_t {
    kNamed,
    kOrphan,
    kRemoved
  };  // kOrphan: without a name; kRemoved: a directory that is gone

  uint64_t id = 0;  // as the kernel names it
  uint64_t generation = 0;
  uint64_t inode = 0;    // on the host
  uint64_t lookups = 0;  // the kernel's references
  uint64_t charged = 0;  // bytes that the quota counts for it; of a node made for a file from before: as it is found
  Node* parent = nullptr;
  uint32_t children = 0;  // nodes that have this one as their parent
  mode_t mode = 0;
  OwnedFd fd;
  Opened opened = Opened::kNo;
  Life life = Life::kNamed;
  bool pinned = false;    // the descriptor is the only way to it
  bool recently = false;  // used since the clock's hand passed: descriptors.cc
  uint16_t place = 0;     // of the descriptor, in the ring there
  std::string name;       // in the parent; empty: the root, or no name is known any more
};

class Inodes {
 public:
  Inodes(const struct stat& root, Charges charges);

  Node& root() { return *nodes_.front(); }
  Node* find(uint64_t id);                 // null: not a number that we gave
  Node* with_inode(uint64_t inode) const;  // null: the kernel does not know it
  /// The node of what `parent` holds under `name`, new or known; the kernel gets one more reference to it.
  Node& look_up(const struct stat& status, Node& parent, std::string_view name);
  /// A file without a name.
  Node& look_up_unnamed(const struct stat& status);
  void move(Node& node, Node& parent, std::string_view name);
  /// Its inode number may be given to another file from now on.
  void remove_directory(Node& node);
  /// The node does not know its name any more; it has a descriptor then.
  void unname(Node& node);

  /// Takes `count` references back. `leaving(node)` is called for each node that goes, before it goes.
  template <class Leaving>
  void forget(Node& node, uint64_t count, Leaving&& leaving) {
    node.lookups -= std::min(node.lookups, count);
    for (Node* last = &node; last != nullptr && last != nodes_.front().get() && last->lookups + last->children == 0;) {
      Node* const parent = last->parent;
      leaving(*last);
      erase(*last);
      last = parent;
    }
  }

 private:
  Node& make(const struct stat& status);
  void erase(Node& node);

  Charges charges_;
  std::vector<std::unique_ptr<Node>> nodes_;  // id - 1
  std::vector<uint64_t> free_;                // ids whose place is empty
  std::unordered_map<uint64_t, Node*> by_inode_;
  uint64_t generation_ = 0;  // so that a number which is given again is another file to the kernel
};

}  // namespace clawbox::store
