// The relay: everything of a session's network that leaves it goes through this one loop. It accepts what the session
// dials, asks the rules, and dials for it; answers its questions for names; hears of packets that were refused.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "egress/connection.h"
#include "egress/datagram_flows.h"
#include "egress/name_server.h"
#include "egress/order.h"
#include "egress/refusals.h"
#include "egress/services.h"
#include "net/listeners.h"

namespace clawbox::egress {

class Relay {
 public:
  /// `channel`: to the supervisor. All outlive it.
  Relay(const NetworkAllowlist& list, const OwnedFd& channel, Resolver& resolver, const Patience& patience = {});

  void go_on_after(const Spent& spent);
  void serve(net::Opened opened);
  /// Of a person, as LiveRule in JSON.
  void change_rules(const Json& order);
  /// As an earlier relay of this session answered them, in that order and whatever the rules say by now; after `serve`
  /// and `change_rules`.
  void remember_name(const std::string& name);
  void publish(const PublishedPort& port, OwnedFd listening);
  /// After the last of these. Returns when the supervisor is gone.
  void run();

 private:
  using Take = std::function<void(OwnedFd, const sys::Endpoint&)>;
  enum class Dials : uint8_t { kHost, kInside };  // whose network; kInside takes a spare for each connection
  struct Door {
    OwnedFd socket;
    Take take;  // who it is for
    Dials dials = Dials::kHost;
  };
  void listen(OwnedFd socket, Take take, Dials dials = Dials::kHost);
  void open_host_ports();
  void open_own_doors(const std::string& name, const SyntheticAddresses& addresses);
  void open_named_addresses();
  void bind_and_listen(const sys::Endpoint& at, Take take);
  void tell_no_door(const sys::Endpoint& at, int error);
  void ask_for_spares();
  void take_spares(const std::string& doors, std::vector<OwnedFd> descriptors);
  void starve(const Door& door);
  void open_starved();
  void accept(Door& door);
  void shed(const OwnedFd& listening);
  void take_client(OwnedFd client, const sys::Endpoint& asked);
  void refuse(OwnedFd client, const sys::Endpoint& asked, const std::string& host, News::Outcome outcome,
              const std::string& why);
  void admit(OwnedFd client, Target target);
  void note_question(const AskedName& asked);
  void hear_refusals(const OwnedFd& socket);
  void obey();
  void finish();
  void judge_again();
  void tick();
  void keep_ticking();
  void turn();
  void take_down();
  void tell_carried();
  void pause_accepting();
  void go_on_accepting();
  OwnedFd descriptor_in_reserve() const;

  const NetworkAllowlist& list_;
  const OwnedFd& channel_;
  sys::Loop loop_;
  Outbox outbox_;
  Rules rules_;
  Names names_;
  Reachable reachable_;
  FlowPool pool_;
  Spares spares_;
  Services services_;
  NameServer name_server_;
  DatagramFlows datagrams_;
  std::list<Door> doors_;
  std::list<OwnedFd> refusals_;
  RefusalGaps gaps_;
  std::unordered_map<uint32_t, std::unique_ptr<Connection>> connections_;
  std::set<sys::Endpoint> bound_;     // by us
  std::set<sys::Endpoint> no_doors_;  // that could not be
  bool is_paused_ = false, is_starved_ = false, has_asked_ = false;
  OwnedFd spare_;  // given up for a moment when there are no descriptors left
  struct Lease {
    RulePtr rule;
    Clock::time_point until;
    std::vector<NetworkRule> lifted;  // denied again then
  };
  std::vector<Lease> leases_;
  sys::Timer timer_;
  bool is_ticking_ = false;
  uint64_t told_bytes_ = 0;
};

}  // namespace clawbox::egress
