// The descriptors through which nodes are reached: opened when they are needed, a few kept, the rest closed again.
//
// Every look-up is one component in a directory that we opened ourselves, without symlinks (openat2(2), RESOLVE_BENEATH
// | NO_SYMLINKS | NO_MAGICLINKS | NO_XDEV). So no path is ever built, and a deep tree needs no long one. A descriptor
// of a file that has lost its name is pinned: it stays until the kernel forgets the file. Errors are errno and -1, not
// exceptions: each one is an answer to the sandbox.
#pragma once

#include <array>
#include <string>

#include "base/owned_fd.h"
#include "store/inodes.h"

namespace clawbox::store {

class Descriptors {
 public:
  /// `proc`: /proc/self/fd, where a pinned file is opened once more.
  Descriptors(OwnedFd root, OwnedFd proc) : root_(std::move(root)), proc_(std::move(proc)) {}

  /// -1 with errno. Valid until the call after the next one: renaming needs two at a time.
  int directory(Node& node);
  /// A regular file, for reading or for both.
  int file(Node& node, Node::Opened as);
  /// Anything that is not a directory, so that it can be reached without its name. False with errno.
  bool pin(Node& node);
  /// It has a name again.
  void unpin(Node& node);
  /// The descriptor of a file that was just made.
  void keep(Node& node, OwnedFd fd, Node::Opened as);
  void close(Node& node);
  /// For linkat(2): the file behind a pinned descriptor as a name in this directory, AT_SYMLINK_FOLLOW.
  int proc() const { return proc_.get(); }
  int root() const { return root_.get(); }

 private:
  static constexpr std::size_t kKept = 256;

  OwnedFd open_child(int directory, const std::string& name, int flags) const;
  OwnedFd reopen(Node& node, Node::Opened as);
  void touch(Node& node);
  std::size_t free_place();

  OwnedFd root_, proc_;
  std::array<Node*, kKept> ring_{};  // the second-chance ("clock") way to tell what was not used lately
  std::size_t hand_ = 0;
  const Node* latest_ = nullptr;  // never closed to make room
};

}  // namespace clawbox::store
