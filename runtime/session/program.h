// Another program of the host, run to its end: git, or clawbox itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/owned_fd.h"

namespace clawbox::session {

/// How it ended, and what it printed. `status` is as a shell says it: 128+n when signal n ended it.
struct Ran {
  int status = 0;
  std::string out, err;
};

/// What it reads and writes instead of nothing and Ran::out, and how much memory it may address (RLIMIT_AS).
struct Given {
  const OwnedFd* in = nullptr;
  const OwnedFd* out = nullptr;
  uint64_t memory = 0;  // bytes; 0: as much as the caller
};

/// With this environment and nothing else: no descriptor of ours but those given. It dies with us. Of a program that
/// prints without end no more than 256 MiB is read, 1 GiB into `out`, and 1 MiB of errors: then it is killed, and
/// Error(kStateUnusable) thrown. Throws Error(kFeatureMissing) where there is no such program.
Ran run_program(const std::vector<std::string>& argv, const std::vector<std::string>& environment, Given given = {});

}  // namespace clawbox::session
