#include "sys/loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "support/catch.h"
#include "sys/files.h"

using namespace clawbox;
using namespace std::chrono_literals;

TEST_CASE("a turn may forget its own descriptor") {
  sys::Loop loop;
  sys::Pipe pipe = sys::make_pipe();
  sys::write_all(pipe.write_end, "x", "the pipe");
  int turns = 0;
  loop.watch(pipe.read_end.get(), EPOLLIN, [&](uint32_t) {
    ++turns;
    loop.forget(pipe.read_end.get());
    loop.stop();
  });
  loop.run();
  CHECK(turns == 1);
}

TEST_CASE("an exception of a turn leaves the loop") {
  sys::Loop loop;
  sys::Pipe pipe = sys::make_pipe();
  sys::write_all(pipe.write_end, "x", "the pipe");
  loop.watch(pipe.read_end.get(), EPOLLIN, [](uint32_t) { throw std::runtime_error("turn"); });
  CHECK_THROWS_AS(loop.run(), std::runtime_error);
}

TEST_CASE("a timer fires in the loop") {
  sys::Loop loop;
  sys::Timer timer;
  loop.watch(timer.fd(), EPOLLIN, [&](uint32_t) { loop.stop(); });
  timer.start(1ms);
  loop.run();
  SUCCEED();
}

TEST_CASE("a queued signal is read, and the old mask comes back") {
  {
    const sys::SignalFd signals({SIGUSR1});
    ::raise(SIGUSR1);
    CHECK(signals.next() == SIGUSR1);
    CHECK_FALSE(signals.next());
  }
  sigset_t mask;
  ::sigprocmask(SIG_BLOCK, nullptr, &mask);
  CHECK(::sigismember(&mask, SIGUSR1) == 0);
}
