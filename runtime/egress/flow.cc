#include "egress/flow.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace clawbox::egress {
namespace {

constexpr std::size_t kBulk = std::size_t{64} << 10;  // a read of this size says that more is coming
constexpr std::size_t kPooledPipes = 32;
constexpr std::size_t kLittle = std::size_t{8} << 10;
constexpr int kRounds = 8;  // before others have their turn

bool would_wait() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

void End::note(uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable = true;
  if ((events & (EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) is_ending = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable = true;
}

std::span<char> FlowPool::room() {
  const std::span<char> all(buffer_);
  return is_full() ? all.first(kLittle) : all;
}

Pipe FlowPool::take_pipe() {
  if (!pipes_.empty()) {
    Pipe pipe = std::move(pipes_.back());
    pipes_.pop_back();
    return pipe;
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return {};
  ::fcntl(ends[1], F_SETPIPE_SZ, kFlowBuffer);  // over the user's share of pipe memory: it stays as it is
  return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

void FlowPool::give_back(Pipe pipe) {
  if (pipes_.size() < kPooledPipes) pipes_.push_back(std::move(pipe));
}

Flow::~Flow() {
  if (pipe_ && in_pipe_ == 0) pool_->give_back(std::move(pipe_));
  hold({});
}

void Flow::hold(std::string bytes) {
  pool_->let_go(pending_.size());
  pending_ = std::move(bytes);
  pool_->hold(pending_.size());
}

Flow::Step Flow::move(End& from, End& to) {
  if (has_ended_) return Step::kEnded;
  for (int round = 0; round < kRounds; ++round) {
    Moved moved = flush(to);
    if (moved == Moved::kSome) moved = fill(from, to);
    if (moved == Moved::kWaits) return Step::kWaits;
    if (moved == Moved::kBroken) return Step::kBroken;
    if (moved == Moved::kEnd) {
      has_ended_ = true;
      ::shutdown(to.socket.get(), SHUT_WR);
      return Step::kEnded;
    }
  }
  return Step::kMore;
}

/// kSome: nothing is held any more.
Flow::Moved Flow::flush(End& to) {
  if (sent_ < pending_.size()) {
    const Moved moved = send(std::string_view(pending_).substr(sent_), to);
    if (moved != Moved::kSome) return moved;
  }
  if (!pending_.empty()) hold({}), sent_ = 0;
  return in_pipe_ > 0 ? splice_out(to) : Moved::kSome;
}

/// All of it, or kWaits with `sent_` moved on.
Flow::Moved Flow::send(std::string_view bytes, End& to) {
  while (!bytes.empty()) {
    if (!to.writable) return Moved::kWaits;
    const ssize_t sent = ::send(to.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && would_wait()) {
      to.writable = errno == EINTR;
      continue;
    }
    if (sent < 0) return Moved::kBroken;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    sent_ += static_cast<std::size_t>(sent);
    bytes_ += static_cast<uint64_t>(sent);
  }
  return Moved::kSome;
}

Flow::Moved Flow::fill(End& from, End& to) {
  if (at_end_) return Moved::kEnd;
  if (!from.readable) return Moved::kWaits;
  if (is_bulk_ && !pipe_) pipe_ = pool_->take_pipe();
  return is_bulk_ && pipe_ ? splice_in(from) : copy(from, to);
}

Flow::Moved Flow::copy(End& from, End& to) {
  const std::span<char> buffer = pool_->room();
  const ssize_t got = ::recv(from.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && would_wait()) {
    from.readable = errno == EINTR;
    return from.readable ? Moved::kSome : Moved::kWaits;
  }
  if (got < 0) return Moved::kBroken;
  if (got == 0) return at_end_ = true, Moved::kEnd;
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  if (bytes.size() < buffer.size() && !from.is_ending) from.readable = false;  // epoll(7): that was all
  is_bulk_ = bytes.size() >= kBulk;
  sent_ = 0;
  const Moved moved = send(bytes, to);
  if (moved == Moved::kWaits) hold(std::string(bytes.substr(sent_)));
  sent_ = 0;
  return moved;
}

/// Into an empty pipe, so "would wait" can only mean the source.
Flow::Moved Flow::splice_in(End& from) {
  const ssize_t got =
      ::splice(from.socket.get(), nullptr, pipe_.in.get(), nullptr, kFlowBuffer, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (got < 0 && would_wait()) {
    from.readable = errno == EINTR;
    if (from.readable) return Moved::kSome;
    pool_->give_back(std::exchange(pipe_, {}));
    is_bulk_ = false;
    return Moved::kWaits;
  }
  if (got < 0) return Moved::kBroken;
  if (got == 0) return at_end_ = true, Moved::kEnd;
  in_pipe_ = static_cast<std::size_t>(got);
  return Moved::kSome;
}

Flow::Moved Flow::splice_out(End& to) {
  while (in_pipe_ > 0) {
    if (!to.writable) return Moved::kWaits;
    const ssize_t sent =
        ::splice(pipe_.out.get(), nullptr, to.socket.get(), nullptr, in_pipe_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (sent < 0 && would_wait()) {
      to.writable = errno == EINTR;
      continue;
    }
    if (sent <= 0) return Moved::kBroken;
    in_pipe_ -= static_cast<std::size_t>(sent);
    bytes_ += static_cast<uint64_t>(sent);
  }
  return Moved::kSome;
}

}  // namespace clawbox::egress
