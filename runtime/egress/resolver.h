// Names to addresses, as the host resolves them: getaddrinfo(3), which may wait for many seconds, and reads files and
// asks servers of the host's choice. So it runs in processes of its own, each under a filter that knows no program to
// execute and no file to write, and one that is late is killed and made anew.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "seccomp/compile.h"
#include "sys/clock.h"
#include "sys/helper.h"

namespace clawbox::egress {

class Resolver {
 public:
  /// Starts the processes: before the caller confines itself, which keeps it from starting any. `filters`: of
  /// resolver_calls().
  explicit Resolver(const seccomp::Program& filters);

  /// Of the addresses in the order in which they should be tried; empty where there are none, with why.
  struct Answer {
    std::vector<IpAddress> addresses;
    std::string problem;
  };
  using Take = std::function<void(const Answer&)>;
  /// `take` is called later, once, by `hear`, unless `forget` came first; or at once, and 0 is returned, with an
  /// answer that is a few seconds old. Who asks has its own time limit.
  uint64_t ask(const std::string& name, Take take);
  void forget(uint64_t question);

  int fd() const { return helper_.channel.get(); }  // readable: `hear`
  void hear();

 private:
  struct Asker {
    uint64_t question;
    Take take;
  };
  struct Known {
    Answer answer;
    std::chrono::microseconds until{};
  };
  void remember(const std::string& name, const Answer& answer);

  sys::Helper helper_;
  uint64_t last_question_ = 0;
  std::map<std::string, std::vector<Asker>> asked_;
  std::map<std::string, Known> known_;
};

}  // namespace clawbox::egress
