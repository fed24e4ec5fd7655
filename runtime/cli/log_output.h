// Standard output of a verb that prints much: in large pieces, through a pager where a person reads it.
#pragma once

#include <string>
#include <string_view>

#include "base/owned_fd.h"

namespace clawbox::cli {

class Output {
 public:
  /// kPager: $PAGER, or `less -FRX`, where standard output is a terminal. An empty $PAGER, or `cat`, is none.
  enum class Through { kPager, kNothing };
  explicit Output(Through through);
  Output(const Output&) = delete;
  /// Waits for the pager to be left.
  ~Output();

  void put(std::string_view text);
  /// Throws Error(kOutputLost) when nothing can be written; a reader that is gone is no error.
  void flush();
  /// Nobody reads any more: the pager was left, or the pipe closed.
  bool gone() const { return gone_; }
  bool has_pager() const { return pager_ > 0; }

 private:
  void start_pager();

  std::string pending_;
  OwnedFd pipe_;  // to the pager
  int pager_ = -1;
  bool gone_ = false;
};

}  // namespace clawbox::cli
