// Work that starts many programs, written into a directory: what a log of execs is measured with.
#pragma once

#include <string>
#include <vector>

namespace clawbox::bench {

struct Workload {
  std::string name;
  std::vector<std::string> argv;  // argv[0] is a path; run in the directory it was written to
};

/// `make -j2` of so many small C files with cc(1), from nothing each time: 3 or 4 execs for each file.
Workload write_build(const std::string& directory, unsigned files);
/// A shell script as configure scripts are: so many small programs, one after the other.
Workload write_configure(const std::string& directory, unsigned execs);

}  // namespace clawbox::bench
