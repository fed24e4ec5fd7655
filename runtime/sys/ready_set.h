// Several descriptors behind one: readable when any of them is. For a part that has descriptors of its own, which come
// and go, and a loop that watches one. epoll(7).
#pragma once

#include "base/owned_fd.h"

namespace clawbox::sys {

class ReadySet {
 public:
  ReadySet();
  int fd() const { return epoll_.get(); }
  void add(int fd);
  void remove(int fd);

 private:
  OwnedFd epoll_;
};

/// Whether reading would not wait: data, end-of-file or an error is there.
bool is_readable(int fd);

}  // namespace clawbox::sys
