// Datagrams of the session to names and addresses that a rule opens with `udp = true`. UDP has no connections, so a
// flow is what one socket of a program and one server say to each other, until neither has for a while.
//
// The name is looked up and the address checked when a flow begins, as for TCP; of what follows every datagram goes to
// that address, and only its answers come back. Nothing is read of what they say: a server's name in QUIC is not
// compared. The host's HTTP proxy cannot carry them, so they go past it.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "egress/news.h"
#include "egress/services.h"

namespace clawbox::egress {

class DatagramFlows {
 public:
  explicit DatagramFlows(Services& services) : services_(services) {}
  ~DatagramFlows();
  DatagramFlows(const DatagramFlows&) = delete;

  /// net::Door::kDatagrams…; `on_flow`: there is one that `tick` has to be called for.
  void serve(OwnedFd socket, std::function<void()> on_flow);
  /// net::Door::kReplies… No answer is larger than the link's packets: over IPv6 65,488 bytes.
  void reply_through(IpAddress::Family family, OwnedFd raw);
  /// At least every 100 ms unless it is empty.
  void tick(Clock::time_point now);
  bool is_empty() const { return flows_.empty(); }
  void judge_again();
  void session_ended();

 private:
  using Key = std::pair<sys::Endpoint, sys::Endpoint>;  // the program's, and the one that it sends to
  struct Flow {
    uint32_t id = 0;
    std::string host;  // empty: an address that a rule names
    RulePtr rule;
    OwnedFd socket;  // none: its name is being looked up, or it is over
    std::vector<std::string> held;
    std::size_t held_bytes = 0;
    std::optional<sys::Endpoint> peer;
    uint64_t question = 0, up = 0, down = 0;
    Clock::time_point began{}, last{};
    bool is_over = false;  // kept for a moment, so that what still comes does not begin another one
    int problem = 0;       // errno: what the network said
  };

  using Flows = std::map<Key, Flow>;
  using Entry = Flows::value_type;

  void hear(const OwnedFd& socket);
  bool comes_back(const sys::Endpoint& from) const;
  Verdict decide(const sys::Endpoint& asked, std::string& host) const;
  Entry* begin(const Key& key);
  void look_up(Entry& entry);
  void take_answer(Entry& entry, const Resolver::Answer& answer);
  bool dial(Entry& entry, const sys::Endpoint& peer);
  void send(Entry& entry, std::string_view bytes);
  void hear_server(Entry& entry);
  void count(Entry& entry, std::size_t bytes);
  void end(Entry& entry, News::Outcome outcome, const std::string& why);
  News news(const Entry& entry, News::Kind kind) const;
  void tell_refused(const Key& key, const std::string& host, News::Outcome outcome, const std::string& why);

  Services& services_;
  std::function<void()> on_flow_;
  std::list<OwnedFd> sockets_;
  OwnedFd replies4_, replies6_;
  Flows flows_;
};

}  // namespace clawbox::egress
