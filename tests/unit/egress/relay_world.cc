#include "relay_world.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/json.h"
#include "egress/confinement.h"
#include "net/link.h"
#include "net/steering.h"
#include "samples.h"
#include "sys/channel.h"
#include "sys/files.h"

namespace clawbox::egress::world {
namespace {

constexpr int kPatience = 20'000;  // milliseconds

void be_patient(const OwnedFd& socket) {
  ::fcntl(socket.get(), F_SETFL, 0);
  const timeval most{kPatience / 1000, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
}

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  if (!(file << text << std::flush)) throw_sys_error(EIO, "writing " + path);
}

void own_etc(const Setting& setting) {
  sys::unshare(CLONE_NEWNS);
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) throw_errno("making mounts private");
  if (::mount("none", "/etc", "tmpfs", 0, nullptr) != 0) throw_errno("mounting over /etc");
  write("/etc/hosts", setting.hosts);
  write("/etc/host.conf", "multi on\n");
  write("/etc/nsswitch.conf", "hosts: files dns\n");
  write("/etc/resolv.conf", setting.name_server);
}

OwnedFd new_network() {
  sys::unshare(CLONE_NEWNET);
  return sys::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/// The host's own addresses are the first of each; every other one is somewhere out there.
const SyntheticRanges kHostRanges{*parse_ip_prefix("8.20.30.0/24"), *parse_ip_prefix("2606:4700:1::/64")};

}  // namespace

void take_ids(uid_t uid, gid_t gid) {
  write("/proc/self/setgroups", "deny");
  write("/proc/self/uid_map", fmt::format("0 {} 1", uid));
  write("/proc/self/gid_map", fmt::format("0 {} 1", gid));
}

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

void require_equal(std::string_view is, std::string_view should) {
  require(is == should, fmt::format("'{}' is not '{}'", is, should));
}

sys::Endpoint at(const char* address, uint16_t port) { return {*parse_ip_address(address), port}; }

NetworkRule rule(const char* host, uint16_t port) {
  const std::string_view text = host;
  NetworkRule made;
  made.target = text.starts_with("*.") ? NetworkTarget(Subdomains{std::string(text.substr(2))})
                                       : NetworkTarget(ExactHost{std::string(text)});
  made.ports = {{port, port}};
  return made;
}

NetworkRule address_rule(const char* prefix, uint16_t port) {
  NetworkRule made;
  made.target = *parse_ip_prefix(prefix);
  made.ports = {{port, port}};
  return made;
}

Stream::Stream(OwnedFd socket) : socket_(std::move(socket)) { be_patient(socket_); }

void Stream::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) throw_errno("sending");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string Stream::receive(std::size_t size) const {
  std::string bytes(size, '\0');
  const ssize_t got = ::recv(socket_.get(), bytes.data(), size, MSG_WAITALL);
  if (got < 0) throw_errno("receiving {} bytes", size);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

std::string Stream::receive_all() const {
  std::string all, some;
  while (!(some = receive(65536)).empty()) all += some;
  return all;
}

Stream Stream::reset_at_once() {
  Stream stream;
  stream.was_reset_ = true;
  return stream;
}

int Stream::error() const {
  if (was_reset_) return ECONNRESET;
  char byte = 0;
  return ::recv(socket_.get(), &byte, 1, 0) < 0 ? errno : 0;
}

void Stream::end() const { ::shutdown(socket_.get(), SHUT_WR); }

World::World(Setting setting) : setting_(std::move(setting)) {
  if (setting_.list.synthetic.v4.length == 0)
    setting_.list.synthetic = {*parse_ip_prefix("198.18.0.0/15"), *parse_ip_prefix("fdc1:a3b0:c1a0:1::/64")};
  own_etc(setting_);
  relay_filters_ = seccomp::compile(relay_calls());
  resolver_filters_ = seccomp::compile(resolver_calls());

  session_ = new_network();
  ipv6_ = net::make_every_address_local(setting_.list.synthetic);
  if (setting_.list.steering == NetworkAllowlist::Steering::kTproxy) net::steer(setting_.list, ipv6_);
  const std::vector<net::Opened> opened = net::open_listeners(setting_.list, ipv6_);

  host_ = new_network();
  if (setting_.host_ipv6 == Setting::HostIpv6::kNone) write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
  net::make_every_address_local(kHostRanges);
  std::vector<PublishedListener> published;
  for (std::size_t i = 0; i < setting_.list.publish.size(); ++i)
    published.push_back({i, listener(Side::kHost, {setting_.list.publish[i].address, setting_.list.publish[i].port})});
  for (const PublishedListener& one : published) ::fcntl(one.socket.get(), F_SETFL, O_NONBLOCK);

  relay_ = start_relay({setting_.list, relay_filters_, resolver_filters_, {}, setting_.patience});
  require(begin_serving(relay_, opened, published, setting_.earlier), "the relay is gone");
  next(News::Kind::kServing);
  const rlimit capped{setting_.descriptors, setting_.descriptors};
  if (setting_.descriptors != 0 && ::prlimit(relay_.process.pid(), RLIMIT_NOFILE, &capped, nullptr) != 0)
    throw_errno("capping the relay's descriptors");
}

void World::enter(Side side) const {
  if (::setns((side == Side::kHost ? host_ : session_).get(), CLONE_NEWNET) != 0) throw_errno("entering a network");
}

OwnedFd World::socket(Side side, IpAddress::Family family, int type) const {
  enter(side);
  OwnedFd made = sys::inet_socket(family, type);
  require(static_cast<bool>(made), "no socket");
  be_patient(made);
  if (family == IpAddress::Family::kV6) {
    const int on = 1;
    ::setsockopt(made.get(), IPPROTO_IPV6, 78 /* IPV6_FREEBIND: linux/in6.h, which quarrels with netinet/in.h */, &on,
                 sizeof on);
    ::setsockopt(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  return made;
}

OwnedFd World::listener(Side side, const sys::Endpoint& at) const {
  OwnedFd made = socket(side, at.address.family(), SOCK_STREAM);
  const int bound = sys::try_binding(made, at);
  require(bound == 0, fmt::format("binding {}: {}", to_string(at), ::strerrordesc_np(bound)));
  require(sys::try_listening(made) == 0, "listening");
  return made;
}

bool World::has_visitor(const OwnedFd& listening, int milliseconds) {
  pollfd waiting{listening.get(), POLLIN, 0};
  return ::poll(&waiting, 1, milliseconds) == 1;
}

Stream World::accept(const OwnedFd& listening) const {
  require(has_visitor(listening, kPatience), "nobody comes");
  return Stream(OwnedFd(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}

std::string World::ask(const std::string& query, const char* server) const {
  const sys::Endpoint to = at(server, 53);
  const OwnedFd asking = socket(Side::kSession, to.address.family(), SOCK_DGRAM);
  require(sys::start_connecting(asking, to) == 0, "a UDP socket has no route");
  require(::send(asking.get(), query.data(), query.size(), 0) >= 0, "the question was not taken");
  std::array<char, 4096> answer{};
  const ssize_t got = ::recv(asking.get(), answer.data(), answer.size(), 0);
  require(got >= 12, "no answer");
  return {answer.data(), static_cast<std::size_t>(got)};
}

IpAddress World::address_of(const std::string& name, IpAddress::Family family) const {
  const bool v4 = family == IpAddress::Family::kV4;
  const std::string answer = ask(samples::query(name, v4 ? 1 : 28, samples::Edns::kNone));
  require((answer[3] & 15) == 0 && answer[7] == 1, fmt::format("'{}' has no address", name));
  std::array<uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), answer.data() + answer.size() - (v4 ? 4 : 16), v4 ? 4 : 16);
  return v4 ? IpAddress::v4(std::span<const uint8_t, 4>(bytes.data(), 4)) : IpAddress::v6(bytes);
}

int World::try_dialling(const sys::Endpoint& to, Stream& stream) const {
  stream = Stream(socket(Side::kSession, to.address.family(), SOCK_STREAM));
  return sys::start_connecting(stream.socket(), to);
}

Stream World::dial(const sys::Endpoint& to) const {
  Stream stream;
  const int error = try_dialling(to, stream);
  if (error == ECONNRESET) return Stream::reset_at_once();
  require(error == 0, fmt::format("{}: {}", to_string(to), ::strerrordesc_np(error)));
  return stream;
}

Stream World::dial(const std::string& name, uint16_t port, IpAddress::Family family) const {
  return dial({address_of(name, family), port});
}

std::optional<News> World::next_or_end() {
  pollfd waiting{relay_.channel.get(), POLLIN, 0};
  require(::poll(&waiting, 1, kPatience) == 1, "the relay tells nothing");
  News news;
  if (!sys::receive_packet(relay_.channel, std::as_writable_bytes(std::span(&news, 1)))) return std::nullopt;
  return news;
}

News World::next(News::Kind kind) {
  while (true) {
    const auto news = next_or_end();
    require(news.has_value(), "the relay has ended");
    if (news->kind == kind) return *news;
    require(news->kind != News::Kind::kFailed, text_in(news->detail));
  }
}

void World::tell(const Json& order) const { require(sys::send_text(relay_.channel, order.dump()), "it is gone"); }

void World::set_hosts(const std::string& hosts) const { write("/etc/hosts", hosts); }

}  // namespace clawbox::egress::world
