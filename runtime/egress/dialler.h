// The first of several addresses that answers: RFC 8305 (Happy Eyeballs). The next one is tried after 250 ms, or as
// soon as one has failed; the first connection that stands wins, and the others are given up.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "egress/services.h"
#include "sys/inet_sockets.h"

namespace clawbox::egress {

class Dialler {
 public:
  /// `done` may destroy us. It is called once, from a turn of the loop or from `begin` or `tick`: with a connected
  /// socket, or with none and why in `problem`.
  struct Result {
    OwnedFd socket;
    sys::Endpoint peer;
    std::string problem;
  };
  using Done = std::function<void(Result)>;
  /// Where a socket for a family comes from: the host's network, unless the session's own is dialled.
  struct Source {
    std::function<OwnedFd(IpAddress::Family)> make;
    std::function<void(IpAddress::Family, OwnedFd)> give_back;  // of one that was tried; none: it is closed
  };

  Dialler(sys::Loop& loop, const Patience& patience, std::vector<sys::Endpoint> candidates, Source source, Done done);
  ~Dialler();
  Dialler(const Dialler&) = delete;

  void begin();
  /// Now and then, at least every 100 ms.
  void tick(Clock::time_point now);

 private:
  struct Attempt {
    OwnedFd socket;
    sys::Endpoint peer;
    Clock::time_point until;
  };
  using Entry = std::list<Attempt>::iterator;
  void try_next(Clock::time_point now);
  void watch(Entry attempt);
  void settle(Entry attempt);
  void give_up(Entry attempt, int error);
  void give_back(Attempt& attempt);
  void finish(Result result);

  sys::Loop& loop_;
  const Patience& patience_;
  std::vector<sys::Endpoint> candidates_;
  std::size_t next_ = 0;
  Source source_;
  Done done_;
  std::list<Attempt> attempts_;
  Clock::time_point next_at_;
  std::string problem_;
};

/// IPv6 and IPv4 in turns, beginning with the first one's family.
std::vector<sys::Endpoint> interleaved(const std::vector<sys::Endpoint>& candidates);

}  // namespace clawbox::egress
