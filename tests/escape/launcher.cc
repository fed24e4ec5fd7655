// The launcher from outside: whatever ends it, nothing of the sandbox stays; what comes back is what happened inside.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <random>

#include "support/catch.h"
#include "support/environment.h"

using clawbox::OwnedFd;
using namespace clawbox::test;

namespace {

/// Processes, anywhere on the host, whose arguments hold `marker`.
std::vector<pid_t> processes_with(const std::string& marker) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t pid = static_cast<pid_t>(std::stol(name));
    if (pid != ::getpid() && read_file(entry.path() / "cmdline").find(marker) != std::string::npos)
      found.push_back(pid);
  }
  return found;
}

std::vector<OwnedFd> watch_all(const std::vector<pid_t>& pids) {
  std::vector<OwnedFd> watched;
  for (const pid_t pid : pids) watched.push_back(watch(pid));
  return watched;
}

bool all_gone(const std::vector<OwnedFd>& watched) {
  for (const OwnedFd& one : watched)
    if (!gone_within(one, 3s)) return false;
  return true;
}

std::string marker_of(const char* test) {
  return std::string("clawbox-marker-") + test + "-" + std::to_string(::getpid());
}

/// A command that says "ready" when it and two background processes of its own run; all bear the marker.
std::vector<std::string> busy_words(const std::string& marker) {
  return {"sh", "-c", "sleep 1000 & setsid sh -c 'sleep 1000; :' " + marker + " & echo ready; read line; :", marker};
}

Running start_ready(const Environment& environment, const std::string& marker) {
  Running running(environment.inside("coding", busy_words(marker)));
  running.read_until("ready\n");
  return running;
}

}  // namespace

TEST_CASE("a killed launcher takes everything inside with it, and leaves no mount") {
  const Environment environment;
  const std::string marker = marker_of("kill");
  const std::string mounts = read_file("/proc/self/mountinfo");
  Running running = start_ready(environment, marker);
  const auto watched = watch_all(processes_with(marker));
  REQUIRE(watched.size() >= 3);  // the launcher, the command and the one in the background
  running.send(SIGKILL);
  CHECK(all_gone(watched));
  CHECK(all_gone(watch_all(processes_with(marker))));  // also one that was only just forked
  CHECK(read_file("/proc/self/mountinfo") == mounts);
}

TEST_CASE("a terminated launcher takes everything inside with it") {
  const Environment environment;
  const std::string marker = marker_of("term");
  Running running = start_ready(environment, marker);
  const auto watched = watch_all(processes_with(marker));
  running.send(SIGTERM);
  CHECK(all_gone(watched));
  CHECK(all_gone(watch_all(processes_with(marker))));  // also one that was only just forked
}

TEST_CASE("a daemon left behind ends with the sandbox") {
  const Environment environment;
  const std::string marker = marker_of("daemon");
  const Finished finished = run(environment.inside(
      "coding", {"sh", "-c", "setsid sh -c 'sleep 1000; :' " + marker + " >/dev/null 2>&1 & echo started"}));
  CHECK(finished.out == "started\n");
  CHECK(all_gone(watch_all(processes_with(marker))));
}

TEST_CASE("the exit status comes through") {
  const Environment environment;
  CHECK(run(environment.inside("coding", {"sh", "-c", "exit 37"})).status == 37);
}

TEST_CASE("a fatal signal comes through as 128 and its number") {
  const Environment environment;
  CHECK(run(environment.inside("coding", {"sh", "-c", "kill -SEGV $$"})).status == 128 + SIGSEGV);
  CHECK(run(environment.inside("coding", {"sh", "-c", "kill -KILL $$"})).status == 128 + SIGKILL);
}

TEST_CASE("a thousand signals do not upset the launcher") {
  const Environment environment;
  Running running(
      environment.inside("coding", {"sh", "-c", "trap : USR1 USR2 WINCH; echo ready; read line; echo $line"}));
  running.read_until("ready\n");
  for (int round = 0; round < 333; ++round)
    for (const int signal : {SIGWINCH, SIGCHLD, SIGCONT}) running.send(signal);
  running.write_input("still here\n");
  running.end_input();
  const Finished finished = running.wait();
  CHECK(finished.out.find("still here") != std::string::npos);
  CHECK(finished.status == 0);
}

TEST_CASE("escape bytes in a program's name are not written raw") {
  const Environment environment;
  const Finished finished = run(environment.inside("coding", {"./no\033]0;owned\007such\n\xe2\x80\xaeprogram"}));
  CHECK(finished.status == 127);
  CHECK(finished.err.find('\033') == std::string::npos);
  CHECK(finished.err.find('\007') == std::string::npos);
  CHECK(finished.err.find("\xe2\x80\xae") == std::string::npos);
  CHECK(finished.err.find("owned") != std::string::npos);
}

TEST_CASE("arguments arrive byte for byte") {
  const Environment environment;
  const std::vector<std::string> odd{"",     " ",        "a b",      "--profile", "--",           "$HOME", "`id`",
                                     "a\nb", "\033[31m", "\xff\xfe", "'\"\\",     "\xe2\x80\xae", "*"};
  std::vector<std::string> words{"/usr/bin/printf", "%s\\0"};
  words.insert(words.end(), odd.begin(), odd.end());
  std::string expected;
  for (const std::string& word : odd) expected += word + '\0';
  CHECK(run(environment.inside("coding", words)).out == expected);
  CHECK(run(environment.outside(words)).out == expected);
}

TEST_CASE("a mebibyte of arguments arrives") {
  const Environment environment;
  std::vector<std::string> words{"sh", "-c", "echo $#", "sh"};
  for (int count = 0; count < 16; ++count) words.emplace_back(65535, 'x');
  CHECK(run(environment.inside("coding", words)).out == "16\n");
}

TEST_CASE("a flood of 64 MiB passes through whole") {
  const Environment environment;
  const Finished finished = run(environment.inside("coding", {"head", "-c", "67108864", "/dev/zero"}));
  CHECK(finished.status == 0);
  CHECK(finished.out.size() == 67108864);
}

TEST_CASE("a launcher started without descriptors 0, 1 and 2 gives the program all three") {
  const Environment environment;
  environment.add_probe("probe");
  for (const int closed : {0, 1, 2, 3}) {  // 3: all of them
    Command command = environment.inside("coding", {"./probe", "FD01", "FD02", "FD04"});
    command.before_exec = [closed] {
      for (int fd = 0; fd < 3; ++fd)
        if (closed == 3 || closed == fd) ::close(fd);
    };
    INFO("closed: " << closed);
    CHECK(run(command).status == 0);
  }
}

TEST_CASE("a supervisor killed at a random moment leaves nothing behind") {
  const Environment environment;
  const std::string marker = marker_of("random");
  const std::string mounts = read_file("/proc/self/mountinfo");
  std::mt19937 random(20);  // the same rounds each time
  std::uniform_int_distribution<int> microseconds(0, 60'000);
  for (int round = 0; round < 20; ++round) {
    Running running(environment.inside("coding", busy_words(marker)));
    const timespec moment{0, microseconds(random) * 1000L};
    ::ppoll(nullptr, 0, &moment, nullptr);  // the moment is the point: not a wait for anything
    const auto watched = watch_all(processes_with(marker));
    running.send(SIGKILL);
    INFO("round " << round);
    CHECK(all_gone(watched));
    running.wait();
    CHECK(all_gone(watch_all(processes_with(marker))));
  }
  CHECK(read_file("/proc/self/mountinfo") == mounts);
  // What a killed supervisor could not remove, the next start does.
  CHECK(run(environment.inside("coding", {"true"})).status == 0);
}
