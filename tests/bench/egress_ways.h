// The ways that bytes take from a program to a server: direct, through the relay, and through peers.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clawbox::bench {

constexpr unsigned kPort = 7001;

struct Way {
  std::string name;
  std::string address;
  std::function<void()> enter;   // the network of its client
  std::vector<pid_t> processes;  // whose time counts, beside the client's
  std::optional<std::string> skipped;
};

struct Figure {
  double value = 0, bytes = 0, cpu = 0;
};

/// One run of a client (`egress --measure WHAT`); nothing where it failed.
std::optional<Figure> measured(const Way& way, const std::string& what);

/// All of them with what serves them, until this ends. "direct" is the first.
class Ways {
 public:
  /// `only`: the names of some; empty: all.
  explicit Ways(const std::vector<std::string>& only);
  ~Ways();
  const std::vector<Way>& all() const;

 private:
  class All;
  std::unique_ptr<All> all_;
};

}  // namespace clawbox::bench
