#include "session/egress.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "audit/hostile.h"
#include "base/error.h"
#include "egress/confinement.h"
#include "net/living.h"
#include "seccomp/cache.h"
#include "session/live_rule.h"
#include "session/network_record.h"
#include "sys/channel.h"
#include "sys/inet_sockets.h"

namespace clawbox::session {
namespace {

using egress::News;
using egress::text_in;
using net::Door;
using namespace std::chrono_literals;

constexpr unsigned kMostRestarts = 3;
constexpr auto kFinishLimit = 1s;
constexpr int kNewsInTurn = 64;
constexpr const char* kRelayGone = "the relay of the session's network has died";
constexpr const char* kAnew = "make the session anew; `clawbox log --event net.relay` says why it died";
constexpr std::size_t kSparesAtATime = 32, kMostSpares = 4096;

bool is_spare(Door door) { return door >= Door::kSpareStream4; }

OwnedFd listening_at(const PublishedPort& port) {
  const sys::Endpoint at{port.address, port.port};
  OwnedFd socket = sys::inet_socket(port.address.family(), SOCK_STREAM);
  const int on = 1;
  int error = socket ? 0 : errno;
  if (error == 0 && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) error = errno;
  if (error == 0) error = sys::try_binding(socket, at);
  if (error == 0) error = sys::try_listening(socket);
  if (error == 0) return socket;
  throw Error(ExitStatus::kSetupFailed,
              fmt::format("{}: publishing {}: {}", to_string(port.origin), to_string(at), ::strerrordesc_np(error)),
              "choose a port of the host that is free, and above 1023 for an ordinary user");
}

Json relay_record(const std::string& outcome, const std::string& why) {
  return {{"outcome", outcome}, {"reason", audit::hostile(why)}};
}

}  // namespace

Egress::Egress(const Plan& plan, const Directories& directories, Past& past) : plan_(plan), past_(past) {
  if (!plan.network.allowlist) return;
  const std::string cache = directories.cache + "/filters";
  relay_filters_ = seccomp::compile_cached(egress::relay_calls(), cache);
  resolver_filters_ = seccomp::compile_cached(egress::resolver_calls(), cache);
  const auto& ports = plan.network.allowlist->publish;
  for (std::size_t i = 0; i < ports.size(); ++i) published_.push_back({i, listening_at(ports[i])});
  start();
}

void Egress::start() {
  relay_.emplace(egress::start_relay({*plan_.network.allowlist, relay_filters_, resolver_filters_, past_.spent}));
}

bool Egress::begin() { return egress::begin_serving(*relay_, kept_, published_, names_); }

/// Nothing of the network's owner, and nothing that tells of other sockets, is for the process that reads hostile
/// bytes; spares are its own from now on.
void Egress::keep(std::vector<net::Opened> listeners) {
  std::vector<net::Opened> spares;
  for (net::Opened& one : listeners) {
    if (one.door == Door::kDnsPackets6) ipv6_ = net::Ipv6::kThere;
    if (one.door == Door::kDiag)
      owners_.emplace(std::move(one.socket));
    else if (one.door == Door::kNetwork)
      network_ = std::move(one.socket);
    else
      (is_spare(one.door) ? spares : kept_).push_back(std::move(one));
  }
  egress::give_doors(*relay_, spares);
}

void Egress::serve(std::vector<net::Opened> listeners) {
  if (!relay_) return;
  keep(std::move(listeners));
  if (!begin()) throw Error(ExitStatus::kSetupFailed, "the relay of the session's network ended while it was started");
  News news;
  if (!sys::receive_packet(relay_->channel, std::as_writable_bytes(std::span(&news, 1))) ||
      news.kind != News::Kind::kServing)
    throw Error(ExitStatus::kSetupFailed,
                fmt::format("the relay of the session's network could not start: {}", text_in(news.detail)));
}

void Egress::watch(supervise::Supervisor& supervisor, supervise::ExecLog::Write write,
                   supervise::Supervisor::Tell tell) {
  if (!relay_) return;
  supervisor_ = &supervisor;
  supervisor.when_network_changes([this](const Json& request, const std::string& by) { change(request, by); });
  write_ = std::move(write);
  tell_ = std::move(tell);
  supervisor.loop().watch(relay_->channel.get(), EPOLLIN, [this](uint32_t) { hear(); });
  for (const Past::Given& one : past_.given)
    if (one.rule.kind == egress::LiveRule::Kind::kAllow) open_way(one.rule.rule);
  send_given();
}

void Egress::hear() {
  for (int i = 0; i < kNewsInTurn; ++i) {
    News news;
    const ssize_t got = ::recv(relay_->channel.get(), &news, sizeof news, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got != static_cast<ssize_t>(sizeof news)) return relay_died();
    record(news);
  }
}

void Egress::record(const News& news) {
  switch (news.kind) {
    case News::Kind::kName:
      return record_name(news);
    case News::Kind::kBegan:
      ++past_.spent.connections;
      programs_[news.id] = program_of(news);
      return;
    case News::Kind::kEnded:
      return record_end(news);
    case News::Kind::kDenied:
      return record_refusal(news);
    case News::Kind::kLost:
      return write_("net.relay", {{"outcome", "folded"}, {"count", news.count}});
    case News::Kind::kSpares:
      return give_spares();
    case News::Kind::kFailed:
      return write_("net.relay", relay_record("failed", text_in(news.detail)));
    case News::Kind::kServing:
      return write_("net.relay", {{"outcome", "restarted"}});
  }
}

void Egress::record_name(const News& news) {
  const std::string name = text_in(news.name);
  if (news.outcome == News::Outcome::kAllowed && std::find(names_.begin(), names_.end(), name) == names_.end())
    names_.push_back(name);
  write_("net.dns", name_record(news));
}

void Egress::record_end(const News& news) {
  past_.spent.bytes += news.up + news.down;
  Json json = connection_record(news);
  if (auto known = programs_.extract(news.id)) json.update(known.mapped());
  write_("net.connect", json);
}

void Egress::record_refusal(const News& news) {
  Json json = refusal_record(news);
  json.update(program_of(news));
  write_("net.connect", json);
}

/// Hearsay: any program that shares the socket may be the one that uses it, and the one that is found may be gone.
Json Egress::program_of(const News& news) {
  if (!owners_ || supervisor_ == nullptr || news.client_port == 0) return Json::object();
  const auto& ranges = plan_.network.allowlist->synthetic;
  const IpAddress to = news.ip();
  const bool is_loopback = kind_of(to) == AddressKind::kLoopback;
  const sys::Endpoint from{is_loopback ? to : net::listener_address(to.is_v4() ? ranges.v4 : ranges.v6),
                           news.client_port};
  const auto owner = owners_->find(news.protocol, from, {to, news.port}, supervisor_->init());
  if (!owner) return Json::object();
  Json json{{"pid", owner->inside}, {"comm", audit::hostile(owner->name)}};
  if (const uint64_t exec = supervisor_->exec_of(owner->pid); exec != 0) json["exec"] = exec;
  return json;
}

/// Without an answer it goes on with those that connections give back.
void Egress::give_spares() {
  if (spares_ + kSparesAtATime > kMostSpares) return;
  spares_ += kSparesAtATime;
  try {
    egress::give_doors(*relay_, net::open_spares(network_, kSparesAtATime, ipv6_));
  } catch (const SysError& error) {
    write_("net.relay", relay_record("failed", error.what()));
  }
}

/// What is open is lost, and new connections wait until another one serves.
void Egress::relay_died() {
  supervisor_->loop().forget(relay_->channel.get());
  relay_.reset();
  programs_.clear();
  if (restarts_ >= kMostRestarts) return give_up("it died too often: the session has no network any more");
  ++restarts_;
  write_("net.relay", relay_record("failed", "it died; another one is started"));
  try {
    start_another();
  } catch (const SysError& error) {
    relay_.reset();
    give_up(error.what());
  }
}

void Egress::start_another() {
  start();
  const std::size_t spares = net::spares_needed(*plan_.network.allowlist);
  if (spares > 0) egress::give_doors(*relay_, net::open_spares(network_, spares, ipv6_));
  if (!begin()) throw_sys_error(EPIPE, "starting the relay anew");
  send_given();
  supervisor_->loop().watch(relay_->channel.get(), EPOLLIN, [this](uint32_t) { hear(); });
}

/// Where one of them can be steered, a rule that was not in the plan needs its own way to the listeners.
void Egress::open_way(const NetworkRule& rule) {
  const NetworkAllowlist& list = *plan_.network.allowlist;
  if (list.steering == NetworkAllowlist::Steering::kTproxy) return net::let_through(network_, list, rule, ipv6_);
  give_spares();  // ahead of the rule that needs them
}

/// The changes that still hold, in order, to a relay that has the plan's list alone.
void Egress::send_given() {
  const Clock::time_point now = Clock::now();
  for (const Past::Given& one : past_.given) {
    if (one.until && *one.until <= now) continue;
    egress::LiveRule rule = one.rule;
    if (one.until) rule.lasts = std::chrono::ceil<std::chrono::milliseconds>(*one.until - now);
    sys::send_text(relay_->channel, as_json(rule).dump());
  }
}

/// Listeners that nobody accepts from would let programs wait: they go with the relay.
void Egress::give_up(const std::string& why) {
  kept_.clear();
  published_.clear();
  write_("net.relay", relay_record("failed", why));
  tell_(
      "the relay of the session's network has died: nothing can be reached any more (`clawbox log --event net.relay`)");
}

void Egress::change(const Json& request, const std::string& by) {
  if (!relay_) throw Error(ExitStatus::kSessionBusy, kRelayGone, kAnew);
  const NetworkAllowlist& list = *plan_.network.allowlist;
  const egress::LiveRule rule = live_rule_of(request, list);
  const bool deny = rule.kind == egress::LiveRule::Kind::kDeny;
  if (!deny) open_way(rule.rule);
  if (!sys::send_text(relay_->channel, as_json(rule).dump())) throw Error(ExitStatus::kSessionBusy, kRelayGone, kAnew);
  const bool ends = rule.lasts.count() > 0;
  past_.given.push_back({rule, ends ? std::optional(Clock::now() + rule.lasts) : std::nullopt});
  Json json{{"outcome", deny ? "denied" : "allowed"}, {"rule", audit::hostile(to_string(rule.rule))}, {"by", by}};
  if (ends) json["lasts_ms"] = rule.lasts.count();
  write_("net.rule", json);
}

void Egress::finish() {
  if (!relay_ || supervisor_ == nullptr) return;
  supervisor_->loop().forget(relay_->channel.get());
  if (!sys::send_text(relay_->channel, Json{{"finish", true}}.dump())) return relay_.reset();
  const auto until = Clock::now() + kFinishLimit;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    pollfd one{relay_->channel.get(), POLLIN, 0};
    News news;
    if (left <= 0ms || ::poll(&one, 1, static_cast<int>(left.count())) <= 0) break;
    if (::recv(relay_->channel.get(), &news, sizeof news, MSG_DONTWAIT) != static_cast<ssize_t>(sizeof news)) break;
    record(news);
  }
  relay_.reset();
}

}  // namespace clawbox::session
