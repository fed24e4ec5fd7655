// Where connections come in: the listeners of a relay.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/host_name.h"
#include "egress/relay.h"

namespace clawbox::egress {
namespace {

constexpr int kAcceptsInTurn = 64;
constexpr std::size_t kFewSpares = 8;
constexpr std::size_t kMostNoDoors = 64;  // that are told

bool may_name(const NetworkRule& rule, const std::string& name) {
  if (const auto* exact = std::get_if<ExactHost>(&rule.target)) return exact->name == name;
  const auto* below = std::get_if<Subdomains>(&rule.target);
  return below != nullptr && is_below(name, below->domain);
}

IpAddress loopback(IpAddress::Family family) {
  std::array<uint8_t, 16> one{};
  one[15] = 1;
  return family == IpAddress::Family::kV4 ? IpAddress::v4(0x7f000001) : IpAddress::v6(one);
}

std::vector<sys::Endpoint> both_loopbacks(uint16_t port) {
  return {{loopback(IpAddress::Family::kV4), port}, {loopback(IpAddress::Family::kV6), port}};
}

}  // namespace

OwnedFd Relay::descriptor_in_reserve() const { return OwnedFd(::fcntl(channel_.get(), F_DUPFD_CLOEXEC, 0)); }

void Relay::serve(net::Opened opened) {
  using net::Door;
  const auto take = [this](OwnedFd client, const sys::Endpoint& asked) { take_client(std::move(client), asked); };
  switch (opened.door) {
    case Door::kTransparent4:
    case Door::kTransparent6:
      return listen(std::move(opened.socket), take);
    case Door::kDnsPackets4:
    case Door::kDnsPackets6:
      return name_server_.serve_packets(std::move(opened.socket));
    case Door::kDnsStreams4:
    case Door::kDnsStreams6:
      return name_server_.serve_streams(std::move(opened.socket));
    case Door::kRefusals: {
      const OwnedFd& kept = refusals_.emplace_back(std::move(opened.socket));
      return loop_.watch(kept.get(), EPOLLIN, [this, &kept](uint32_t) { hear_refusals(kept); });
    }
    case Door::kSpareStream4:
      return spares_.add(IpAddress::Family::kV4, SOCK_STREAM, std::move(opened.socket));
    case Door::kSpareStream6:
      return spares_.add(IpAddress::Family::kV6, SOCK_STREAM, std::move(opened.socket));
    case Door::kReplies4:
      return datagrams_.reply_through(IpAddress::Family::kV4, std::move(opened.socket));
    case Door::kReplies6:
      return datagrams_.reply_through(IpAddress::Family::kV6, std::move(opened.socket));
    case Door::kDatagrams4:
    case Door::kDatagrams6:
      return datagrams_.serve(std::move(opened.socket), [this] { keep_ticking(); });
    case Door::kDiag:
    case Door::kNetwork:
      return;  // the supervisor's
  }
}

void Relay::listen(OwnedFd socket, Take take, Dials dials) {
  Door& door = doors_.emplace_back(Door{std::move(socket), std::move(take), dials});
  // Those that are accepted inherit it. A program that has closed both ways says nothing while its server goes on.
  sys::send_without_delay(door.socket);
  sys::keep_alive(door.socket);
  loop_.watch(door.socket.get(), EPOLLIN, [this, &door](uint32_t) { accept(door); });
}

void Relay::bind_and_listen(const sys::Endpoint& at, Take take) {
  if (bound_.contains(at)) return;
  OwnedFd socket = spares_.take(at.address.family(), SOCK_STREAM);
  if (!socket) return;
  if (const int error = sys::try_binding(socket, at); error != 0) {
    spares_.add(at.address.family(), SOCK_STREAM, std::move(socket));
    return tell_no_door(at, error);
  }
  if (const int error = sys::try_listening(socket); error != 0) return tell_no_door(at, error);
  bound_.insert(at);
  listen(std::move(socket), std::move(take));
}

/// Once: it is tried again whenever the name is asked for.
void Relay::tell_no_door(const sys::Endpoint& at, int error) {
  if (no_doors_.size() >= kMostNoDoors || !no_doors_.insert(at).second) return;
  News news;
  news.kind = News::Kind::kFailed;
  put_text(news.detail, fmt::format("connections to {} do not come here: {}{}", to_string(at), ::strerrordesc_np(error),
                                    error == EADDRINUSE ? ", a program of the session may hold it" : ""));
  outbox_.tell(news);
}

/// Of the supervisor, which can enter the session's network. It does not answer where there were too many already.
void Relay::ask_for_spares() {
  if (std::exchange(has_asked_, true)) return;
  outbox_.tell({.kind = News::Kind::kSpares});
}

void Relay::take_spares(const std::string& doors, std::vector<OwnedFd> descriptors) {
  if (doors.size() != descriptors.size()) throw_sys_error(EPROTO, "receiving sockets of the session's network");
  for (std::size_t i = 0; i < doors.size(); ++i) serve({static_cast<net::Door>(doors[i]), std::move(descriptors[i])});
  has_asked_ = false;
  if (is_starved_) open_starved();
}

/// Whoever comes waits in the listener's queue until a socket inside is free.
void Relay::starve(const Door& door) {
  is_starved_ = true;
  loop_.change(door.socket.get(), 0);
  ask_for_spares();
  keep_ticking();
}

void Relay::open_starved() {
  is_starved_ = false;
  for (const Door& one : doors_)
    if (one.dials == Dials::kInside) loop_.change(one.socket.get(), EPOLLIN);
}

/// The host's own services on its loopback, at the same ports of the session's.
void Relay::open_host_ports() {
  for (const Decided<uint16_t>& port : list_.host_ports)
    for (const sys::Endpoint& at : both_loopbacks(port.value))
      bind_and_listen(at, [this](OwnedFd client, const sys::Endpoint& asked) {
        Target target{"localhost", asked, nullptr, "network.host_ports"};
        target.direct = both_loopbacks(asked.port);
        admit(std::move(client), std::move(target));
      });
}

/// Without tproxy a listener of its own for each port of a name, made when the name is asked for.
void Relay::open_own_doors(const std::string& name, const SyntheticAddresses& addresses) {
  for (const RulePtr& rule : rules_.allowed()) {
    if (!may_name(*rule, name)) continue;
    for (const PortRange& range : rule->ports)
      for (uint32_t port = range.first; port <= range.last; ++port) {
        const auto number = static_cast<uint16_t>(port);
        if (bound_.contains({addresses.v4, number})) continue;
        if (spares_.count(IpAddress::Family::kV4, SOCK_STREAM) < kFewSpares) ask_for_spares();
        if (!spares_.has(IpAddress::Family::kV4, SOCK_STREAM)) return;
        if (rules_.decide(name, number, Transport::kTcp).rule != rule) continue;
        for (const IpAddress& address : {addresses.v4, addresses.v6})
          bind_and_listen({address, number}, [this](OwnedFd client, const sys::Endpoint& asked) {
            take_client(std::move(client), asked);
          });
      }
  }
}

void Relay::open_named_addresses() {
  for (const RulePtr& rule : rules_.allowed()) {
    const auto* prefix = std::get_if<IpPrefix>(&rule->target);
    if (prefix == nullptr || !prefix->is_one_address() || kind_of(prefix->address) == AddressKind::kLoopback) continue;
    for (const PortRange& range : rule->ports)
      for (uint32_t port = range.first; port <= range.last; ++port)
        bind_and_listen({prefix->address, static_cast<uint16_t>(port)},
                        [this](OwnedFd client, const sys::Endpoint& asked) { take_client(std::move(client), asked); });
  }
}

void Relay::publish(const PublishedPort& port, OwnedFd listening) {
  const auto take = [this, port](OwnedFd client, const sys::Endpoint&) {
    Target target{"", {port.address, port.port}, nullptr, fmt::format("published from port {}", port.inside)};
    target.direct = both_loopbacks(port.inside);
    target.side = Target::Side::kInside;
    admit(std::move(client), std::move(target));
  };
  listen(std::move(listening), take, Dials::kInside);
}

/// While the supervisor does not read: who dials waits in the listeners' queues.
void Relay::pause_accepting() {
  is_paused_ = true;
  for (const Door& one : doors_) loop_.change(one.socket.get(), 0);
}

void Relay::go_on_accepting() {
  if (!is_paused_ || outbox_.is_full()) return;
  is_paused_ = false;
  for (const Door& one : doors_) loop_.change(one.socket.get(), EPOLLIN);
}

void Relay::accept(Door& door) {
  for (int i = 0; i < kAcceptsInTurn; ++i) {
    if (outbox_.is_full()) return pause_accepting();
    if (door.dials == Dials::kInside && !spares_.has(IpAddress::Family::kV4, SOCK_STREAM)) return starve(door);
    sys::Accepted accepted = sys::accept_stream(door.socket);
    if (accepted.error == EMFILE || accepted.error == ENFILE) {
      shed(door.socket);
      break;
    }
    if (!accepted.socket) break;
    try {
      const auto asked = sys::local_endpoint(accepted.socket);
      if (asked) door.take(std::move(accepted.socket), *asked);
    } catch (const SysError& error) {
      if (error.code() == EPIPE || error.code() == ECONNRESET) throw;  // the supervisor is gone
      // One connection is lost, for want of memory or watches, and not the relay.
    }
  }
}

/// No descriptors are left: whoever waits is told so, with RST, rather than left waiting.
void Relay::shed(const OwnedFd& listening) {
  spare_.reset();
  sys::Accepted accepted = sys::accept_stream(listening);
  if (accepted.socket) {
    const auto asked = sys::local_endpoint(accepted.socket);
    refuse(std::move(accepted.socket), asked.value_or(sys::Endpoint{}), "", News::Outcome::kFailed,
           "the relay has no descriptors left");
  }
  spare_ = descriptor_in_reserve();
}

}  // namespace clawbox::egress
