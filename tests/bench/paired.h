// Programs against each other in the same minute: rounds of A B C, each round in a new order, so that what else the
// machine does falls on all of them alike. Ratios are taken within a round; compare those rather than milliseconds.
//
// Wall time is CLOCK_MONOTONIC from before posix_spawn until wait4 returns. CPU time is what wait4 reports for the
// program, those of its descendants that were waited for, and those that it left behind (we become their parent,
// PR_SET_CHILD_ SUBREAPER, and wait for them after the clock was stopped). Not in it: what the kernel does later (the
// teardown of namespaces), daemons that are asked for help, descendants whose parent ignores SIGCHLD.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace clawbox::bench {

struct Contender {
  std::string name;
  std::vector<std::string> argv;       // argv[0] is a path
  std::optional<std::string> skipped;  // why it cannot be run
};

struct Rounds {
  unsigned measured = 60;
  unsigned warm_up = 5;
};

struct Spread {  // quartiles
  double low = 0, median = 0, high = 0;
};

struct Result {
  Contender contender;  // the figures mean nothing where it was skipped
  Spread wall_ms, cpu_ms;
  Spread wall_ratio, cpu_ratio;  // to the baseline, of the same round
};

struct Comparison {
  std::string baseline;
  std::vector<Result> results;  // in the order of the contenders
};

/// SIGINT, SIGTERM or SIGHUP is pending. They and SIGCHLD must be blocked; they are looked at between two runs.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

/// What a program wrote on standard output, or on standard error where its exit status is not 0.
struct Said {
  int status = 0;
  std::string text;
};
Said output_of(const std::vector<std::string>& argv);

/// Runs each contender once to see whether it works, then the rounds. One that fails is skipped with the reason from
/// there on, and one that leaves a process running ends it all. `baseline` is replaced by the first that works where it
/// does not. Programs inherit the caller's environment, directory and ids; their standard descriptors are /dev/null;
/// after 30 s they are killed.
Comparison compare(const std::vector<Contender>& contenders, Rounds rounds, const std::string& baseline);

}  // namespace clawbox::bench
