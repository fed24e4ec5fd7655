#include "bench/paired.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>

#include "base/error.h"
#include "base/owned_fd.h"

namespace clawbox::bench {
namespace {

constexpr int kDeadlineSeconds = 30;

struct Run {
  double wall_ms = 0, cpu_ms = 0;
  int status = 0;  // as a shell says it
};

struct Track {
  Result result;
  std::vector<Run> runs;  // one per round
};

double ms_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}
double ms_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

double now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return ms_of(now);
}

// The number of the signal, or -1 when none comes in time.
int next_signal(std::initializer_list<int> numbers, time_t seconds) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : numbers) ::sigaddset(&set, number);
  const timespec limit{seconds, 0};
  return ::sigtimedwait(&set, nullptr, &limit);
}

void throw_if_interrupted() {
  if (next_signal({SIGINT, SIGTERM, SIGHUP}, 0) > 0) throw Interrupted();
}

class SpawnWords {  // how each program starts: no signal blocked, output where we say
 public:
  SpawnWords(const char* out, const char* err) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files_, 1, out, O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&files_, 2, err, O_WRONLY, 0);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  SpawnWords(const SpawnWords&) = delete;
  ~SpawnWords() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  pid_t spawn(const std::vector<char*>& argv) const {
    pid_t pid = -1;
    const int failed = ::posix_spawn(&pid, argv[0], &files_, &attributes_, argv.data(), ::environ);
    if (failed != 0) throw_sys_error(failed, fmt::format("starting '{}'", argv[0]));
    return pid;
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

void kill_when_overdue(pid_t pid) {
  const OwnedFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd one{pidfd.get(), POLLIN, 0};
  if (!pidfd || ::poll(&one, 1, kDeadlineSeconds * 1000) == 0) ::kill(pid, SIGKILL);
}

double cpu_ms(const rusage& used) { return ms_of(used.ru_utime) + ms_of(used.ru_stime); }

// We are the subreaper: what the program left behind is ours now. Waiting for it counts its time, and keeps it from
// running into the next contender's.
double cpu_ms_of_orphans(const std::string& program) {
  double sum = 0;
  for (;;) {
    rusage used{};
    const pid_t pid = ::wait4(-1, nullptr, WNOHANG, &used);
    if (pid < 0) return sum;
    if (pid > 0) sum += cpu_ms(used);
    if (pid > 0) continue;
    const int signal = next_signal({SIGCHLD, SIGINT, SIGTERM, SIGHUP}, kDeadlineSeconds);
    if (signal < 0) throw std::runtime_error(fmt::format("'{}' left a process that does not end", program));
    if (signal != SIGCHLD) throw Interrupted();
  }
}

Run run(const std::vector<std::string>& words, const SpawnWords& how) {
  throw_if_interrupted();
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const double start = now_ms();
  const pid_t pid = how.spawn(argv);
  kill_when_overdue(pid);
  int status = 0;
  rusage used{};
  while (::wait4(pid, &status, 0, &used) < 0)
    if (errno != EINTR) throw_errno("waiting for '{}'", words[0]);
  const double wall = now_ms() - start;
  const double cpu = cpu_ms(used) + cpu_ms_of_orphans(words[0]);
  return {wall, cpu, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status)};
}

std::string content_of(const OwnedFd& file) {
  std::string text;
  std::array<char, 65536> buffer;
  for (ssize_t count = 0;
       (count = ::pread(file.get(), buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(count));
  return text;
}

std::optional<std::string> reason_to_skip(const Contender& contender) {
  if (contender.skipped) return contender.skipped;
  const Said said = output_of(contender.argv);
  if (said.status == 0) return std::nullopt;
  return fmt::format("exit status {}: {}", said.status, said.text.substr(0, said.text.find('\n')));
}

// One sample per contender and round, so that the same index is the same round.
void measure(std::vector<Track>& tracks, Rounds rounds) {
  std::vector<Track*> order;
  for (Track& track : tracks)
    if (!track.result.contender.skipped) order.push_back(&track);
  const SpawnWords silent("/dev/null", "/dev/null");
  std::mt19937 dice(1);  // NOLINT(cert-msc51-cpp): the same orders each time
  for (unsigned round = 0; round < rounds.warm_up + rounds.measured; ++round) {
    std::shuffle(order.begin(), order.end(), dice);
    for (Track* track : order) {
      Contender& contender = track->result.contender;
      const Run one = run(contender.argv, silent);
      if (one.status != 0) contender.skipped = fmt::format("exit status {} in round {}", one.status, round + 1);
      if (round >= rounds.warm_up) track->runs.push_back(one);
    }
    std::erase_if(order, [](const Track* track) { return track->result.contender.skipped.has_value(); });
  }
}

double at_fraction(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - static_cast<double>(below));
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {at_fraction(values, 0.25), at_fraction(values, 0.5), at_fraction(values, 0.75)};
}

std::vector<double> values_of(const Track& track, double Run::*what) {
  std::vector<double> values;
  for (const Run& one : track.runs) values.push_back(one.*what);
  return values;
}

// wait4 counts CPU time in ticks on some kernels: a round whose baseline used none has no ratio.
Spread ratio_of(const Track& track, const Track& baseline, double Run::*what) {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < track.runs.size(); ++round)
    if (const double base = baseline.runs[round].*what; base > 0) ratios.push_back(track.runs[round].*what / base);
  return spread_of(ratios);
}

const Track* baseline_of(const std::vector<Track>& tracks, const std::string& name) {
  const Track* first = nullptr;
  for (const Track& track : tracks) {
    if (track.result.contender.skipped) continue;
    if (track.result.contender.name == name) return &track;
    if (first == nullptr) first = &track;
  }
  return first;
}

}  // namespace

// A memfd by its name in /proc: the child opens it like any file, and no descriptor has to be passed.
Said output_of(const std::vector<std::string>& argv) {
  const OwnedFd out(::memfd_create("out", MFD_CLOEXEC)), err(::memfd_create("err", MFD_CLOEXEC));
  const auto name = [](const OwnedFd& fd) { return fmt::format("/proc/{}/fd/{}", ::getpid(), fd.get()); };
  const int status = run(argv, SpawnWords(name(out).c_str(), name(err).c_str())).status;
  return {status, content_of(status == 0 ? out : err)};
}

Comparison compare(const std::vector<Contender>& contenders, Rounds rounds, const std::string& baseline) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  std::vector<Track> tracks;
  for (const Contender& contender : contenders) {
    tracks.push_back({{contender, {}, {}, {}, {}}, {}});
    tracks.back().result.contender.skipped = reason_to_skip(contender);
  }
  measure(tracks, rounds);
  Comparison comparison;
  const Track* base = baseline_of(tracks, baseline);
  if (base != nullptr) comparison.baseline = base->result.contender.name;
  for (Track& track : tracks) {
    Result result = track.result;
    if (!result.contender.skipped) {
      result.wall_ms = spread_of(values_of(track, &Run::wall_ms));
      result.cpu_ms = spread_of(values_of(track, &Run::cpu_ms));
      result.wall_ratio = ratio_of(track, *base, &Run::wall_ms);
      result.cpu_ratio = ratio_of(track, *base, &Run::cpu_ms);
    }
    comparison.results.push_back(std::move(result));
  }
  return comparison;
}

}  // namespace clawbox::bench
