#include "supervise/pump.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sys/terminals.h"

namespace clawbox::supervise {
namespace {

constexpr std::size_t kRoom = 65536;

/// Regular files and devices such as /dev/zero are always ready, and epoll refuses them (epoll_ctl(2), EPERM).
bool can_wait(const OwnedFd& fd) {
  struct stat status {};
  if (::fstat(fd.get(), &status) < 0) return false;
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || sys::is_terminal(fd.get());
}

/// A socket of the caller's is not made non-blocking: that would be so for him too.
ssize_t put(const OwnedFd& sink, const char* bytes, std::size_t size) {
  const ssize_t sent = ::send(sink.get(), bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 && errno == ENOTSOCK ? ::write(sink.get(), bytes, size) : sent;
}

bool not_now() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

Pump::Pump(sys::Loop& loop, OwnedFd source, OwnedFd sink, std::function<void()> when_done)
    : loop_(loop),
      source_(std::move(source)),
      sink_(std::move(sink)),
      when_done_(std::move(when_done)),
      buffer_(std::make_unique_for_overwrite<char[]>(kRoom)) {
  watch_source();
}

void Pump::watch_source() {
  if (can_wait(source_)) return loop_.watch(source_.get(), EPOLLIN, [this](uint32_t) { fill(); });
  watch_sink();
}

void Pump::watch_sink() {
  loop_.watch(sink_.get(), EPOLLOUT, [this](uint32_t) { empty(); });
}

void Pump::fill() {
  const ssize_t got = ::read(source_.get(), buffer_.get(), std::min(kRoom, left_.value_or(kRoom)));
  if (got < 0 && not_now()) return;
  if (got <= 0) return finish();  // end-of-file; EIO of a terminal whose other side is closed
  start_ = 0;
  end_ = static_cast<std::size_t>(got);
  if (left_) *left_ -= end_;
  if (!can_wait(sink_)) return empty();
  if (!can_wait(source_)) return;
  loop_.forget(source_.get());
  watch_sink();
}

void Pump::empty() {
  if (start_ == end_) fill();  // a source that cannot be waited for is read when the sink has room
  while (source_ && start_ < end_) {
    const ssize_t written = put(sink_, buffer_.get() + start_, end_ - start_);
    if (written < 0 && not_now()) return;
    if (written < 0) {
      error_ = errno == EPIPE ? 0 : errno;
      return finish();
    }
    start_ += static_cast<std::size_t>(written);
  }
  if (left_ == 0) return finish();
  if (!source_ || !can_wait(source_) || !can_wait(sink_)) return;
  loop_.forget(sink_.get());
  watch_source();
}

void Pump::end_with_what_is_there() {
  int waiting = 0;
  if (done() || left_ || ::ioctl(source_.get(), FIONREAD, &waiting) < 0) return;
  left_ = static_cast<std::size_t>(waiting);
  if (left_ == 0 && start_ == end_) finish();
}

void Pump::finish() {
  close();
  if (when_done_) when_done_();
}

void Pump::close() {
  if (source_) loop_.forget(source_.get());
  if (sink_) loop_.forget(sink_.get());
  source_.reset();
  sink_.reset();
}

}  // namespace clawbox::supervise
