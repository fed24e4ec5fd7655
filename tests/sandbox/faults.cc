// Every step of the set-up is refused once, by strace(1): either the command never runs and clawbox says why, or it
// runs as confined as ever; and nothing is left in both cases.
//
// strace counts `when=N` for each process apart, follows forks, and lets go of the program at its exec (`-b execve`),
// so that the program itself is never disturbed. It ends only when everything that it follows has ended.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <regex>
#include <set>

#include "support/catch.h"
#include "support/environment.h"
#include "support/listing.h"

using namespace clawbox::test;

namespace {

enum class Refused {
  kNever,   // without it a layer would be missing: the command must not run
  kMaybe,   // some occurrences only ask, or come after the start of the program
  kServes,  // what serves the run makes it too: without its reader a program is refused, and the run goes on
  kRecord,  // the removal of the session's record among them: the next run sweeps it
};

struct Call {
  const char* name;
  Refused may_run;
};

constexpr Call kCalls[] = {
    {"clone3", Refused::kNever},
    {"unshare", Refused::kNever},
    {"setresuid", Refused::kNever},
    {"setresgid", Refused::kNever},
    {"setgroups", Refused::kNever},
    {"socketpair", Refused::kServes},
    {"sethostname", Refused::kNever},
    {"setsid", Refused::kNever},
    {"keyctl", Refused::kMaybe},
    {"fsopen", Refused::kNever},
    {"fsconfig", Refused::kNever},
    {"fsmount", Refused::kNever},
    {"open_tree", Refused::kNever},
    {"mount_setattr", Refused::kNever},
    {"move_mount", Refused::kNever},
    {"openat2", Refused::kMaybe},
    {"mkdirat", Refused::kNever},
    {"symlinkat", Refused::kNever},
    {"fchdir", Refused::kNever},
    {"pivot_root", Refused::kNever},
    {"umount2", Refused::kNever},
    {"capset", Refused::kNever},
    {"close_range", Refused::kNever},
    {"landlock_create_ruleset", Refused::kNever},
    {"landlock_add_rule", Refused::kNever},
    {"landlock_restrict_self", Refused::kNever},
    {"seccomp", Refused::kNever},
    {"linkat", Refused::kNever},
    {"bind", Refused::kNever},
    {"sendto", Refused::kNever},
    {"execve", Refused::kNever},
    {"vfork", Refused::kNever},
    {"getdents64", Refused::kMaybe},
    {"fcntl", Refused::kMaybe},
    {"prctl", Refused::kMaybe},
    {"capget", Refused::kMaybe},
    {"prlimit64", Refused::kMaybe},
    {"chdir", Refused::kMaybe},
    {"dup2", Refused::kServes},
    {"sendmsg", Refused::kMaybe},
    {"recvmsg", Refused::kMaybe},
    {"pidfd_send_signal", Refused::kMaybe},
    {"unlinkat", Refused::kRecord},
};

/// What a missing layer would change: privileges and filter, of the program and of pid 1; every mount; limits; keys.
constexpr const char* kFacts =
    "grep -E '^(NoNewPrivs|Seccomp|Cap|Uid|Gid|Groups)' /proc/self/status /proc/1/status; cut -d' ' -f4- "
    "/proc/self/mountinfo; ulimit -aH; hostname; cat /proc/keys /proc/net/dev /proc/sys/user/max_user_namespaces; "
    "ls /proc/self/fd; pwd; [ -w .git/config ] && echo unlocked; echo ran";

struct Traced {
  Finished finished;
  std::string log;  // one line of strace for each call
};

std::string without_chance(const std::string& facts) {
  // The session's ids on the host differ from run to run, and only mountinfo shows them. What cannot be looked at below
  // the workspace is locked as a whole, which is stricter, so of these mounts only the effect counts.
  const std::string without_ids = std::regex_replace(facts, std::regex("([ug]id)=[0-9]+"), "$1=N");
  return std::regex_replace(without_ids, std::regex("[^\n]*/workspace/[^\n]*\n"), "");
}

/// Landlock is the layer that no file in /proc shows, so its call is always traced.
Traced traced(const Environment& environment, const std::string& calls, std::vector<std::string> more = {}) {
  const std::string log = environment.directory() / "strace.log";
  std::filesystem::remove(log);
  std::vector<std::string> words{"strace", "-f", "-qq", "-b", "execve", "-o", log, "-e", "trace=" + calls};
  words.insert(words.end(), more.begin(), more.end());
  const Command run_it = environment.inside("coding", {"sh", "-c", kFacts});
  words.insert(words.end(), run_it.argv.begin(), run_it.argv.end());
  Traced result{run(environment.outside(words), 20s), read_file(log)};
  result.finished.out = without_chance(result.finished.out);
  return result;
}

/// Of so many times that a process makes a call: the first, the last, and some between.
std::set<int> chosen_of(int times) {
  constexpr int kMost = 12;
  std::set<int> chosen{1, times};
  for (int part = 1; part < kMost - 1; ++part) chosen.insert(1 + part * (times - 1) / (kMost - 1));
  return chosen;
}

/// When each call is made, as strace counts: for each process apart.
std::map<std::string, std::set<int>> occasions_in(const std::string& log) {
  std::map<std::string, std::map<std::string, int>> counts;  // call → process → times
  std::istringstream lines(log);
  for (std::string pid, rest; lines >> pid && std::getline(lines >> std::ws, rest);)
    if (std::isalpha(static_cast<unsigned char>(rest[0])) != 0) ++counts[rest.substr(0, rest.find('('))][pid];
  std::map<std::string, std::set<int>> occasions;
  for (const auto& [call, processes] : counts)
    for (const auto& [process, times] : processes) occasions[call].merge(chosen_of(times));
  return occasions;
}

bool restricted_itself(const std::string& log) {
  return std::regex_search(log, std::regex("landlock_restrict_self\\([^\n]* = 0\n"));
}

bool is_documented_refusal(int status) {
  static const std::set<int> statuses{65, 66, 67, 68, 69, 73, 74, 77, 78, 125, 126, 127};
  return statuses.contains(status);  // not 70: a refusal of the system is no defect of clawbox
}

void check_refusal(const Finished& finished) {
  CHECK(is_documented_refusal(finished.status));
  const std::size_t start = finished.err.find("clawbox: error: ");
  CHECK(start != std::string::npos);
  if (start == std::string::npos) return;
  CHECK(finished.err.find("clawbox: error: ", start + 1) == std::string::npos);
  CHECK(finished.err.find("terminate called") == std::string::npos);
  CHECK(finished.err.find("was killed") == std::string::npos);  // nobody was: the cause has been lost
}

/// Facts that are missing are those of a run that was cut short, by a fault of what serves it; none may be another one.
bool is_part_of(const std::string& facts, const std::string& clean) {
  std::istringstream lines(facts);
  std::size_t from = 0;
  for (std::string line; std::getline(lines, line) && from != std::string::npos;) from = clean.find(line, from);
  return from != std::string::npos;
}

void check_run(Refused may_run, const Traced& faulted, const Traced& clean) {
  CHECK(is_part_of(faulted.finished.out, clean.finished.out));
  CHECK(restricted_itself(faulted.log) == restricted_itself(clean.log));
  if (faulted.finished.status == 0 && may_run != Refused::kServes) CHECK(faulted.finished.out == clean.finished.out);
  if (faulted.finished.status != 0) CHECK(faulted.finished.err.find("clawbox: ") != std::string::npos);
}

/// strace lets go of what it follows when it is killed at the deadline.
void end_orphans() {
  for (pid_t child = 0; child >= 0;) {
    std::istringstream children(read_file("/proc/self/task/" + std::to_string(::getpid()) + "/children"));
    for (pid_t one = 0; children >> one;) ::kill(one, SIGKILL);
    child = ::waitpid(-1, nullptr, 0);
  }
}

/// This process is the reaper of orphans (see below), so whatever lives on is its child.
bool no_process_is_left() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  return errno == ECHILD;
}

