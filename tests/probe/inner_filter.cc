// inner_filter KIND: installs a seccomp filter of its own, as browsers and OpenSSH do, and starts `inner_filter end`
// below it; see kKinds. Exit status 42 when it came out as it should; `end` is a program that only ends so.
//
// inner_filter page FILE: executes itself with a word that lies in FILE, mapped and never touched.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace {

constexpr int kEnded = 42;
const char* own_path = nullptr;
volatile sig_atomic_t trapped = 0;

/// For all threads: `action` on `call`, and everything else is allowed.
bool install(unsigned call, unsigned action) {
  sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), BPF_STMT(BPF_RET | BPF_K, action),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{sizeof filter / sizeof *filter, filter};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

int execute_end() { return ::execl(own_path, "inner_filter", "end", nullptr); }

int trap_execve() {
  struct sigaction action {};
  action.sa_handler = [](int) { trapped = 1; };
  ::sigaction(SIGSYS, &action, nullptr);
  if (!install(SYS_execve, SECCOMP_RET_TRAP)) return 1;
  execute_end();
  return trapped == 1 ? kEnded : 1;
}

int refuse_execve() {
  if (!install(SYS_execve, SECCOMP_RET_ERRNO | EDOM)) return 1;
  return execute_end() < 0 && errno == EDOM ? kEnded : 1;
}

int kill_at_execve() { return install(SYS_execve, SECCOMP_RET_KILL_PROCESS) ? execute_end() : 1; }

/// The kernel takes the listener for more important than a tracer, of whom there is none.
int trace_execve() { return install(SYS_execve, SECCOMP_RET_TRACE) ? execute_end() : 1; }

int kill_at_exit() { return install(SYS_exit_group, SECCOMP_RET_KILL_PROCESS) ? kEnded : 1; }

void* execute_in_thread(void*) {
  execute_end();
  return nullptr;
}

int in_all_threads() {
  pthread_t thread{};
  pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
  ::pthread_mutex_lock(&held);
  const auto wait = [](void* mutex) -> void* {
    ::pthread_mutex_lock(static_cast<pthread_mutex_t*>(mutex));
    return execute_in_thread(nullptr);
  };
  if (::pthread_create(&thread, nullptr, wait, &held) != 0 || !install(SYS_getpriority, SECCOMP_RET_ERRNO | EDOM))
    return 1;
  ::pthread_mutex_unlock(&held);
  ::pthread_join(thread, nullptr);
  return 1;
}

struct Kind {
  const char* name;
  int (*act)();
};

constexpr Kind kKinds[] = {{"trap", trap_execve},   {"refuse", refuse_execve},   {"kill", kill_at_execve},
                           {"trace", trace_execve}, {"kill-exit", kill_at_exit}, {"threads", in_all_threads}};

int word_in_page(const char* path) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  void* const page = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file, 0);
  if (page == MAP_FAILED) return 1;
  return ::execl(own_path, "inner_filter", "end", static_cast<const char*>(page), nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (std::strcmp(argv[1], "end") == 0) return kEnded;
  own_path = argv[0];
  if (argc > 2 && std::strcmp(argv[1], "page") == 0) return word_in_page(argv[2]);
  for (const Kind& kind : kKinds)
    if (std::strcmp(argv[1], kind.name) == 0) return kind.act();
  return 2;
}
