#include "session/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <functional>

#include "base/error.h"
#include "base/text.h"
#include "sys/files.h"
#include "sys/processes.h"

namespace clawbox::session {
namespace {

constexpr std::size_t kMostText = std::size_t{256} << 20;
constexpr std::size_t kMostOfFile = std::size_t{1} << 30;
constexpr std::size_t kMostComplaint = std::size_t{1} << 20;

/// What a program prints, which may come from a sandbox and have no end.
struct Stream {
  sys::Pipe pipe = sys::make_pipe();
  std::size_t left;
  std::function<void(std::string_view)> take;

  /// False at its end.
  bool read_some() {
    std::array<char, 65536> buffer;
    const ssize_t count = ::read(pipe.read_end.get(), buffer.data(), buffer.size());
    if (count <= 0) return count < 0 && errno == EINTR;
    if (static_cast<std::size_t>(count) > left)
      throw Error(ExitStatus::kStateUnusable, "a program printed more than is read of it");
    left -= static_cast<std::size_t>(count);
    take({buffer.data(), static_cast<std::size_t>(count)});
    return true;
  }
};

void read_to_their_ends(Stream& out, Stream& err) {
  std::array<pollfd, 2> ends{{{out.pipe.read_end.get(), POLLIN, 0}, {err.pipe.read_end.get(), POLLIN, 0}}};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    if (::poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) throw_errno("waiting for what a program prints");
    for (std::size_t i = 0; i < ends.size(); ++i)
      if (ends[i].fd >= 0 && ends[i].revents != 0 && !(i == 0 ? out : err).read_some()) ends[i].fd = -1;
  }
}

[[noreturn]] void become(const sys::ExecWords& words, const Given& given, const OwnedFd& out, const OwnedFd& err) {
  const OwnedFd null = sys::open("/dev/null", O_RDONLY);
  ::dup2(given.in != nullptr ? given.in->get() : null.get(), STDIN_FILENO);
  ::dup2(out.get(), STDOUT_FILENO);
  ::dup2(err.get(), STDERR_FILENO);
  sys::close_from(STDERR_FILENO + 1);
  sys::reset_signals();
  if (given.memory != 0) sys::set_limit(RLIMIT_AS, given.memory);
  sys::exec(words);
  ::_exit(static_cast<int>(ExitStatus::kNotExecutable));
}

}  // namespace

Ran run_program(const std::vector<std::string>& argv, const std::vector<std::string>& environment, Given given) {
  const sys::ExecWords words(argv, environment);
  if (::access(words.program().c_str(), X_OK) != 0)
    throw Error(ExitStatus::kFeatureMissing, fmt::format("there is no program {}", in_quotes(argv.front())),
                fmt::format("install {0}, or put the directory of {0} on PATH", argv.front()));
  Ran ran;
  Stream output{.left = kMostText, .take = [&](std::string_view text) { ran.out += text; }};
  if (given.out != nullptr) {
    output.left = kMostOfFile;
    output.take = [&](std::string_view text) { sys::write_all(*given.out, text, "what a program printed"); };
  }
  Stream complaint{.left = kMostComplaint, .take = [&](std::string_view text) { ran.err += text; }};
  sys::Clone clone = sys::clone_into(0);
  if (clone.pid == 0) {
    sys::die_with_parent();
    become(words, given, output.pipe.write_end, complaint.pipe.write_end);
  }
  sys::Process child(clone.pid, std::move(clone.pidfd));  // killed where its output is too much
  output.pipe.write_end.reset();
  complaint.pipe.write_end.reset();
  read_to_their_ends(output, complaint);
  const sys::Ending ending = child.wait();
  ran.status = ending.signal != 0 ? static_cast<int>(ExitStatus::kSignalBase) + ending.signal : ending.status;
  return ran;
}

}  // namespace clawbox::session
