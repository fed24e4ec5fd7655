#include "launch/file_operation.h"

#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "files/request.h"
#include "files/server.h"
#include "launch/words.h"
#include "sys/processes.h"

namespace clawbox::launch {
namespace {

/// It holds nothing but its stream: neither the channel, which would make it a second voice of pid 1, nor a pipe of a
/// command, whose end somebody waits for.
[[noreturn]] void become_server(const files::Request& request, const OwnedFd& stream) noexcept {
  try {
    sys::new_session();
    sys::reset_signals();
    // A client that goes is an error of one call, and after it what was begun is taken back. SIGTERM comes then, too.
    for (const int ignored : {SIGPIPE, SIGXFSZ, SIGTERM})
      if (::signal(ignored, SIG_IGN) == SIG_ERR) throw_errno("ignoring a signal");
    if (::dup2(stream.get(), STDIN_FILENO) < 0) throw_errno("connecting a descriptor");
    sys::close_from(STDERR_FILENO + 1);
    sys::exit_alone(files::serve(request, OwnedFd(STDIN_FILENO)));
  } catch (const std::exception&) {
    sys::exit_alone(EIO);
  }
}

}  // namespace

Started start_file_operation(const Message& order) {
  if (order.descriptors.size() < 2) throw_sys_error(EPROTO, "a file operation without its stream");
  const files::Request request = files::request_in(command_in(order.descriptors[0]).argv);
  const pid_t pid =
      sys::fork();  // not clone3(2), whose flags the filter cannot read and therefore does not let through
  if (pid == 0) become_server(request, order.descriptors[1]);
  return {pid, {}};
}

}  // namespace clawbox::launch
