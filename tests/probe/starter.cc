// starter WAY PROGRAM: starts PROGRAM in that way, with argv {WAY, "end"}; exit status 42 when it did so and ended so.
// starter … end …, and starter without words: is such a program, exit status 42.
//
// Static and with nothing of clawbox in it, as everything in this directory.
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

extern char** environ;

namespace {

constexpr int kEnded = 42;

struct Words {  // what the way is called with
  char* way;
  char* program;
  char* end[3];  // {way, "end", nullptr}
};

using Start = int (*)(const Words&);  // returns only where it starts a child, with its exit status, or fails

char kEnd[] = "end";

int status_of(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) < 0) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int by_execve(const Words& words) { return ::execve(words.program, words.end, environ); }
int by_execl(const Words& words) { return ::execl(words.program, words.way, "end", nullptr); }

int by_execvp(const Words& words) { return ::execvp(words.program, words.end); }

/// The directory of the program is the last one; the first ones hold nothing, or are none.
int by_path_search(const Words& words) {
  const std::string program = words.program;
  const std::size_t slash = program.rfind('/');
  ::setenv("PATH", ("/usr/lib:/clawbox-none:" + program.substr(0, slash)).c_str(), 1);
  return ::execvp(program.c_str() + slash + 1, words.end);
}

int by_execveat(const Words& words) {
  const std::string program = words.program;
  const std::size_t slash = program.rfind('/');
  const int directory = ::open(program.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (::chdir("/") < 0) return 1;
  return ::execveat(directory, program.c_str() + slash + 1, words.end, environ, 0);
}

int by_descriptor(const Words& words) {
  return ::fexecve(::open(words.program, O_RDONLY | O_CLOEXEC), words.end, environ);
}

int by_proc_fd(const Words& words) {
  const int file = ::open(words.program, O_RDONLY);
  return ::execve(("/proc/self/fd/" + std::to_string(file)).c_str(), words.end, environ);
}

int by_proc_exe(const Words& words) { return ::execve("/proc/self/exe", words.end, environ); }

int by_memfd(const Words& words) {
  const int from = ::open(words.program, O_RDONLY | O_CLOEXEC);
  const int to = ::memfd_create("clawbox-starter", MFD_CLOEXEC);
  struct stat status {};
  ::fstat(from, &status);
  for (off_t at = 0; at < status.st_size;)
    if (::sendfile(to, from, &at, static_cast<std::size_t>(status.st_size - at)) <= 0) return 1;
  return ::fexecve(to, words.end, environ);
}

int by_vfork(const Words& words) {
  const pid_t child = ::vfork();
  if (child == 0) {
    ::execve(words.program, words.end, environ);
    ::_exit(1);
  }
  return status_of(child);
}

int by_spawn(const Words& words) {
  pid_t child = -1;
  if (::posix_spawn(&child, words.program, nullptr, nullptr, words.end, environ) != 0) return 1;
  return status_of(child);
}

std::string shell_text(const Words& words) { return std::string("exec ") + words.program + " " + words.way + " end"; }

int by_system(const Words& words) {
  const int status = std::system(shell_text(words).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int by_popen(const Words& words) {
  FILE* const pipe = ::popen(shell_text(words).c_str(), "r");
  if (pipe == nullptr) return 1;
  const int status = ::pclose(pipe);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

void* execute_in_thread(void* words) {
  by_execve(*static_cast<const Words*>(words));
  ::_exit(1);
}

int by_thread(const Words& words) {
  pthread_t thread{};
  if (::pthread_create(&thread, nullptr, execute_in_thread, const_cast<Words*>(&words)) != 0) return 1;
  for (;;) ::pause();
}

/// The leader is a zombie when its thread executes.
int by_thread_alone(const Words& words) {
  pthread_t thread{};
  const auto late = [](void* given) -> void* {
    ::usleep(30'000);
    return execute_in_thread(given);
  };
  if (::pthread_create(&thread, nullptr, late, const_cast<Words*>(&words)) != 0) return 1;
  ::syscall(SYS_exit, 0);
  return 1;
}

/// Two threads at the same time; the kernel takes longer with the words of one.
int by_rivals(const Words& words) {
  pthread_t thread{};
  const auto slow = [](void* given) -> void* {
    static std::string many(100'000, 'x');
    char* list[22]{};
    list[0] = const_cast<char*>("target");
    list[1] = const_cast<char*>(kEnd);
    std::fill(list + 2, list + 21, many.data());
    ::execve(static_cast<const Words*>(given)->program, list, environ);
    return nullptr;
  };
  if (::pthread_create(&thread, nullptr, slow, const_cast<Words*>(&words)) != 0) return 1;
  ::usleep(500);
  ::execl("/bin/sh", "sh", "-c", "exit 7", nullptr);
  return 1;
}

/// It ends when nobody holds the pipe any more: the exit status of an orphan is not ours to get.
int by_orphan(const Words& words) {
  int pipe[2];
  if (::pipe(pipe) < 0) return 1;
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[0]);
    if (::fork() != 0) ::_exit(0);
    while (::getppid() != 1) ::sched_yield();
    by_execve(words);
    ::_exit(1);
  }
  ::close(pipe[1]);
  status_of(child);
  char byte = 0;
  return ::read(pipe[0], &byte, 1) == 0 ? kEnded : 1;
}

int by_new_session(const Words& words) {
  const pid_t child = ::fork();
  if (child != 0) return status_of(child);
  ::setsid();
  by_execve(words);
  ::_exit(1);
}

int by_nothing(const Words& words) {
  char* none[] = {nullptr};
  return ::execve(words.program, none, environ);
}

/// The longest that the kernel takes: a quarter of the stack, and at most 3/4 of _STK_LIM; words of up to 128 KiB.
int by_long_argv(const Words& words) {
  const std::string word(std::size_t{128} * 1024 - 1, 'x');
  std::vector<char*> argv{words.way, kEnd};
  argv.insert(argv.end(), 15, const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  return ::execve(words.program, argv.data(), environ);
}

int by_many_words(const Words& words) {
  std::vector<char*> argv{words.way, kEnd};
  argv.insert(argv.end(), 100'000, words.way);
  argv.push_back(nullptr);
  return ::execve(words.program, argv.data(), environ);
}

/// 1 GiB of argv, the same word again and again: the kernel answers E2BIG.
int by_gigabyte(const Words& words) {
  const std::string word(std::size_t{128} * 1024 - 1, 'x');
  std::vector<char*> argv{words.way, kEnd};
  argv.insert(argv.end(), 8192, const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execve(words.program, argv.data(), environ);
  return errno == E2BIG ? kEnded : 1;
}

int by_strange_bytes(const Words& words) {
  char strange[] = "\xff\xfe \x1b[31m\r\n\\x41\\ \xe2\x80\xae \xc3\x28";
  char* argv[] = {words.way, kEnd, strange, nullptr};
  return ::execve(words.program, argv, environ);
}

int from_deleted_directory(const Words& words) {
  char name[] = "gone-XXXXXX";
  if (::mkdtemp(name) == nullptr || ::chdir(name) < 0 || ::rmdir(("../" + std::string(name)).c_str()) < 0) return 1;
  return by_execve(words);
}

void* flip(void* byte) {
  auto* const flipped = static_cast<volatile char*>(byte);
  for (char value = *flipped;; value = static_cast<char>(value ^ 1)) *flipped = value;
}

/// While a thread changes the last letter of the path, back and forth: 200 times.
int by_flipped_path(const Words& words) {
  for (int i = 0; i < 200; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      pthread_t thread{};
      ::pthread_create(&thread, nullptr, flip, words.program + std::strlen(words.program) - 1);
      by_execve(words);
      ::_exit(1);
    }
    if (status_of(child) != kEnded) return 1;
  }
  return kEnded;
}

#if defined(__x86_64__)
int by_i386(const Words& words) {  // pointers of this static program fit in 32 bits only without PIE: EFAULT counts too
  long result = 11;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(words.program), "c"(words.end), "d"(environ)
               : "memory", "r8", "r9", "r10", "r11");
  return 1;
}

int by_x32(const Words& words) {
  ::syscall(0x40000000 | 520, words.program, words.end, environ);
  return 1;
}
#endif

struct Way {
  const char* name;
  Start start;
};

constexpr Way kWays[] = {
    {"execve", by_execve},
    {"execl", by_execl},
    {"execvp", by_execvp},
    {"path-search", by_path_search},
    {"execveat", by_execveat},
    {"descriptor", by_descriptor},
    {"proc-fd", by_proc_fd},
    {"proc-exe", by_proc_exe},
    {"memfd", by_memfd},
    {"vfork", by_vfork},
    {"spawn", by_spawn},
    {"system", by_system},
    {"popen", by_popen},
    {"thread", by_thread},
    {"thread-alone", by_thread_alone},
    {"rivals", by_rivals},
    {"orphan", by_orphan},
    {"new-session", by_new_session},
    {"nothing", by_nothing},
    {"long-argv", by_long_argv},
    {"many-words", by_many_words},
    {"gigabyte", by_gigabyte},
    {"strange-bytes", by_strange_bytes},
    {"deleted-directory", from_deleted_directory},
    {"flipped-path", by_flipped_path},
#if defined(__x86_64__)
    {"i386", by_i386},
    {"x32", by_x32},
#endif
};

}  // namespace

int main(int argc, char** argv) {
  bool is_end = argc <= 1;
  for (int i = 1; i < argc && i < 5; ++i) is_end = is_end || std::strcmp(argv[i], "end") == 0;
  if (is_end) return kEnded;
  if (argc != 3) return 2;
  const Words words{argv[1], argv[2], {argv[1], kEnd, nullptr}};
  for (const Way& way : kWays)
    if (std::strcmp(argv[1], way.name) == 0) return way.start(words) & 0xff;
  return 2;
}
