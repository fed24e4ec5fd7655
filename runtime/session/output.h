// What a verb gives away: much text on standard output, through a pager where a person reads it; or a file.
#pragma once

#include <string>
#include <string_view>

#include "base/owned_fd.h"

namespace clawbox::session {

/// Standard output, written in large pieces.
class Output {
 public:
  /// kPager: $PAGER, or `less -FRX`, where standard output is a terminal. An empty $PAGER, or `cat`, is none; one that
  /// cannot be run is told by its shell, and the text goes to the terminal itself.
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
  bool is_terminal() const;

 private:
  void start_pager();
  void page(std::string_view text);
  void print(std::string_view text);
  void end_pager();

  std::string pending_;
  OwnedFd out_, pipe_;  // standard output, the pager's input
  std::string unread_;  // what the pipe took before anybody can have read it
  std::size_t capacity_ = 0;
  int pager_ = -1;
  bool gone_ = false;
};

/// A file for the caller alone, and not through a symlink. Throws Error(kOutputLost) with a remedy.
void write_private_file(const std::string& path, std::string_view text);

}  // namespace clawbox::session
