#include "supervise/digest_worker.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/sha256.h"
#include "base/error.h"
#include "plan/plan.h"
#include "seccomp/compile.h"
#include "seccomp/install.h"
#include "sys/channel.h"
#include "sys/landlock.h"
#include "sys/privileges.h"

namespace clawbox::supervise {
namespace {

/// Every way to write, and no path where it is allowed. Reading is not handled: the sandbox's files are not below a
/// path of ours.
void refuse_writing() {
  const int abi = sys::landlock_abi();
  if (abi == 0) return;  // seccomp alone then
  uint64_t writing = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
  if (abi >= 3) writing |= sys::kLandlockTruncate;
  sys::landlock_restrict_self(sys::landlock_ruleset({.access_fs = writing}));
}

void allow_only_reading() {
  SyscallPolicy policy;
  for (const char* call :
       {"read",    "close",  "statx",         "recvmsg",         "sendmsg",      "munmap",         "brk",
        "madvise", "futex",  "getrandom",     "exit_group",      "rt_sigreturn", "rt_sigprocmask", "getpid",
        "gettid",  "tgkill", "clock_gettime", "restart_syscall", "mremap",       "fadvise64"})
    policy.allow.push_back({.call = call});
  constexpr uint64_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
  policy.allow.push_back({.call = "openat", .tests = {{.index = 2, .mask = kWriting, .equals = O_RDONLY}}});
  for (const char* call : {"mmap", "mprotect"})
    policy.allow.push_back({.call = call, .tests = {{.index = 2, .mask = PROT_EXEC, .equals = 0}}});
  seccomp::install(seccomp::compile(policy));
}

/// Without waiting for a device's carrier or a pipe's other end; only regular files get here.
OwnedFd reopen(const OwnedFd& file) {
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  return OwnedFd(::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

/// What the kernel would start: load_script in fs/binfmt_script.c, whose line ends at 256 bytes.
std::string_view interpreter_in(std::string_view beginning) {
  if (!beginning.starts_with("#!")) return {};
  std::string_view line = beginning.substr(2, sizeof DigestReply::interpreter - 2);
  line = line.substr(0, line.find_first_of(std::string_view("\n\0", 2)));
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line.substr(0, line.find_last_not_of(" \t") + 1);
}

class Reader {
 public:
  DigestReply read(const OwnedFd& file) {
    const auto before = sys::try_file_status(file);
    if (!before) return {.error = errno};
    DigestReply reply{.identity = before->identity};
    if (!S_ISREG(before->mode)) reply.error = EINVAL;
    if (reply.error == 0) reply.error = digest(file, reply);
    if (reply.error != 0) return reply;
    const auto after = sys::try_file_status(file);
    if (!after || after->identity != before->identity) reply.error = ESTALE;
    return reply;
  }

 private:
  int digest(const OwnedFd& file, DigestReply& reply) {
    const OwnedFd open = reopen(file);
    if (!open) return errno;
    audit::Sha256 sha256;
    for (bool first = true;; first = false) {
      const ssize_t got = ::read(open.get(), buffer_.data(), buffer_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno;
      const auto bytes = std::span(buffer_).first(static_cast<std::size_t>(got));
      if (first) note_interpreter({bytes.data(), bytes.size()}, reply);
      if (got == 0) break;
      sha256.add({bytes.data(), bytes.size()});
    }
    reply.sha256 = sha256.finish();
    return 0;
  }

  static void note_interpreter(std::string_view beginning, DigestReply& reply) {
    const std::string_view interpreter = interpreter_in(beginning);
    reply.interpreter_size = static_cast<uint32_t>(interpreter.size());
    std::copy(interpreter.begin(), interpreter.end(), reply.interpreter);
  }

  std::vector<char> buffer_ = std::vector<char>(std::size_t{256} * 1024);
};

void serve(const OwnedFd& channel) {
  Reader reader;
  sys::set_no_new_privileges();
  refuse_writing();
  allow_only_reading();
  DigestRequest request;
  while (const auto received = sys::receive_packet(channel, std::as_writable_bytes(std::span(&request, 1)))) {
    if (received->descriptors.size() != 1) return;
    const DigestReply reply = reader.read(received->descriptors.front());
    if (!sys::send_packet(channel, std::as_bytes(std::span(&reply, 1)))) return;
  }
}

}  // namespace

sys::Helper start_digest_worker() { return sys::start_helper(serve); }

}  // namespace clawbox::supervise