std::string mounts_below(const std::string& directory) {
  std::istringstream lines(read_file("/proc/self/mountinfo"));
  std::string found;
  for (std::string line; std::getline(lines, line);)
    if (line.find(directory) != std::string::npos || line.find(".clawbox-staging") != std::string::npos) found += line;
  return found;
}

bool strace_works() {
  const Environment environment;
  return run(environment.outside({"strace", "-f", "-qq", "-o", "/dev/null", "true"})).status == 0;
}

class Faults {
 public:
  Faults() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    environment_.set("ASAN_OPTIONS", "detect_leaks=0");  // it refuses to work under a tracer
    write_file(environment_.workspace() + "/.git/config", "[core]\n");
    write_file(environment_.home() + "/.ssh/id_rsa", "planted\n");
    before_ = listing(environment_.home());
    mounts_ = mounts_below(environment_.directory().path());
    traced(environment_, "none");  // from here the filter is cached
    clean_ = traced(environment_, "all");
  }

  const Traced& clean() const { return clean_; }
  int refused() const { return refused_; }

  void try_every(const Call& call) {
    const auto occasions = occasions_in(clean_.log);
    const auto found = occasions.find(call.name);
    if (found == occasions.end()) return;  // as root only, or not on this kernel
    for (const int number : found->second) try_one(call, number);
  }

 private:
  void try_one(const Call& call, int number) {
    const std::string name = call.name;
    const Traced faulted = traced(environment_, name + ",landlock_restrict_self",
                                  {"-e", "inject=" + name + ":error=EPERM:when=" + std::to_string(number)});
    INFO(name << " number " << number << ": status " << faulted.finished.status << "\n"
              << faulted.finished.err << faulted.finished.out << faulted.log);
    CHECK(!faulted.finished.overdue);
    if (faulted.finished.overdue) return end_orphans();
    if (faulted.log.find("(INJECTED)") == std::string::npos) return;  // made once less in this run
    if (call.may_run == Refused::kNever) CHECK(faulted.finished.out.empty());
    if (faulted.finished.out.empty()) check_refusal(faulted.finished), ++refused_;
    if (!faulted.finished.out.empty()) check_run(call.may_run, faulted, clean_);
    check_nothing_is_left(call);
  }

  void check_nothing_is_left(const Call& call) const {
    CHECK(no_process_is_left());
    CHECK(listing(environment_.home()) == before_);
    CHECK(mounts_below(environment_.directory().path()) == mounts_);
    if (call.may_run == Refused::kRecord) run(environment_.inside("coding", {"true"}));
    CHECK(listing(environment_.runtime() + "/clawbox/sessions").empty());
  }

  Environment environment_;
  std::map<std::string, std::string> before_;
  std::string mounts_;
  Traced clean_;
  int refused_ = 0;
};

}  // namespace

TEST_CASE("a refused step of the set-up ends with a message, or changes nothing, and leaves nothing") {
  if (!find_program("strace")) return skip("strace is not installed");
  if (!strace_works()) return skip("kernel: strace may not trace here");
  Faults faults;
  INFO(faults.clean().finished.err);
  REQUIRE(faults.clean().finished.status == 0);
  REQUIRE(faults.clean().finished.out.ends_with("ran\n"));
  for (const Call& call : kCalls) faults.try_every(call);
  CHECK(faults.refused() > 60);
}
