#include "egress/datagram_flows.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "egress/datagram_head.h"
#include "sys/inet_sockets.h"

namespace clawbox::egress {
namespace {

using namespace std::chrono_literals;

constexpr int kDatagramsInTurn = 64;
// Until the name is found; more are lost, as datagrams may be.
constexpr std::size_t kMostHeld = 8, kMostHeldBytes = std::size_t{16} << 10;
constexpr auto kOverFor = 2s;

}  // namespace

DatagramFlows::~DatagramFlows() {
  for (const OwnedFd& socket : sockets_) services_.loop.forget(socket.get());
  for (const auto& [key, flow] : flows_) {
    if (flow.socket) services_.loop.forget(flow.socket.get());
    if (flow.question != 0) services_.resolver.forget(flow.question);
  }
}

void DatagramFlows::serve(OwnedFd socket, std::function<void()> on_flow) {
  on_flow_ = std::move(on_flow);
  const OwnedFd& kept = sockets_.emplace_back(std::move(socket));
  services_.loop.watch(kept.get(), EPOLLIN, [this, &kept](uint32_t) { hear(kept); });
}

void DatagramFlows::reply_through(IpAddress::Family family, OwnedFd raw) {
  (family == IpAddress::Family::kV4 ? replies4_ : replies6_) = std::move(raw);
}

void DatagramFlows::hear(const OwnedFd& socket) {
  const std::span<char> buffer = services_.pool.buffer();
  for (int i = 0; i < kDatagramsInTurn; ++i) {
    const auto datagram = sys::receive_steered(socket, buffer);
    if (!datagram) return;
    if (datagram->to.port == 0 || datagram->from.port == 0 || comes_back(datagram->from)) continue;
    const Key key{datagram->from, datagram->to};
    const auto known = flows_.find(key);
    Entry* entry = known == flows_.end() ? begin(key) : &*known;
    if (entry != nullptr && !entry->second.is_over) send(*entry, {buffer.data(), datagram->size});
  }
}

/// In a network where every address is local a program may speak from the address of a server: what we answer would be
/// steered to us again, for ever.
bool DatagramFlows::comes_back(const sys::Endpoint& from) const {
  return services_.names.name_of(from.address) ||
         services_.rules.decide(from.address, from.port, Transport::kUdp).allowed();
}

Verdict DatagramFlows::decide(const sys::Endpoint& asked, std::string& host) const {
  if (!services_.names.in_range(asked.address))
    return services_.rules.decide(asked.address, asked.port, Transport::kUdp);
  const auto name = services_.names.name_of(asked.address);
  if (!name) return {Verdict::Answer::kDeny, {}, "this address was given to no name"};
  host = *name;
  return services_.rules.decide(host, asked.port, Transport::kUdp);
}

/// Counted rather than told one by one: nothing slows down who sends datagrams.
void DatagramFlows::tell_refused(const Key& key, const std::string& host, News::Outcome outcome,
                                 const std::string& why) {
  News news;
  news.kind = News::Kind::kDenied;
  news.outcome = outcome;
  news.protocol = IPPROTO_UDP;
  news.port = key.second.port;
  news.client_port = key.first.port;
  news.set_address(key.second.address);
  put_text(news.name, host);
  put_text(news.detail, why);
  services_.outbox.tell_denied(news);
  on_flow_();  // what was counted is told by a tick
}

DatagramFlows::Entry* DatagramFlows::begin(const Key& key) {
  Flow flow;
  const Verdict verdict = decide(key.second, flow.host);
  if (!verdict.allowed()) return tell_refused(key, flow.host, News::Outcome::kDenied, verdict.why), nullptr;
  if (services_.outbox.is_full()) return nullptr;
  if (const auto why = services_.admit())
    return tell_refused(key, flow.host, News::Outcome::kOverBudget, *why), nullptr;
  flow.id = ++services_.last_id;
  flow.rule = verdict.rule;
  flow.began = flow.last = Clock::now();
  Entry& entry = *flows_.emplace(key, std::move(flow)).first;
  services_.outbox.tell(news(entry, News::Kind::kBegan));
  on_flow_();
  look_up(entry);
  return &entry;
}

void DatagramFlows::look_up(Entry& entry) {
  auto& [key, flow] = entry;
  if (flow.host.empty()) return take_answer(entry, {{key.second.address}, ""});
  // An answer at once comes before `ask` has returned; a flow that goes away forgets its question.
  const uint64_t question = services_.resolver.ask(flow.host, [this, &entry](const Resolver::Answer& answer) {
    entry.second.question = 0;
    take_answer(entry, answer);
  });
  if (!flow.socket && !flow.is_over) flow.question = question;
}

void DatagramFlows::take_answer(Entry& entry, const Resolver::Answer& answer) {
  Flow& flow = entry.second;
  const uint16_t port = entry.first.second.port;
  std::string objection;
  for (const IpAddress& address : answer.addresses) {
    const auto found = services_.reachable.objection(address, port, Transport::kUdp, services_.rules);
    if (found) objection = *found;
    if (!found && dial(entry, {address, port})) break;
  }
  if (!flow.socket && !objection.empty()) return end(entry, News::Outcome::kDenied, objection);
  if (!flow.socket && flow.problem != 0)
    return end(entry, News::Outcome::kUnreachable, ::strerrordesc_np(flow.problem));
  if (!flow.socket)
    return end(entry, News::Outcome::kUnreachable, fmt::format("its name has no address here: {}", answer.problem));
  for (const std::string& bytes : std::exchange(flow.held, {}))
    if (!flow.is_over) send(entry, bytes);
}

/// Nothing is sent yet; false where there is no way to that address.
bool DatagramFlows::dial(Entry& entry, const sys::Endpoint& peer) {
  Flow& flow = entry.second;
  OwnedFd socket = sys::inet_socket(peer.address.family(), SOCK_DGRAM);
  flow.problem = socket ? sys::start_connecting(socket, peer) : errno;
  if (flow.problem != 0) return false;
  try {
    services_.loop.watch(socket.get(), EPOLLIN, [this, &entry](uint32_t) { hear_server(entry); });
  } catch (const SysError& error) {  // for want of memory or watches
    flow.problem = error.code();
    return false;
  }
  flow.socket = std::move(socket);
  flow.peer = peer;
  return true;
}

void DatagramFlows::send(Entry& entry, std::string_view bytes) {
  Flow& flow = entry.second;
  if (!flow.socket) {
    const bool fits = flow.held.size() < kMostHeld && flow.held_bytes + bytes.size() <= kMostHeldBytes;
    if (fits) flow.held.emplace_back(bytes), flow.held_bytes += bytes.size();
    return;
  }
  flow.last = Clock::now();
  if (::send(flow.socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    if (errno != EAGAIN) flow.problem = errno;  // also of an earlier one: ICMP
    return;
  }
  flow.up += bytes.size();
  count(entry, bytes.size());
}

void DatagramFlows::hear_server(Entry& entry) {
  auto& [key, flow] = entry;
  const std::span<char> buffer = services_.pool.buffer();
  const OwnedFd& replies = key.first.address.is_v4() ? replies4_ : replies6_;
  for (int i = 0; i < kDatagramsInTurn && flow.socket; ++i) {
    const ssize_t got = ::recv(flow.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno != EAGAIN) flow.problem = errno;
    if (got < 0) return;
    const std::span<const char> bytes = buffer.first(static_cast<std::size_t>(got));
    if (bytes.size() > kMostDatagram) continue;
    sys::send_packet_to(replies, datagram_head(key.second, key.first, bytes), bytes, key.first.address);
    flow.last = Clock::now();
    flow.down += bytes.size();
    count(entry, bytes.size());
  }
}

void DatagramFlows::count(Entry& entry, std::size_t bytes) {
  services_.bytes += bytes;
  if (services_.is_over_budget()) end(entry, News::Outcome::kOverBudget, "network.bytes of the session are used up");
}

void DatagramFlows::tick(Clock::time_point now) {
  for (auto at = flows_.begin(); at != flows_.end();) {
    const auto one = at++;
    const Flow& flow = one->second;
    if (flow.is_over && now >= flow.last + kOverFor) {
      flows_.erase(one);
      --services_.open;
      continue;
    }
    if (flow.is_over) continue;
    if (!flow.socket && now >= flow.began + services_.patience.look_up)
      end(*one, News::Outcome::kUnreachable, "its name was not found in time");
    else if (now >= flow.last + services_.patience.idle_flow)
      end(*one, News::Outcome::kConnected, "");
  }
}

void DatagramFlows::judge_again() {
  for (Entry& entry : flows_) {
    std::string host;
    const Verdict verdict = decide(entry.first.second, host);
    if (entry.second.is_over) continue;
    const auto& peer = entry.second.peer;
    const auto denial = peer ? services_.rules.denial(peer->address, peer->port) : std::nullopt;
    if (denial || !verdict.allowed()) end(entry, News::Outcome::kDenied, denial.value_or(verdict.why));
  }
}

void DatagramFlows::session_ended() {
  for (Entry& entry : flows_)
    if (!entry.second.is_over) end(entry, News::Outcome::kConnected, "the session ended");
}

News DatagramFlows::news(const Entry& entry, News::Kind kind) const {
  const auto& [key, flow] = entry;
  News news;
  news.kind = kind;
  news.protocol = IPPROTO_UDP;
  news.id = flow.id;
  news.port = key.second.port;
  news.client_port = key.first.port;
  put_text(news.name, flow.host);
  put_text(news.rule, to_string(*flow.rule));
  news.set_address(flow.peer ? flow.peer->address : key.second.address);
  return news;
}

void DatagramFlows::end(Entry& entry, News::Outcome outcome, const std::string& why) {
  Flow& flow = entry.second;
  const bool unheard = outcome == News::Outcome::kConnected && flow.down == 0 && flow.problem != 0;
  News news = this->news(entry, News::Kind::kEnded);
  news.outcome = unheard ? News::Outcome::kUnreachable : outcome;
  news.up = flow.up;
  news.down = flow.down;
  const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - flow.began);
  news.milliseconds = static_cast<uint32_t>(lasted.count());
  put_text(news.detail, unheard ? ::strerrordesc_np(flow.problem) : why.empty() ? flow.rule->reason : why);
  services_.outbox.tell(news);
  if (flow.socket) services_.loop.forget(flow.socket.get());
  flow.socket.reset();
  if (flow.question != 0) services_.resolver.forget(std::exchange(flow.question, 0));
  flow.held.clear();
  flow.is_over = true;
  flow.last = Clock::now();
}

}  // namespace clawbox::egress
