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

constexpr std::size_t kMostDeaths = 3;  // within kDeathsCount, and one more is too many
constexpr auto kDeathsCount = 1h;
constexpr auto kFinishIdle = 5s, kFinishLimit = 120s;  // without a word, and in all
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

struct Heard {
  enum class What : uint8_t { kNews, kNothing, kEnd } what = What::kEnd;
  News news;
};

Heard hear_from(const OwnedFd& relay) {
  Heard heard;
  ssize_t got = 0;
  do got = ::recv(relay.get(), &heard.news, sizeof heard.news, MSG_DONTWAIT);
  // ECONNRESET, once: it ended without reading all that it was told. What it has told itself is still there.
  while (got < 0 && (errno == EINTR || errno == ECONNRESET));
  if (got < 0 && errno == EAGAIN) heard.what = Heard::What::kNothing;
  if (got == static_cast<ssize_t>(sizeof heard.news)) heard.what = Heard::What::kNews;
  return heard;
}

bool is_over(const Egress::Given& one, Egress::Clock::time_point now) { return one.until && *one.until <= now; }

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

bool Egress::begin() { return egress::begin_serving(*relay_, kept_, published_, {rules_now(), names_}); }

std::vector<egress::LiveRule> Egress::rules_now() const {
  std::vector<egress::LiveRule> rules;
  const Clock::time_point now = Clock::now();
  for (const Given& one : past_.given) {
    if (is_over(one, now)) continue;
    egress::LiveRule& rule = rules.emplace_back(one.rule);
    if (one.until) rule.lasts = std::chrono::ceil<std::chrono::milliseconds>(*one.until - now);
  }
  return rules;
}

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
  for (const egress::LiveRule& one : rules_now())
    if (one.kind == egress::LiveRule::Kind::kAllow) open_way(one.rule);
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
}

void Egress::hear() {
  for (int i = 0; i < kNewsInTurn; ++i) {
    const Heard heard = hear_from(relay_->channel);
    if (heard.what == Heard::What::kNothing) return;
    if (heard.what == Heard::What::kEnd) return relay_died();
    record(heard.news);
  }
}

void Egress::record(const News& news) {
  switch (news.kind) {
    case News::Kind::kName:
      return record_name(news);
    case News::Kind::kBegan:
      return open_.began(news, program_of(news));
    case News::Kind::kEnded:
      return record_end(news);
    case News::Kind::kDenied:
      return record_refusal(news);
    case News::Kind::kLost:
      return write_("net.relay", {{"outcome", "folded"}, {"count", news.count}});
    case News::Kind::kCarried:
      return open_.carried(news.up);
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
  if (news.has_address != 0 && known_names_.insert(name).second) names_.push_back(name);
  write_("net.dns", name_record(news));
}

void Egress::record_end(const News& news) {
  Json json = open_.ended(news);
  if (news.id == 0) json.update(program_of(news));  // refused: it never began
  write_("net.connect", json);
}

std::size_t Egress::record_lost() {
  const std::vector<Json> lost = open_.lost();
  for (const Json& json : lost) write_("net.connect", json);
  return lost.size();
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

bool Egress::dies_too_often() {
  const Clock::time_point now = Clock::now();
  std::erase_if(deaths_, [now](Clock::time_point at) { return now - at > kDeathsCount; });
  deaths_.push_back(now);
  return deaths_.size() > kMostDeaths;
}

/// What is open is lost, and new connections wait until another one serves.
void Egress::relay_died() {
  supervisor_->loop().forget(relay_->channel.get());
  relay_.reset();
  record_lost();
  if (dies_too_often()) return give_up("it died too often: the session has no network any more");
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
  begin();  // one that is gone already is heard of like any other
  supervisor_->loop().watch(relay_->channel.get(), EPOLLIN, [this](uint32_t) { hear(); });
}

/// Listeners that nobody accepts from would let programs wait: they go with the relay.
void Egress::give_up(const std::string& why) {
  kept_.clear();
  published_.clear();
  write_("net.relay", relay_record("failed", why));
  tell_(
      "the relay of the session's network has died: nothing can be reached any more (`clawbox log --event net.relay`)");
}

/// Ahead of the rule that needs it: packets through the rule-set, or without one sockets to listen at its addresses.
void Egress::open_way(const NetworkRule& rule) {
  const NetworkAllowlist& list = *plan_.network.allowlist;
  if (list.steering != NetworkAllowlist::Steering::kTproxy) return give_spares();
  net::let_through(network_, list, rule, ipv6_);
}

void Egress::change(const Json& request, const std::string& by) {
  if (!relay_) throw Error(ExitStatus::kSessionBusy, kRelayGone, kAnew);
  const egress::LiveRule rule = live_rule_of(request, *plan_.network.allowlist);
  const bool deny = rule.kind == egress::LiveRule::Kind::kDeny;
  if (!deny) open_way(rule.rule);
  if (!sys::send_text(relay_->channel, as_json(rule).dump())) throw Error(ExitStatus::kSessionBusy, kRelayGone, kAnew);
  const bool ends = rule.lasts.count() > 0;
  const Clock::time_point now = Clock::now();
  std::erase_if(past_.given, [now](const Given& one) { return is_over(one, now); });
  past_.given.push_back({rule, ends ? std::optional(now + rule.lasts) : std::nullopt});
  Json json{{"outcome", deny ? "denied" : "allowed"}, {"rule", audit::hostile(to_string(rule.rule))}, {"by", by}};
  if (ends) json["lasts_ms"] = rule.lasts.count();
  write_("net.rule", json);
}

/// False: it broke off. The relay tells what it has and ends; how long that takes goes by how much it is.
bool Egress::hear_to_the_end() {
  const auto until = Clock::now() + kFinishLimit;
  while (Clock::now() < until) {
    pollfd one{relay_->channel.get(), POLLIN, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::chrono::milliseconds(kFinishIdle).count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const Heard heard = hear_from(relay_->channel);
    if (heard.what == Heard::What::kEnd) return true;
    if (heard.what == Heard::What::kNews) record(heard.news);
  }
  return false;
}

void Egress::finish() {
  if (!relay_ || supervisor_ == nullptr) return;
  supervisor_->loop().forget(relay_->channel.get());
  sys::send_text(relay_->channel, Json{{"finish", true}}.dump());  // also of one that is gone the last words are read
  const bool all = hear_to_the_end();
  relay_.reset();
  const std::size_t lost = record_lost();
  if (all && lost == 0) return;
  Json json = relay_record("lost", all ? "it ended before it had told how connections ended"
                                       : "it did not tell in time what is left: records are missing");
  json["count"] = lost;
  write_("net.relay", json);
}

}  // namespace clawbox::session
