// News on their way to the supervisor: kept in order while it is busy, and a sign to take nothing new on while many
// wait.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "base/ip_address.h"
#include "base/owned_fd.h"
#include "egress/news.h"
#include "sys/loop.h"

namespace clawbox::egress {

class Outbox {
 public:
  /// Both outlive it.
  Outbox(sys::Loop& loop, const OwnedFd& channel) : loop_(loop), channel_(channel) {}
  /// Never lost, so the caller keeps to `is_full`. Throws SysError (EPIPE) when the supervisor is gone.
  void tell(const News& news);
  /// Never lost either: another relay would have to give the same names the same addresses. Their number has limits of
  /// its own, egress/names.h.
  void tell_new_name(const News& news);
  /// May be counted instead of told, where they come too fast or were told a moment ago.
  void tell_name(const News& news);
  void tell_denied(const News& news);
  void lose(uint32_t count) { lost_ += count; }
  /// What was counted, about five times a second.
  void tell_counts();
  bool has_counts() const { return lost_ != 0 || !denied_.empty(); }
  bool is_full() const { return waiting_.size() >= kMany; }
  /// When the channel is writable, which `Relay` watches for as long as something waits.
  void flush();
  void flush_and_wait();
  bool is_waiting() const { return !waiting_.empty(); }

 private:
  static constexpr std::size_t kMany = 512;
  bool try_sending(const News& news);
  bool was_told(const News& news, int64_t now);

  sys::Loop& loop_;
  const OwnedFd& channel_;
  std::deque<News> waiting_;
  std::map<std::pair<std::string, News::Outcome>, int64_t> told_;  // names, and when, in milliseconds
  double name_tokens_ = 200;
  int64_t tokens_at_ = 0;
  std::map<std::tuple<sys::Endpoint, uint8_t, News::Outcome>, News> denied_;
  uint32_t lost_ = 0;
};

}  // namespace clawbox::egress
