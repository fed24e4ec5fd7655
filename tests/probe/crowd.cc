// crowd WHAT [NUMBER] [SECONDS]: many processes at once, or one that does what supervisors trip over; see kActs.
// Exit status 42 when it came out as it should; `crowd end` is a program that only ends so, `crowd die` one that kills
// itself. What it counted is on standard output.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

namespace {

constexpr int kEnded = 42;

struct Size {
  long number = 1;
  long seconds = 1;
};

char kSelf[] = "/proc/self/exe";
const char* own_path = kSelf;

pid_t start(const char* what) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::execl(own_path, "crowd", what, nullptr);
  ::_exit(1);
}

int status_of(pid_t child) {
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool time_is_left(long seconds) {
  static const time_t end = ::time(nullptr) + seconds;
  return ::time(nullptr) < end;
}

/// `number` processes do `turn` until the time is over, or it fails; the sum of their turns, or -1.
long turns_of(const Size& size, const std::function<bool()>& turn) {
  int pipe[2];
  if (::pipe(pipe) < 0) return -1;
  time_is_left(size.seconds);  // the clock of all of them starts here
  for (long i = 0; i < size.number; ++i) {
    const pid_t child = ::fork();
    if (child < 0) return -1;
    if (child > 0) continue;
    long turns = 0;
    bool well = true;
    while (well && time_is_left(size.seconds)) {
      well = turn();
      if (well) ++turns;
    }
    if (!well) turns = -1;
    ::_exit(::write(pipe[1], &turns, sizeof turns) == sizeof turns ? 0 : 1);
  }
  long sum = 0, turns = 0;
  bool well = true;
  ::close(pipe[1]);
  while (::read(pipe[0], &turns, sizeof turns) == sizeof turns) {
    well = well && turns >= 0;
    sum += turns;
  }
  while (::wait(nullptr) > 0) {
  }
  return well ? sum : -1;
}

int said(long turns) {
  std::printf("%ld\n", turns);
  return turns >= 0 ? kEnded : 1;
}

int flood_of_execs(const Size& size) {
  return said(turns_of(size, [] { return status_of(start("end")) == kEnded; }));
}

int flood_of_refusals(const Size& size) {
  return said(turns_of(size, [] { return ::mount("a", "b", "c", 0, nullptr) < 0 && errno == EPERM; }));
}

/// Each has executed a program and was killed, and stays until all of them are there.
int zombies(const Size& size) {
  for (long i = 0; i < size.number; ++i)
    if (start("die") < 0) return 1;
  for (long i = 0; i < size.number; ++i) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) < 0) return 1;
  }
  if (status_of(start("end")) != kEnded) return 1;
  while (::wait(nullptr) > 0) {
  }
  return kEnded;
}

/// Killed at some moment around its exec.
int killed_while_asking(const Size& size) {
  for (long i = 0; i < size.number; ++i) {
    const pid_t child = start("end");
    for (long spin = 0; spin < i * 37 % 200; ++spin) ::getppid();  // a little later each time
    ::kill(child, SIGKILL);
    status_of(child);
  }
  return status_of(start("end"));
}

long install(std::vector<sock_filter> filter, unsigned long flags) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

int second_listener(const Size&) {
  const long listener = install({BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  if (listener >= 0 || errno != EBUSY) return 1;
  return status_of(start("end"));
}

/// As browsers and OpenSSH do: a filter of one's own, below which a program is executed.
int inner_filter(const Size&) {
  const long installed =
      install({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
               BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 1),
               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)},
              0);
  errno = 0;
  if (installed < 0 || ::getpriority(PRIO_PROCESS, 0) != -1 || errno != EDOM) return 1;
  return status_of(start("end"));
}

void* end_process(void*) {
  ::execl(own_path, "crowd", "end", nullptr);
  return nullptr;
}

/// Every thread asks for a program; one of them wins, the others go.
int threads_that_execute(const Size& size) {
  for (long turn = 0; turn < size.seconds; ++turn) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (long i = 0; i < size.number; ++i) {
        pthread_t thread{};
        ::pthread_create(&thread, nullptr, end_process, nullptr);
      }
      for (;;) ::pause();
    }
    if (status_of(child) != kEnded) return 1;
  }
  return kEnded;
}

struct Act {
  const char* name;
  int (*act)(const Size&);
};

constexpr Act kActs[] = {
    {"execs", flood_of_execs},         {"refusals", flood_of_refusals}, {"zombies", zombies},
    {"killed", killed_while_asking},   {"listener", second_listener},   {"filter", inner_filter},
    {"threads", threads_that_execute},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (std::strcmp(argv[1], "end") == 0) return kEnded;
  if (std::strcmp(argv[1], "die") == 0) return ::raise(SIGKILL);
  own_path = argv[0];
  Size size;
  if (argc > 2) size.number = std::atol(argv[2]);
  if (argc > 3) size.seconds = std::atol(argv[3]);
  for (const Act& act : kActs)
    if (std::strcmp(argv[1], act.name) == 0) return act.act(size);
  return 2;
}
