#include "net/steering.h"

#include <netinet/in.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "net/listeners.h"
#include "support/catch.h"
#include "support/own_network.h"
#include "sys/inet_sockets.h"

namespace clawbox::net {
namespace {

using test::in_own_network;

constexpr int kPatience = 20'000;  // milliseconds for what the kernel does at once
constexpr char kNoNamespace[] = "kernel: no network namespace of one's own";

NetworkAllowlist list_of(std::vector<NetworkRule> rules) {
  NetworkAllowlist list;
  list.rules = std::move(rules);
  list.synthetic = {*parse_ip_prefix("198.18.0.0/15"), *parse_ip_prefix("fdc1:a3b0:c1a0:1::/64")};
  return list;
}

NetworkAllowlist sample() {
  return list_of({{ExactHost{"a.org"}, {{443, 443}, {8000, 8010}}},
                  {*parse_ip_prefix("203.0.113.0/24"), {{25, 25}}},
                  {*parse_ip_prefix("2001:db8::/32"), {{25, 25}}}});
}

sys::Endpoint at(const char* address, uint16_t port) { return {*parse_ip_address(address), port}; }

/// What comes of a dial: 0 or errno.
int dial(const OwnedFd& socket, const sys::Endpoint& to) {
  const int error = sys::start_connecting(socket, to);
  if (error != EINPROGRESS) return error;
  pollfd waiting{socket.get(), POLLOUT, 0};
  return ::poll(&waiting, 1, kPatience) == 1 ? sys::error_of(socket) : ETIMEDOUT;
}

int dial(const sys::Endpoint& to) { return dial(sys::inet_socket(to.address.family(), SOCK_STREAM), to); }

bool is_readable(const OwnedFd& socket, int milliseconds) {
  pollfd waiting{socket.get(), POLLIN, 0};
  return ::poll(&waiting, 1, milliseconds) == 1;
}

const OwnedFd& door(const std::vector<Opened>& opened, Door which) {
  for (const Opened& one : opened)
    if (one.door == which) return one.socket;
  throw_sys_error(ENODEV, "the door was not opened");
}

struct Steered {
  NetworkAllowlist list = sample();
  Ipv6 ipv6 = make_every_address_local(list.synthetic);
  std::vector<Opened> opened;

