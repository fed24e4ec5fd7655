#include "session/output_log.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>

#include "base/error.h"
#include "sys/files.h"

namespace clawbox::session {

OutputLog::OutputLog(sys::Loop& loop, LogFile file) : loop_(loop), file_(std::move(file)) {
  sys::Pipe pipe = sys::make_pipe();
  source_ = std::move(pipe.read_end);
  sink_ = std::move(pipe.write_end);
  sys::set_nonblocking(source_.get());
  loop_.watch(source_.get(), EPOLLIN, [this](uint32_t) { take(); });
}

OutputLog::~OutputLog() { close(); }

launch::Stdio OutputLog::take_ends() {
  OwnedFd again = sys::duplicate(sink_.get());
  return {launch::NullDevice{}, launch::PassedFd{std::move(sink_)}, launch::PassedFd{std::move(again)}};
}

/// One piece a turn: others have theirs.
void OutputLog::take() {
  std::array<char, 65536> buffer;
  const ssize_t got = ::read(source_.get(), buffer.data(), buffer.size());
  if (got > 0) return file_.append({buffer.data(), static_cast<std::size_t>(got)});
  if (got < 0 && errno == EAGAIN) return;
  close();
}

void OutputLog::close() {
  if (source_) loop_.forget(source_.get());
  source_.reset();
}

}  // namespace clawbox::session
