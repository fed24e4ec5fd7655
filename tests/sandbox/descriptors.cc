// Standard descriptors: pipes stay pipes, files stay files, and the names for them work inside.
#include <fcntl.h>

#include "support/catch.h"
#include "support/environment.h"

using clawbox::OwnedFd;
using namespace clawbox::test;

namespace {

std::vector<std::string> script(const std::string& text) { return {"sh", "-c", text}; }

const std::string kMebibyte(1 << 20, 'x');

}  // namespace

TEST_CASE("pipes stay pipes") {
  const Environment environment;
  const auto words = script("for fd in 0 1 2; do test -p /dev/fd/$fd && echo pipe; done");
  CHECK(run(environment.inside("coding", words)).out == "pipe\npipe\npipe\n");
}

TEST_CASE("standard input arrives whole and ends") {
  const Environment environment;
  Command command = environment.inside("coding", {"wc", "-c"});
  command.input = kMebibyte;
  CHECK(run(command).out == "1048576\n");
}

TEST_CASE("standard input can be a file") {
  const Environment environment;
  write_file(environment.home() + "/outside.txt", "one\ntwo\n");
  const OwnedFd file(::open((environment.home() + "/outside.txt").c_str(), O_RDONLY | O_CLOEXEC));
  Command command = environment.inside("coding", {"cat"});
  command.input_fd = file.get();
  CHECK(run(command).out == "one\ntwo\n");
}

TEST_CASE("a file given for reading cannot be opened for writing through its descriptor") {
  const Environment environment;
  const std::string path = write_file(environment.home() + "/outside.txt", "before\n");
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto words = script("echo after > /proc/self/fd/0");
  Command inside = environment.inside("coding", words);
  inside.input_fd = file.get();
  run(inside);
  CHECK(read_file(path) == "before\n");
  Command outside = environment.outside(words);
  outside.input_fd = file.get();
  run(outside);
  CHECK(read_file(path) == "after\n");
}

TEST_CASE("/dev/stdin, /dev/stdout and /dev/stderr can be used") {
  const Environment environment;
  Command command = environment.inside("coding", script("cat /dev/stdin > /dev/stdout; echo error > /dev/stderr"));
  command.input = "through\n";
  const Finished finished = run(command);
  CHECK(finished.out == "through\n");
  CHECK(finished.err.find("error\n") != std::string::npos);
}

TEST_CASE("standard output and standard error stay apart") {
  const Environment environment;
  Command command =
      environment.clawbox({"run", "--quiet", "--profile", "coding", "--", "sh", "-c", "echo out; echo err >&2"});
  const Finished finished = run(command);
  CHECK(finished.out == "out\n");
  CHECK(finished.err == "err\n");
}

TEST_CASE("the sandbox works in the middle of a pipeline") {
  Environment environment;
  environment.set("CLAWBOX_BIN", clawbox_binary());
  const Finished finished = run(environment.outside(
      script("seq 1 100000 | \"$CLAWBOX_BIN\" run --profile coding -- grep 7 | wc -l; seq 1 100000 | grep 7 | wc -l")));
  const std::string first = finished.out.substr(0, finished.out.find('\n') + 1);
  CHECK(first.size() > 1);
  CHECK(finished.out == first + first);
}

TEST_CASE("a reader that goes away ends the writer inside") {
  Environment environment;
  environment.set("CLAWBOX_BIN", clawbox_binary());
  const Finished finished =
      run(environment.outside(script("\"$CLAWBOX_BIN\" run --profile coding -- yes | head -n 1")), 20s);
  CHECK(!finished.overdue);
  CHECK(finished.out == "y\n");
}
