#include "supervise/pump.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"

using namespace clawbox;

namespace {

/// A writer that needs no loop: the test process is the one under test.
std::thread feed(OwnedFd pipe, const std::string& bytes) {
  return std::thread([pipe = std::move(pipe), bytes] { sys::write_all(pipe, bytes, "the pipe"); });
}

}  // namespace

TEST_CASE("what comes in at one end goes out at the other, to the last byte") {
  const std::string bytes(3'000'000, 'x');
  sys::Loop loop;
  sys::Pipe in = sys::make_pipe();
  const test::TempDir dir;
  std::thread writer = feed(std::move(in.write_end), bytes);
  supervise::Pump pump(loop, std::move(in.read_end), sys::open(dir / "out", O_CREAT | O_WRONLY, 0600),
                       [&] { loop.stop(); });
  loop.run();
  writer.join();
  CHECK(pump.done());
  CHECK(test::read_file(dir / "out") == bytes);
}

TEST_CASE("a regular file is pumped into a pipe that has less room") {
  const std::string bytes(1'000'000, 'y');
  const test::TempDir dir;
  test::write_file(dir / "in", bytes);
  sys::Loop loop;
  sys::Pipe out = sys::make_pipe();
  sys::set_nonblocking(out.write_end.get());
  std::string got;
  std::thread reader([&, end = std::move(out.read_end)] { got = sys::read_all(end, bytes.size(), "the pipe"); });
  supervise::Pump pump(loop, sys::open(dir / "in", O_RDONLY), std::move(out.write_end), [&] { loop.stop(); });
  loop.run();
  reader.join();
  CHECK(got == bytes);
}

TEST_CASE("a sink that nobody reads any more ends the pump") {
  sys::Loop loop;
  ::signal(SIGPIPE, SIG_IGN);  // as main() does
  sys::Pipe in = sys::make_pipe();
  sys::Pipe out = sys::make_pipe();
  out.read_end.reset();
  sys::write_all(in.write_end, "z", "the pipe");
  supervise::Pump pump(loop, std::move(in.read_end), std::move(out.write_end), [&] { loop.stop(); });
  loop.run();
  CHECK(pump.done());
}
