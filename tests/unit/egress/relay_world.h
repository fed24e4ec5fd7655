// A session and its host for the real relay, without a sandbox: two network namespaces of the test's own, in one of
// which servers live at whatever address, and in the other one the programs. The relay is started as a session starts
// it, a process of its own, confined.
#pragma once

#include <sys/resource.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "egress/helper.h"
#include "egress/order.h"
#include "plan/plan.h"
#include "sys/inet_sockets.h"

namespace clawbox::egress::world {

/// Throws, with `what`, where it does not hold: checks happen in a process of their own.
void require(bool holds, const std::string& what);
void require_equal(std::string_view is, std::string_view should);

sys::Endpoint at(const char* address, uint16_t port);
NetworkRule rule(const char* host, uint16_t port);  // "*.domain" too
NetworkRule address_rule(const char* prefix, uint16_t port);

/// One end of a connection, which waits for at most twenty seconds.
class Stream {
 public:
  Stream() = default;
  explicit Stream(OwnedFd socket);
  /// Its peer reset it before connect(2) was through, which happens where the relay is the quicker one.
  static Stream reset_at_once();
  void send(std::string_view bytes) const;
  std::string receive(std::size_t size) const;  // exactly
  std::string receive_all() const;              // to the end
  int error() const;                            // what the next receive fails with; 0: it does not
  void end() const;                             // shutdown of what we send
  const OwnedFd& socket() const { return socket_; }
  void close() { socket_.reset(); }
  void reset() { sys::close_with_reset(std::move(socket_)); }

 private:
  OwnedFd socket_;
  bool was_reset_ = false;
};

struct Setting {
  NetworkAllowlist list{};
  std::string hosts{};        // of the host's /etc/hosts
  std::string name_server{};  // its resolv.conf
  Patience patience{};
  rlim_t descriptors = 0;  // that the relay may have; 0: as many as we
  enum class HostIpv6 { kNone, kThere } host_ipv6 = HostIpv6::kThere;
  Earlier earlier{};  // of another relay
};

class World {
 public:
  explicit World(Setting setting);

  enum class Side { kHost, kSession };
  /// In that network, with patience. It waits.
  OwnedFd socket(Side side, IpAddress::Family family, int type) const;
  OwnedFd listener(Side side, const sys::Endpoint& at) const;
  Stream accept(const OwnedFd& listening) const;
  static bool has_visitor(const OwnedFd& listening, int milliseconds = 0);

  /// The message that the session's name server answers, asked at 8.8.8.8, or another address.
  std::string ask(const std::string& query, const char* server = "8.8.8.8") const;
  /// The address of a name inside; throws where it has none.
  IpAddress address_of(const std::string& name, IpAddress::Family family = IpAddress::Family::kV4) const;
  /// 0 or errno.
  int try_dialling(const sys::Endpoint& to, Stream& stream) const;
  Stream dial(const sys::Endpoint& to) const;
  /// By name, as a program does.
  Stream dial(const std::string& name, uint16_t port, IpAddress::Family family = IpAddress::Family::kV4) const;

  /// The next news of this kind; others of before are dropped.
  News next(News::Kind kind);
  /// The next one of whatever kind; nothing once the relay has ended.
  std::optional<News> next_or_end();
  News ended() { return next(News::Kind::kEnded); }
  void tell(const Json& order) const;
  const sys::Helper& relay() const { return relay_; }
  sys::Helper& relay() { return relay_; }
  bool has_session_ipv6() const { return ipv6_ == net::Ipv6::kThere; }
  void enter(Side side) const;  // what is opened from here on belongs to that network
  void set_hosts(const std::string& hosts) const;

 private:
  Setting setting_;
  OwnedFd host_, session_;
  net::Ipv6 ipv6_{};
  seccomp::Program relay_filters_, resolver_filters_;
  sys::Helper relay_;
};

/// Root of a user namespace that knows one id of the outside, so that files can be made in it.
void take_ids(uid_t uid, gid_t gid);

/// `act` with a world of that setting, in a process of its own; skipped where the kernel makes none.
void in_world(const std::function<Setting()>& setting, const std::function<void(World&)>& act);

}  // namespace clawbox::egress::world
