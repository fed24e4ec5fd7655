#include "egress/outbox.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "sys/channel.h"
#include "sys/clock.h"

namespace clawbox::egress {
namespace {

constexpr int64_t kToldAgain = 10'000;  // milliseconds until the same name is told again
constexpr std::size_t kMostTold = 4096;
constexpr double kNamesPerSecond = 50, kNamesAtOnce = 200;
constexpr std::size_t kMostDenied = 64;  // different peers, told at a time

int64_t now_ms() { return std::chrono::duration_cast<std::chrono::milliseconds>(sys::boot_time()).count(); }

}  // namespace

bool Outbox::try_sending(const News& news) {
  if (::send(channel_.get(), &news, sizeof news, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return true;
  if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) return false;
  throw_errno("telling the supervisor");
}

void Outbox::tell(const News& news) {
  if (waiting_.empty() && try_sending(news)) return;
  waiting_.push_back(news);
  loop_.change(channel_.get(), EPOLLIN | EPOLLOUT);
}

void Outbox::flush() {
  while (!waiting_.empty()) {
    if (!try_sending(waiting_.front())) return;
    waiting_.pop_front();
  }
  loop_.change(channel_.get(), EPOLLIN);
}

void Outbox::flush_and_wait() {
  for (; !waiting_.empty(); waiting_.pop_front())
    sys::send_packet(channel_, std::as_bytes(std::span(&waiting_.front(), 1)));
}

bool Outbox::was_told(const News& news, int64_t now) {
  if (told_.size() >= kMostTold) told_.clear();
  const auto [at, is_new] = told_.try_emplace({text_in(news.name), news.outcome}, now);
  if (!is_new && now - at->second < kToldAgain) return true;
  at->second = now;
  return false;
}

void Outbox::tell_new_name(const News& news) {
  was_told(news, now_ms());
  tell(news);
}

void Outbox::tell_name(const News& news) {
  const int64_t now = now_ms();
  if (was_told(news, now)) return;
  name_tokens_ = std::min(kNamesAtOnce, name_tokens_ + static_cast<double>(now - tokens_at_) * kNamesPerSecond / 1000);
  tokens_at_ = now;
  if (name_tokens_ < 1 || is_full()) {
    ++lost_;
    return;
  }
  --name_tokens_;
  tell(news);
}

void Outbox::tell_denied(const News& news) {
  const std::tuple key{sys::Endpoint{news.ip(), news.port}, news.protocol, news.outcome};
  const auto at = denied_.find(key);
  if (at != denied_.end()) {
    at->second.count += news.count;
  } else if (denied_.size() < kMostDenied) {
    denied_.emplace(key, news);
  } else {
    lost_ += news.count;
  }
}

void Outbox::tell_counts() {
  for (const auto& [unused, news] : denied_) tell(news);
  denied_.clear();
  if (lost_ == 0) return;
  News lost;
  lost.kind = News::Kind::kLost;
  lost.count = std::exchange(lost_, 0);
  tell(lost);
}

}  // namespace clawbox::egress
