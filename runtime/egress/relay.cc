#include "egress/relay.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/json.h"
#include "egress/order.h"
#include "egress/refusals.h"
#include "sys/channel.h"
#include "sys/files.h"

namespace clawbox::egress {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 100ms;
constexpr uint64_t kPartsOfBudget = 256, kLeastPart = 4096;  // bytes

}  // namespace

Relay::Relay(const NetworkAllowlist& list, const OwnedFd& channel, Resolver& resolver, const Patience& patience)
    : list_(list),
      channel_(channel),
      outbox_(loop_, channel),
      rules_(list.rules),
      names_(list.synthetic, list.names),
      reachable_(sys::leads_here),
      services_{list, loop_, outbox_, resolver, rules_, names_, reachable_, pool_, spares_, patience},
      name_server_(
          loop_, Stub(rules_, names_, list.names), [this](const AskedName& asked) { note_question(asked); },
          [this](const OwnedFd& listening) { shed(listening); }),
      datagrams_(services_),
      spare_(descriptor_in_reserve()) {
  services_.again = OwnedFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!services_.again) throw_errno("eventfd");
  loop_.watch(services_.again.get(), EPOLLIN, [this](uint32_t) { turn(); });
  loop_.watch(channel_.get(), EPOLLIN, [this](uint32_t events) {
    if ((events & EPOLLOUT) != 0) outbox_.flush(), go_on_accepting();
    if ((events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) obey();
  });
  loop_.watch(resolver.fd(), EPOLLIN, [this](uint32_t) { services_.resolver.hear(); });
  loop_.after_rounds([this] { take_down(), tell_carried(); });
  loop_.watch(timer_.fd(), EPOLLIN, [this](uint32_t) { timer_.drain(), tick(); });
}

void Relay::go_on_after(const Spent& spent) {
  services_.bytes = told_bytes_ = spent.bytes;
  services_.admitted = spent.connections;
}

void Relay::remember_name(const std::string& name) {
  const Verdict verdict = rules_.decide_name(name);
  // One that is denied for now keeps its address as well: those that follow would get other ones.
  const bool is_exact = verdict.allowed() && !is_wildcard(*verdict.rule);
  const auto addresses = names_.remember(name, is_exact ? NameKind::kExact : NameKind::kWildcard);
  if (!addresses || !verdict.allowed()) return;
  if (list_.steering == NetworkAllowlist::Steering::kAnyIp) open_own_doors(name, *addresses);
}

void Relay::run() {
  open_host_ports();
  if (list_.steering == NetworkAllowlist::Steering::kAnyIp) open_named_addresses();
  outbox_.tell({.kind = News::Kind::kServing});
  loop_.run();
}

/// For whom it is says the address that the program dialled.
void Relay::take_client(OwnedFd client, const sys::Endpoint& asked) {
  std::string host;
  Verdict verdict;
  if (names_.in_range(asked.address)) {
    const auto name = names_.name_of(asked.address);
    if (!name) return refuse(std::move(client), asked, "", News::Outcome::kDenied, "this address was given to no name");
    host = *name;
    verdict = rules_.decide(host, asked.port, Transport::kTcp);
  } else {
    verdict = rules_.decide(asked.address, asked.port, Transport::kTcp);
  }
  if (!verdict.allowed()) return refuse(std::move(client), asked, host, News::Outcome::kDenied, verdict.why);
  Target target{host, asked, verdict.rule, verdict.rule->reason, verdict.rule->speaks};
  admit(std::move(client), std::move(target));
}

void Relay::refuse(OwnedFd client, const sys::Endpoint& asked, const std::string& host, News::Outcome outcome,
                   const std::string& why) {
  News news;
  news.kind = News::Kind::kEnded;
  news.outcome = outcome;
  news.protocol = IPPROTO_TCP;
  news.port = asked.port;
  if (const auto program = sys::remote_endpoint(client)) news.client_port = program->port;
  news.set_address(asked.address);
  put_text(news.name, host);
  put_text(news.detail, why);
  outbox_.tell(news);  // first: once it is reset, nobody finds whose it was
  sys::close_with_reset(std::move(client));
}

void Relay::admit(OwnedFd client, Target target) {
  if (const auto why = services_.admit())
    return refuse(std::move(client), target.asked, target.host, News::Outcome::kOverBudget, *why);
  const uint32_t id = ++services_.last_id;
  auto connection = std::make_unique<Connection>(services_, id, std::move(client), std::move(target));
  Connection& kept = *connections_.emplace(id, std::move(connection)).first->second;
  try {
    kept.begin();
  } catch (...) {  // one that cannot be watched is lost here
    services_.over.push_back(id);
    throw;
  }
  keep_ticking();
}

