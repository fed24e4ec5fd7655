// How long `clawbox run -- true` takes, paired against other sandboxes with the same mounts and the bare spawn.
//
// Not a test: it judges nothing. As root it measures as root and then as an ordinary user. Each caller is measured by a
// process of its own, which has that caller's ids, home and runtime directories; all of it lies in one temporary
// directory, which this process removes at the end. See README.md for how to read the table.
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "bench/paired.h"
#include "bench/peers.h"
#include "bench/table.h"
#include "support/temp_dir.h"

namespace clawbox::bench {
namespace {

namespace fs = std::filesystem;

struct Options {
  Rounds rounds;
  std::vector<std::string> only;
  Ours ours;
  std::string against = "bwrap";
  std::string user = "nobody";
  std::string true_static;
  bool json = false;
};

struct Caller {
  uid_t uid = 0;
  gid_t gid = 0;
};

std::vector<Contender> chosen(std::vector<Contender> contenders, const std::vector<std::string>& only) {
  if (only.empty()) return contenders;
  std::erase_if(contenders,
                [&](const Contender& one) { return std::find(only.begin(), only.end(), one.name) == only.end(); });
  if (contenders.empty()) throw std::runtime_error("--only names nobody: see tests/bench/README.md for the names");
  return contenders;
}

void become(const Caller& caller) {
  if (::getuid() == caller.uid) return;
  if (::setgroups(0, nullptr) < 0 || ::setresgid(caller.gid, caller.gid, caller.gid) < 0 ||
      ::setresuid(caller.uid, caller.uid, caller.uid) < 0)
    throw_errno("becoming uid {}", caller.uid);
  // The kernel gives /proc/self to root when ids change; programs are given their outputs through it.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

// Only what programs need to find their own places: variables of the person who measures are no part of the figures.
void set_environment(const Place& place) {
  const char* path = ::getenv("PATH");
  const std::string kept = path == nullptr ? "/usr/bin:/bin" : path;
  ::clearenv();
  ::setenv("PATH", kept.c_str(), 1);
  ::setenv("HOME", place.home.c_str(), 1);
  for (const char* name : {"CONFIG_HOME", "STATE_HOME", "CACHE_HOME", "DATA_HOME", "RUNTIME_DIR"}) {
    const std::string directory = fmt::format("{}/xdg-{}", place.base, name);
    ::setenv(fmt::format("XDG_{}", name).c_str(), directory.c_str(), 1);
    fs::create_directory(directory);
    fs::permissions(directory, fs::perms::owner_all);
  }
}

Place make_place(const std::string& base, const std::string& true_static) {
  Place place{base, base + "/home", base + "/home/work", base + "/made", base + "/bundle", base + "/home/work/true"};
  for (const std::string& directory : {place.home, place.workspace, place.made, place.bundle})
    fs::create_directory(directory);
  fs::copy_file(true_static, place.program);
  return place;
}

void report(const Options& options, const Comparison& comparison, const Facts& facts) {
  if (options.json)
    fmt::print("{}\n", json_of(comparison, facts).dump());
  else
    fmt::print("{}\n", markdown(comparison, facts));
  if (std::fflush(stdout) != 0) throw_errno("writing the table");
}

void measure(const Options& options, const std::string& base, const Caller& caller) {
  become(caller);
  const Place place = make_place(base, options.true_static);
  set_environment(place);
  fs::current_path(place.workspace);
  const SeenBy seen = what_clawbox_shows(options.ours, place);
  Facts facts = machine_facts();
  const Comparison comparison =
      compare(chosen(all_contenders(options.ours, place, seen.view), options.only), options.rounds, options.against);
  facts.emplace_back("load at the end", machine_facts().back().second);
  facts.emplace_back("uid", std::to_string(caller.uid));
  facts.emplace_back("rounds", std::to_string(options.rounds.measured));
  facts.emplace_back("mounts", fmt::format("{}, from {}", seen.view.size(), seen.origin));
  report(options, comparison, facts);
}

// As a package puts it there: a file written in one go lies in large folios, one that a linker wrote does not, and
// mapping its pages then takes a twentieth of a start longer.
std::string installed(const std::string& program, const test::TempDir& directory) {
  fs::copy_file(program, directory / "clawbox");
  return directory / "clawbox";
}

sigset_t watched_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&set, signal);
  return set;
}

// Whoever asks us to end asks the child, which ends between two runs; only then may its directory go.
int status_of(pid_t pid) {
  const sigset_t set = watched_signals();
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0)
    if (::sigwaitinfo(&set, nullptr) != SIGCHLD) ::kill(pid, SIGTERM);
  return status == 0 ? 0 : 1;
}

int measure_in_child(const Options& options, const Caller& caller) {
  // Not below /var/tmp, which firejail always hides.
  const test::TempDir directory(fs::temp_directory_path());
  const std::string base = test::make_directory(directory / "caller");
  if (::chown(base.c_str(), caller.uid, caller.gid) < 0) throw_errno("giving '{}' to uid {}", base, caller.uid);
  const pid_t pid = ::fork();
  if (pid < 0) throw_errno("forking");
  if (pid == 0) try {
      measure(options, base, caller);
      ::_exit(0);
    } catch (const std::exception& error) {
      fmt::print(stderr, "startup: {}\n", error.what());
      ::_exit(1);
    }
  return status_of(pid);
}

Caller user_named(const std::string& name) {
  if (const passwd* entry = ::getpwnam(name.c_str())) return {entry->pw_uid, entry->pw_gid};
  const auto id = static_cast<uid_t>(std::stoul(name));
  return {id, id};
}

std::vector<Caller> callers(const std::string& user) {
  if (::getuid() != 0) return {{::getuid(), ::getgid()}};
  return {{0, 0}, user_named(user)};
}

void add_words(CLI::App& app, Options& options) {
  app.add_option("--rounds", options.rounds.measured, "measured rounds, after 5 to warm up")
      ->check(CLI::Range(1, 100000));
  app.add_option("--only", options.only, "only this one; may be repeated")->type_name("NAME")->allow_extra_args(false);
  app.add_option("--against", options.against, "whom the ratios compare with")->type_name("NAME");
  app.add_option("--profile", options.ours.profile, "profile of clawbox; the others get its mounts")->type_name("P");
  app.add_option("--user", options.user, "as root: the ordinary user, by name or number")->type_name("USER");
  app.add_option("--clawbox", options.ours.clawbox, "the program to measure")
      ->envname("CLAWBOX_BIN")
      ->type_name("PATH");
  app.add_option("--true", options.true_static, "a static /bin/true")->type_name("PATH");
  app.add_flag("--json", options.json, "one line of JSON per caller");
}

int startup(int argc, char** argv) {
  Options options;
  options.true_static = fs::read_symlink("/proc/self/exe").parent_path() / "true";
  CLI::App app("Start-up times of sandboxes, paired");
  add_words(app, options);
  CLI11_PARSE(app, argc, argv);
  const test::TempDir directory(fs::temp_directory_path());
  if (!options.ours.clawbox.empty()) options.ours.clawbox = installed(options.ours.clawbox, directory);
  const sigset_t blocked = watched_signals();  // the child inherits that, and looks at them between two runs
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  for (const Caller& caller : callers(options.user))
    if (const int status = measure_in_child(options, caller); status != 0) return status;
  return 0;
}

}  // namespace
}  // namespace clawbox::bench

int main(int argc, char** argv) try {
  return clawbox::bench::startup(argc, argv);
} catch (const std::exception& error) {
  fmt::print(stderr, "startup: {}\n", error.what());
  return 1;
}