  Steered() {
    steer(list, ipv6);
    opened = open_listeners(list, ipv6);
  }
};

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

/// Throws where the door `which` gets no connection that was meant for `to`.
void require_steered(const Steered& world, Door which, const sys::Endpoint& to) {
  const OwnedFd socket = sys::inet_socket(to.address.family(), SOCK_STREAM);
  const int error = dial(socket, to);
  require(error == 0, fmt::format("{}: {}", to_string(to), ::strerrordesc_np(error)));
  const OwnedFd& listening = door(world.opened, which);
  require(is_readable(listening, kPatience), to_string(to) + " did not come");
  const sys::Accepted accepted = sys::accept_stream(listening);
  require(sys::local_endpoint(accepted.socket) == to, to_string(to) + " is not what it was for");
}

void check_in_network(const std::function<std::string(const OwnedFd&)>& act) {
  const auto network = in_own_network(act);
  if (!network) return test::skip(kNoNamespace);
  const std::string result = result_of(*network);
  if (test::is_refused_by_kernel(result)) return test::skip("kernel: " + result);
  CHECK(result == "good");
}

}  // namespace

TEST_CASE("every address of the world is local inside, and none before") {
  check_in_network([](const OwnedFd&) -> std::string {
    const auto bind = [](const char* address) {
      return sys::try_binding(sys::inet_socket(parse_ip_address(address)->family(), SOCK_STREAM), at(address, 8080));
    };
    bring_loopback_up();
    require(bind("203.0.113.9") == EADDRNOTAVAIL, "203.0.113.9 was local before");
    const Ipv6 ipv6 = make_every_address_local(sample().synthetic);
    for (const char* address : {"203.0.113.9", "198.18.0.1", "198.19.255.254", "127.0.0.1"})
      require(bind(address) == 0, std::string(address) + " cannot be bound");
    // IPv6 asks for an address rather than a route, unless the socket is told otherwise (IPV6_FREEBIND).
    if (ipv6 == Ipv6::kThere) require(bind("fdc1:a3b0:c1a0:1::1") == 0, "the listener's address cannot be bound");
    return "good";
  });
}

TEST_CASE("what the kernel refuses is told with what was being done") {
  check_in_network([](const OwnedFd&) -> std::string {
    make_every_address_local(sample().synthetic);
    try {
      make_every_address_local(sample().synthetic);
    } catch (const SysError& error) {
      require(error.code() == EEXIST, error.what());
      const std::string words = error.what();
      require(words.find("giving 198.18.0.1 to the loopback link") != std::string::npos, words);
      return "good";
    }
    return "the second address was taken";
  });
}

TEST_CASE("connections to allowed ports come to the transparent listener, with the address that they were for") {
  check_in_network([](const OwnedFd&) -> std::string {
    const Steered world;
    for (const sys::Endpoint& to : {at("198.18.0.7", 443), at("198.19.3.3", 8005), at("203.0.113.9", 25)})
      require_steered(world, Door::kTransparent4, to);
    if (world.ipv6 == Ipv6::kThere)
      for (const sys::Endpoint& to : {at("fdc1:a3b0:c1a0:1::7", 443), at("2001:db8::9", 25)})
        require_steered(world, Door::kTransparent6, to);
    return "good";
  });
}

TEST_CASE("every other packet is refused at once, and told of") {
  check_in_network([](const OwnedFd&) -> std::string {
    const Steered world;
    const OwnedFd& refusals = door(world.opened, Door::kRefusals);
    require(!is_readable(refusals, 0), "something was refused before anything was sent");
    for (const sys::Endpoint& to : {at("198.18.0.7", 444), at("198.18.0.7", 7999), at("203.0.113.9", 443),
                                    at("203.0.112.9", 25), at("8.8.8.8", 443)}) {
      const int error = dial(to);
      require(error == ECONNREFUSED, fmt::format("{}: {}", to_string(to), ::strerrordesc_np(error)));
      require(is_readable(refusals, kPatience), to_string(to) + " was not told of");
      std::array<char, 4096> buffer{};
      require(::recv(refusals.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) > 0, "nothing was told");
    }
    const OwnedFd packets = sys::inet_socket(IpAddress::Family::kV4, SOCK_DGRAM);
    require(sys::start_connecting(packets, at("8.8.8.8", 443)) == 0, "a UDP socket has no route");
    require(::send(packets.get(), "x", 1, 0) < 0 && errno == EPERM, "a datagram went away");
    return "good";
  });
}

TEST_CASE("the session's own loopback is not touched") {
  check_in_network([](const OwnedFd&) -> std::string {
    const Steered world;
    const OwnedFd listening = sys::inet_socket(IpAddress::Family::kV4, SOCK_STREAM);
    require(sys::try_binding(listening, at("127.0.0.1", 9)) == 0, "127.0.0.1 port 9 cannot be bound");
    require(sys::try_listening(listening) == 0, "no listening");
    require(dial(at("127.0.0.1", 9)) == 0, "127.0.0.1 cannot be dialled");
    require(sys::accept_stream(listening).error == 0, "it came somewhere else");
    return "good";
  });
}

TEST_CASE("a prefix that holds loopback addresses leaves them to the session, also one that was added while it runs") {
  check_in_network([](const OwnedFd&) -> std::string {
    const NetworkRule wide{*parse_ip_prefix("0.0.0.0/0"), {{25, 25}}}, wide6{*parse_ip_prefix("::/0"), {{25, 25}}};
    const NetworkRule later{*parse_ip_prefix("0.0.0.0/0"), {{26, 26}}};
    const NetworkAllowlist list = list_of({wide, wide6});
    const Ipv6 ipv6 = make_every_address_local(list.synthetic);
    steer(list, ipv6);
    steer_more(list, later, ipv6);
    const std::vector<Opened> opened = open_listeners(list, ipv6);
    std::vector<sys::Endpoint> own{at("127.0.0.1", 25), at("127.9.9.9", 26)};
    if (ipv6 == Ipv6::kThere) own.push_back(at("::1", 25));
    for (const sys::Endpoint& to : own) {
      const OwnedFd listening = sys::inet_socket(to.address.family(), SOCK_STREAM);
      require(sys::try_binding(listening, to) == 0, to_string(to) + " cannot be bound");
      require(sys::try_listening(listening) == 0, "no listening");
      require(dial(to) == 0, to_string(to) + " cannot be dialled");
      require(sys::accept_stream(listening).error == 0, to_string(to) + " came somewhere else");
    }
    require(dial(at("203.0.113.9", 25)) == 0 && is_readable(door(opened, Door::kTransparent4), kPatience),
            "the rest of the prefix is not steered");
    return "good";
  });
}

TEST_CASE("without IPv6 no door of it is opened") {
  check_in_network([](const OwnedFd&) -> std::string {
    const NetworkAllowlist list = sample();
    make_every_address_local(list.synthetic);
    steer(list, Ipv6::kNone);
    for (const Opened& one : open_listeners(list, Ipv6::kNone)) {
      const auto local = sys::local_endpoint(one.socket);
      require(!local || local->address.is_v4(), "a socket of IPv6");
    }
    return "good";
  });
}

TEST_CASE("without nf_tables there are unbound sockets, as many as the list has ports") {
  check_in_network([](const OwnedFd&) -> std::string {
    NetworkAllowlist list = list_of({{ExactHost{"a.org"}, {{443, 443}, {8000, 8010}}}});
    list.steering = NetworkAllowlist::Steering::kAnyIp;
    make_every_address_local(list.synthetic);
    std::size_t spares = 0;
    for (const Opened& one : open_listeners(list, Ipv6::kNone)) spares += one.door == Door::kSpareStream4 ? 1 : 0;
    require(spares == 12, fmt::format("{} spares", spares));
    return "good";
  });
}

}  // namespace clawbox::net
