#include "bench/egress_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "base/error.h"
#include "base/owned_fd.h"

namespace clawbox::bench {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// The first byte says what is wanted. No letters: a relay that looks for HTTP would wait for more of them.
enum Wish : uint8_t { kDown = 0xD1, kUp = 0xD2, kRequest = 0xD3 };
constexpr std::size_t kQuestion = 64, kAnswer = 256, kBlock = std::size_t{256} << 10;
constexpr auto kTime = 400ms;
constexpr unsigned kMany = 9900;

std::array<char, kBlock> block{};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): nobody reads it

void allow_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

sockaddr_in address_of(const std::string& text, unsigned port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (::inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1) throw std::runtime_error("no address: " + text);
  return address;
}

struct Peer {
  uint8_t wish = 0;
  std::size_t asked = 0;  // bytes of a question that is not whole
};

/// False: it is over.
bool serve_one(int fd, Peer& peer) {
  if (peer.wish == kDown) {
    const ssize_t sent = ::send(fd, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent > 0 || errno == EAGAIN;
  }
  const ssize_t got = ::recv(fd, block.data(), block.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN;
  if (got == 0) {
    if (peer.wish == kUp) ::send(fd, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    return false;
  }
  if (peer.wish == 0) peer.wish = static_cast<uint8_t>(block[0]);
  if (peer.wish != kRequest) return true;
  for (peer.asked += static_cast<std::size_t>(got); peer.asked >= kQuestion; peer.asked -= kQuestion)
    if (::send(fd, block.data(), kAnswer, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return false;
  return true;
}

void watch(const OwnedFd& epoll, int fd, uint32_t events, int how) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll.get(), how, fd, &event) < 0) throw_errno("epoll_ctl");
}

OwnedFd connected(const sockaddr_in& address) {
  OwnedFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  const timeval patience{20, 0};
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) throw_errno("connect");
  return socket;
}

void ask(const OwnedFd& socket) {
  std::array<char, kAnswer> bytes{};
  bytes[0] = static_cast<char>(kRequest);
  if (::send(socket.get(), bytes.data(), kQuestion, MSG_NOSIGNAL) != kQuestion) throw_errno("asking");
  if (::recv(socket.get(), bytes.data(), kAnswer, MSG_WAITALL) != kAnswer) throw_errno("no answer");
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

Measured flood(const sockaddr_in& address, Wish wish, std::size_t streams) {
  std::vector<OwnedFd> sockets;
  std::vector<pollfd> waiting;
  for (std::size_t i = 0; i < streams; ++i) {
    sockets.push_back(connected(address));
    const auto first = static_cast<char>(wish);
    ::send(sockets.back().get(), &first, 1, MSG_NOSIGNAL);
    waiting.push_back({sockets.back().get(), static_cast<short>(wish == kDown ? POLLIN : POLLOUT), 0});
  }
  double bytes = 0;
  const auto begin = Clock::now();
  while (Clock::now() - begin < kTime) {
    if (::poll(waiting.data(), waiting.size(), 20'000) <= 0) throw std::runtime_error("nothing moves");
    for (const pollfd& one : waiting) {
      if (one.revents == 0) continue;
      const ssize_t moved = wish == kDown ? ::recv(one.fd, block.data(), block.size(), MSG_DONTWAIT)
                                          : ::send(one.fd, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (moved <= 0 && errno != EAGAIN) throw_errno("moving bytes");
      if (moved > 0) bytes += static_cast<double>(moved);
    }
  }
  for (const OwnedFd& socket : sockets) {  // what is on its way counts when it has arrived
    if (wish != kUp) break;
    ::shutdown(socket.get(), SHUT_WR);
    char last = 0;
    if (::recv(socket.get(), &last, 1, 0) != 1) throw_errno("the end did not arrive");
  }
  return {bytes / seconds_since(begin), bytes};
}

double median_first_byte(const sockaddr_in& address) {
  std::vector<double> times;
  for (int i = 0; i < 60; ++i) {
    const auto begin = Clock::now();
    const OwnedFd socket = connected(address);
    ask(socket);
    times.push_back(seconds_since(begin) * 1e6);
  }
  std::nth_element(times.begin(), times.begin() + 30, times.end());
  return times[30];
}

double rate(const auto& act) {
  unsigned count = 0;
  const auto begin = Clock::now();
  for (; Clock::now() - begin < kTime; ++count) act();
  return count / seconds_since(begin);
}

double open_many(const sockaddr_in& address) {
  std::vector<OwnedFd> sockets;
  const auto begin = Clock::now();
  for (unsigned i = 0; i < kMany; ++i) {
    sockets.push_back(connected(address));
    ask(sockets.back());
  }
  const double taken = seconds_since(begin);
  for (const OwnedFd& socket : sockets) ask(socket);
  return kMany / taken;
}

}  // namespace

void serve_load(unsigned port) {
  allow_descriptors();
  const OwnedFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const OwnedFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  const int on = 1;
  ::setsockopt(listening.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(listening.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in any = address_of("0.0.0.0", port);
  if (::bind(listening.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) < 0) throw_errno("bind");
  if (::listen(listening.get(), 4096) < 0) throw_errno("listen");
  watch(epoll, listening.get(), EPOLLIN, EPOLL_CTL_ADD);
  std::puts("ready");
  std::fflush(stdout);
  std::vector<Peer> peers(65536);
  while (true) {
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listening.get()) {
        const int peer = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer < 0) continue;
        peers.at(static_cast<std::size_t>(peer)) = {};
        watch(epoll, peer, EPOLLIN, EPOLL_CTL_ADD);
        continue;
      }
      Peer& peer = peers.at(static_cast<std::size_t>(fd));
      const bool had_wish = peer.wish != 0;
      if (!serve_one(fd, peer))
        ::close(fd);
      else if (!had_wish && peer.wish == kDown)
        watch(epoll, fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
  }
}

Measured measure_load(const std::string& what, const std::string& address, unsigned port) {
  allow_descriptors();
  const sockaddr_in to = address_of(address, port);
  const std::size_t streams = what.ends_with('8') ? 8 : 1;
  if (what.starts_with("down")) return flood(to, kDown, streams);
  if (what.starts_with("up")) return flood(to, kUp, streams);
  if (what == "first") return {median_first_byte(to), 0};
  if (what == "connects") return {rate([&to] { ask(connected(to)); }), 0};
  if (what == "many") return {open_many(to), 0};
  const OwnedFd socket = connected(to);
  return {rate([&socket] { ask(socket); }), 0};
}

}  // namespace clawbox::bench
