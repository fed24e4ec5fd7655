// The session's side of named egress: starts the relay (egress/helper.h), gives it the listeners, writes what it tells
// into the trail, and starts another one where it has died. Without an allow-list it does nothing.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "egress/helper.h"
#include "egress/news.h"
#include "egress/order.h"
#include "plan/plan.h"
#include "session/directories.h"
#include "session/socket_owners.h"
#include "supervise/supervisor.h"

namespace clawbox::session {

class Egress {
 public:
  /// What a session keeps when its sandbox is built anew: the changes to its list, and what of its budgets is spent.
  struct Past {
    using Clock = std::chrono::steady_clock;
    struct Given {
      egress::LiveRule rule;
      std::optional<Clock::time_point> until;
    };
    std::vector<Given> given;
    egress::Spent spent;
  };

  /// Starts it, beside the set-up of the sandbox, and listens at the host's end of published ports. Throws where one of
  /// them is taken. `plan` and `past`, which it goes on, outlive it.
  Egress(const Plan& plan, const Directories& directories, Past& past);
  Egress(const Egress&) = delete;

  /// Waits until it serves them. Throws what kept it from that.
  void serve(std::vector<net::Opened> listeners);
  /// `tell` reaches a person. All outlive it.
  void watch(supervise::Supervisor& supervisor, supervise::ExecLog::Write write, supervise::Supervisor::Tell tell);
  /// Before the session's end is recorded: every connection is.
  void finish();

  /// Of a person, while the session runs: {"change": "allow" | "deny", "host": HOST[:PORT], "lasts_ms"}. Throws
  /// Error(kUsage) for what cannot be, and where the session has no list or no relay any more.
  void change(const Json& request, const std::string& by);

 private:
  using Clock = Past::Clock;

  void keep(std::vector<net::Opened> listeners);
  void start();
  bool begin();
  void hear();
  void record(const egress::News& news);
  void record_name(const egress::News& news);
  void record_end(const egress::News& news);
  void record_refusal(const egress::News& news);
  void give_spares();
  void relay_died();
  void start_another();
  void open_way(const NetworkRule& rule);
  void send_given();
  void give_up(const std::string& why);
  Json program_of(const egress::News& news);

  const Plan& plan_;
  Past& past_;
  seccomp::Program relay_filters_, resolver_filters_;
  std::optional<sys::Helper> relay_;
  std::vector<egress::PublishedListener> published_;
  std::vector<net::Opened> kept_;  // for another relay
  OwnedFd network_;                // net/living.h
  net::Ipv6 ipv6_ = net::Ipv6::kNone;
  std::vector<std::string> names_;  // that have addresses, in order
  std::optional<SocketOwners> owners_;
  std::map<uint32_t, Json> programs_;  // of connections that are open
  std::size_t spares_ = 0;             // that the session has had
  unsigned restarts_ = 0;
  supervise::Supervisor* supervisor_ = nullptr;
  supervise::ExecLog::Write write_;
  supervise::Supervisor::Tell tell_;
};

}  // namespace clawbox::session
