#include "egress/dialler.h"

#include <sys/epoll.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace clawbox::egress {
std::vector<sys::Endpoint> interleaved(const std::vector<sys::Endpoint>& candidates) {
  std::vector<sys::Endpoint> first, second, all;
  for (const sys::Endpoint& one : candidates)
    (one.address.family() == candidates.front().address.family() ? first : second).push_back(one);
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) all.push_back(first[i]);
    if (i < second.size()) all.push_back(second[i]);
  }
  return all;
}

Dialler::Dialler(sys::Loop& loop, const Patience& patience, std::vector<sys::Endpoint> candidates, Source source,
                 Done done)
    : loop_(loop),
      patience_(patience),
      candidates_(std::move(candidates)),
      source_(std::move(source)),
      done_(std::move(done)) {}

Dialler::~Dialler() {
  for (Attempt& attempt : attempts_) give_back(attempt);
}

void Dialler::give_back(Attempt& attempt) {
  loop_.forget(attempt.socket.get());
  if (source_.give_back) source_.give_back(attempt.peer.address.family(), std::move(attempt.socket));
}

void Dialler::begin() { try_next(Clock::now()); }

void Dialler::tick(Clock::time_point now) {
  for (auto at = attempts_.begin(); at != attempts_.end();) {
    const Entry attempt = at++;
    if (now >= attempt->until) return give_up(attempt, ETIMEDOUT);
  }
  if (now >= next_at_ && next_ < candidates_.size()) try_next(now);
}

void Dialler::try_next(Clock::time_point now) {
  while (next_ < candidates_.size()) {
    const sys::Endpoint& peer = candidates_[next_++];
    OwnedFd socket = source_.make(peer.address.family());
    const int error = socket ? sys::start_connecting(socket, peer) : (errno != 0 ? errno : EMFILE);
    if (error != 0 && error != EINPROGRESS) {
      problem_ = fmt::format("{}: {}", to_string(peer), ::strerrordesc_np(error));
      if (socket && source_.give_back) source_.give_back(peer.address.family(), std::move(socket));
      continue;
    }
    next_at_ = now + patience_.next_address;
    const Entry attempt = attempts_.insert(attempts_.end(), {std::move(socket), peer, now + patience_.one_address});
    if (error == 0) return settle(attempt);
    return watch(attempt);
  }
  if (attempts_.empty()) finish({{}, {}, problem_.empty() ? "it has no address" : problem_});
}

/// One that cannot be watched, for want of memory or watches, is one that has failed.
void Dialler::watch(Entry attempt) try {
  loop_.watch(attempt->socket.get(), EPOLLOUT, [this, attempt](uint32_t) { settle(attempt); });
} catch (const SysError& error) {
  give_up(attempt, error.code());
}

void Dialler::settle(Entry attempt) {
  if (const int error = sys::error_of(attempt->socket); error != 0) return give_up(attempt, error);
  loop_.forget(attempt->socket.get());
  Result result{std::move(attempt->socket), attempt->peer, {}};
  attempts_.erase(attempt);
  finish(std::move(result));
}

void Dialler::give_up(Entry attempt, int error) {
  problem_ = fmt::format("{}: {}", to_string(attempt->peer), ::strerrordesc_np(error));
  give_back(*attempt);
  attempts_.erase(attempt);
  try_next(Clock::now());
}

/// Last: it may destroy us.
void Dialler::finish(Result result) {
  const Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace clawbox::egress
