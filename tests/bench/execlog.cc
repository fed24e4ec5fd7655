// What the log of execs costs: a build and a configure script, bare, in clawbox with and without the log, and under
// strace(1), paired.
//
// Not a test: it judges nothing. It measures as whoever calls it; all that it writes lies in one temporary directory,
// which goes at the end. See README.md for how to read the table.
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "bench/paired.h"
#include "bench/table.h"
#include "bench/workload.h"
#include "support/temp_dir.h"

namespace clawbox::bench {
namespace {

namespace fs = std::filesystem;

struct Options {
  Rounds rounds{.measured = 12, .warm_up = 1};
  std::vector<std::string> only;
  std::string clawbox;
  std::string against = "bare";
  unsigned files = 150, execs = 1000;
  bool json = false;
};

std::vector<std::string> operator+(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Contender in_clawbox(const Options& options, const std::string& level, const Workload& work) {
  const std::string name = "clawbox " + level;
  if (options.clawbox.empty()) return {name, {}, "no --clawbox PATH, and CLAWBOX_BIN is not set"};
  return {name, std::vector<std::string>{options.clawbox, "run", "--quiet", "--profile", level, "--"} + work.argv,
          std::nullopt};
}

Contender in_strace(const std::string& name, const std::vector<std::string>& words, const std::string& log,
                    const Workload& work) {
  constexpr const char* kStrace = "/usr/bin/strace";
  if (::access(kStrace, X_OK) != 0) return {name, {}, "strace is not installed"};
  return {name, std::vector<std::string>{kStrace, "-f", "-qq", "-o", log} + words + work.argv, std::nullopt};
}

std::vector<Contender> all_contenders(const Options& options, const Workload& work, const std::string& log) {
  return {
      {"bare", work.argv, std::nullopt},
      in_clawbox(options, "session", work),
      in_clawbox(options, "exec", work),
      in_strace("strace --seccomp-bpf execve", {"--seccomp-bpf", "-e", "trace=execve"}, log, work),
      in_strace("strace", {}, log, work),
  };
}

/// The caller's variables and profiles are no part of the figures.
void set_environment(const std::string& base) {
  const char* path = ::getenv("PATH");
  const std::string kept = path == nullptr ? "/usr/bin:/bin" : path;
  ::clearenv();
  ::setenv("PATH", kept.c_str(), 1);
  ::setenv("HOME", test::make_directory(base + "/home").c_str(), 1);
  for (const char* name : {"CONFIG_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR"}) {
    const std::string directory = test::make_directory(fmt::format("{}/xdg-{}", base, name));
    ::setenv(fmt::format("XDG_{}", name).c_str(), directory.c_str(), 1);
    fs::permissions(directory, fs::perms::owner_all);
  }
  for (const char* level : {"session", "exec"})
    test::write_file(fmt::format("{}/xdg-CONFIG_HOME/clawbox/profiles/{}.toml", base, level),
                     fmt::format("version = 1\nextends = 'coding'\n[audit]\nlevel = '{}'\n", level));
}

void measure(const Options& options, const Workload& work, const std::string& log) {
  std::vector<Contender> contenders = all_contenders(options, work, log);
  if (!options.only.empty())
    std::erase_if(contenders, [&](const Contender& one) {
      return std::find(options.only.begin(), options.only.end(), one.name) == options.only.end();
    });
  Facts facts = machine_facts();
  const Comparison comparison = compare(contenders, options.rounds, options.against);
  facts.emplace_back("load at the end", machine_facts().back().second);
  facts.emplace_back("uid", std::to_string(::getuid()));
  facts.emplace_back("rounds", std::to_string(options.rounds.measured));
  facts.emplace_back("work", work.name);
  fmt::print("{}\n", options.json ? json_of(comparison, facts).dump() : markdown(comparison, facts));
  if (std::fflush(stdout) != 0) throw_errno("writing the table");
}

void add_words(CLI::App& app, Options& options) {
  app.add_option("--rounds", options.rounds.measured, "measured rounds, after one to warm up")
      ->check(CLI::Range(1, 100000));
  app.add_option("--only", options.only, "only this one; may be repeated")->type_name("NAME")->allow_extra_args(false);
  app.add_option("--against", options.against, "whom the ratios compare with")->type_name("NAME");
  app.add_option("--files", options.files, "C files of the build; 0 leaves it out");
  app.add_option("--execs", options.execs, "execs of the configure script; 0 leaves it out");
  app.add_option("--clawbox", options.clawbox, "the program to measure")->envname("CLAWBOX_BIN")->type_name("PATH");
  app.add_flag("--json", options.json, "one line of JSON per table");
}

int execlog(int argc, char** argv) {
  Options options;
  CLI::App app("What the log of execs costs, paired");
  add_words(app, options);
  CLI11_PARSE(app, argc, argv);
  if (!options.clawbox.empty()) options.clawbox = fs::absolute(options.clawbox);
  sigset_t blocked;  // paired.h looks at them between two runs
  ::sigemptyset(&blocked);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&blocked, signal);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  const test::TempDir directory(fs::temp_directory_path());
  set_environment(directory.path());
  const std::string work = test::make_directory(directory / "home/work");
  fs::current_path(work);
  if (options.files > 0) measure(options, write_build(work, options.files), directory / "strace.log");
  if (options.execs > 0) measure(options, write_configure(work, options.execs), directory / "strace.log");
  fs::current_path("/");
  return 0;
}

}  // namespace
}  // namespace clawbox::bench

int main(int argc, char** argv) try {
  return clawbox::bench::execlog(argc, argv);
} catch (const std::exception& error) {
  fmt::print(stderr, "execlog: {}\n", error.what());
  return 1;
}