void Relay::note_question(const AskedName& asked) {
  News news;
  news.kind = News::Kind::kName;
  const bool allowed = asked.verdict.allowed();
  news.outcome = allowed ? News::Outcome::kAllowed : News::Outcome::kDenied;
  put_text(news.name, asked.name);
  if (asked.verdict.rule) put_text(news.rule, to_string(*asked.verdict.rule));
  put_text(news.detail, allowed ? asked.verdict.rule->reason : asked.verdict.why);
  if (asked.given) news.set_address(asked.given->v4);
  asked.is_new ? outbox_.tell_new_name(news) : outbox_.tell_name(news);
  if (outbox_.has_counts()) keep_ticking();
  if (asked.given && list_.steering == NetworkAllowlist::Steering::kAnyIp) open_own_doors(asked.name, *asked.given);
}

void Relay::hear_refusals(const OwnedFd& socket) {
  std::array<char, 16384> buffer;
  for (int i = 0; i < 16; ++i) {
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == ENOBUFS) continue;  // some are lost, as the numbers of the next ones show
    if (got <= 0) break;
    const std::string_view datagram(buffer.data(), static_cast<std::size_t>(got));
    outbox_.lose(gaps_.in(datagram));
    read_refusals(datagram, [this](const News& news) { outbox_.tell_denied(news); });
  }
  keep_ticking();
}

void Relay::obey() {
  auto message = sys::receive_text(channel_, kMostOrder);
  if (!message) return loop_.stop();
  const Json order = Json::parse(message->text);
  if (order.contains("doors")) return take_spares(order.at("doors"), std::move(message->descriptors));
  order.contains("finish") ? finish() : change_rules(order);
}

/// Nothing of it is told any more once the channel has closed, so the supervisor reads until it does.
void Relay::finish() {
  for (const auto& [id, connection] : connections_) connection->session_ended();
  datagrams_.session_ended();
  outbox_.tell_counts();
  outbox_.flush_and_wait();
  loop_.stop();
}

void Relay::change_rules(const Json& order) {
  LiveRule change = live_rule_in(order);
  const bool allows = change.kind == LiveRule::Kind::kAllow;
  Lease lease{nullptr, Clock::now() + change.lasts, {}};
  if (allows) lease.lifted = rules_.lift(change.rule);  // the last word counts
  lease.rule = allows ? rules_.allow(change.rule) : rules_.deny(change.rule);
  if (allows && list_.steering == NetworkAllowlist::Steering::kAnyIp) open_named_addresses();
  if (change.lasts.count() > 0) leases_.push_back(std::move(lease));
  keep_ticking();
  judge_again();
}

void Relay::judge_again() {
  for (const auto& [id, connection] : connections_) connection->judge_again();
  datagrams_.judge_again();
}

void Relay::take_down() {
  for (const uint32_t id : std::exchange(services_.over, {})) services_.open -= connections_.erase(id);
}

/// Of open connections too, and so often that the death of a relay gives a session little beyond its budget.
void Relay::tell_carried() {
  if (!list_.bytes || services_.bytes - told_bytes_ < std::max(kLeastPart, list_.bytes->value / kPartsOfBudget)) return;
  News news;
  news.kind = News::Kind::kCarried;
  news.up = told_bytes_ = services_.bytes;
  outbox_.tell(news);
}

void Relay::keep_ticking() {
  if (!is_ticking_) timer_.start(kTick, kTick);
  is_ticking_ = true;
}

/// One more round for each of those that had more to move.
void Relay::turn() {
  uint64_t times = 0;
  [[maybe_unused]] const ssize_t got = ::read(services_.again.get(), &times, sizeof times);
  for (const uint32_t id : std::exchange(services_.unfinished, {}))
    if (const auto at = connections_.find(id); at != connections_.end()) at->second->go_on();
}

void Relay::tick() {
  const Clock::time_point now = Clock::now();
  bool is_needed = false;
  for (const auto& [id, connection] : connections_) {
    connection->tick(now);
    is_needed = is_needed || connection->is_waiting();
  }
  name_server_.tick(now);
  datagrams_.tick(now);
  if (!outbox_.is_full()) outbox_.tell_counts();
  for (const Lease& lease : leases_) {
    if (now < lease.until) continue;
    rules_.withdraw(lease.rule);
    for (const NetworkRule& rule : lease.lifted) rules_.deny(rule);
  }
  const auto ended = std::erase_if(leases_, [now](const Lease& lease) { return now >= lease.until; });
  if (ended != 0) judge_again();
  if (is_starved_ && spares_.has(IpAddress::Family::kV4, SOCK_STREAM)) open_starved();
  is_ticking_ = is_needed || is_starved_ || !datagrams_.is_empty() || !leases_.empty() || name_server_.is_waiting() ||
                outbox_.has_counts();
  if (!is_ticking_) timer_.start(0ms);
}

}  // namespace clawbox::egress
