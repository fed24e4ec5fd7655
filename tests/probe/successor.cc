// successor: after a line of input a child makes a call that is refused and then executes `successor end`, exit status
// 42; so has the whole when it went so.
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

int main(int argc, char** argv) {
  constexpr int kEnded = 42;
  if (argc > 1 && std::strcmp(argv[1], "end") == 0) return kEnded;
  char line = 0;
  if (::read(0, &line, 1) != 1) return 1;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::mount("a", "b", "c", 0, nullptr) == 0) ::_exit(1);
    ::execl(argv[0], "successor", "end", nullptr);
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
