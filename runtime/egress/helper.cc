#include "egress/helper.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/error.h"
#include "base/json.h"
#include "egress/confinement.h"
#include "egress/order.h"
#include "egress/relay.h"
#include "egress/resolver.h"
#include "sys/channel.h"
#include "sys/processes.h"

namespace clawbox::egress {
namespace {

constexpr std::size_t kDoorsInPacket = 200;  // of sys::kMostDescriptors

/// Two for each connection, and pipes.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) throw_errno("RLIMIT_NOFILE");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) throw_errno("RLIMIT_NOFILE");
}

void take_doors(const std::string& doors, std::vector<OwnedFd> descriptors, Relay& relay) {
  if (doors.size() != descriptors.size()) throw_sys_error(EPROTO, "receiving the session's listeners");
  for (std::size_t i = 0; i < doors.size(); ++i)
    relay.serve({static_cast<net::Door>(doors[i]), std::move(descriptors[i])});
}

/// False: the supervisor is gone.
bool take_all(const NetworkAllowlist& list, const OwnedFd& channel, Relay& relay) {
  while (true) {
    auto message = sys::receive_text(channel, kMostOrder);
    if (!message) return false;
    const Json order = Json::parse(message->text);
    if (order.contains("serve")) return true;
    if (order.contains("doors")) take_doors(order.at("doors"), std::move(message->descriptors), relay);
    if (order.contains("publish"))
      relay.publish(list.publish.at(order.at("publish").get<std::size_t>()), std::move(message->descriptors.at(0)));
    if (order.contains("deny")) relay.change_rules(order);
    if (order.contains("names"))
      for (const Json& name : order.at("names")) relay.remember_name(name.get<std::string>());
  }
}

void tell_failure(const OwnedFd& channel, const std::exception& error) {
  News news;
  news.kind = News::Kind::kFailed;
  put_text(news.detail, error.what());
  sys::send_packet(channel, std::as_bytes(std::span(&news, 1)));
}

void live_as_relay(const RelayPlan& plan, const OwnedFd& channel) try {
  sys::rename_process("clawbox-egress");
  allow_many_descriptors();
  // splice(2) has no MSG_NOSIGNAL.
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) throw_errno("ignoring SIGPIPE");
  Resolver resolver(plan.resolver_filters);  // its processes have a fence of their own
  Relay relay(plan.list, channel, resolver, plan.patience);
  relay.go_on_after(plan.spent);
  confine_relay(plan.relay_filters);
  if (take_all(plan.list, channel, relay)) relay.run();
} catch (const std::exception& error) {
  tell_failure(channel, error);
  throw;
}

}  // namespace

sys::Helper start_relay(const RelayPlan& plan) {
  return sys::start_helper([&plan](OwnedFd channel) { live_as_relay(plan, channel); });
}

bool give_doors(const sys::Helper& relay, const std::vector<net::Opened>& opened) {
  for (std::size_t first = 0; first < opened.size(); first += kDoorsInPacket) {
    std::string doors;
    std::vector<int> descriptors;
    for (std::size_t i = first; i < std::min(opened.size(), first + kDoorsInPacket); ++i) {
      doors += static_cast<char>(opened[i].door);
      descriptors.push_back(opened[i].socket.get());
    }
    if (!sys::send_text(relay.channel, Json{{"doors", doors}}.dump(), descriptors)) return false;
  }
  return true;
}

bool begin_serving(const sys::Helper& relay, const std::vector<net::Opened>& opened,
                   const std::vector<PublishedListener>& published, const Earlier& earlier) {
  bool there = give_doors(relay, opened);
  for (const PublishedListener& one : published)
    there = there && sys::send_text(relay.channel, Json{{"publish", one.index}}.dump(), std::array{one.socket.get()});
  for (const LiveRule& rule : earlier.rules) there = there && sys::send_text(relay.channel, as_json(rule).dump());
  const std::vector<std::string>& names = earlier.names;
  constexpr std::size_t kNamesInPacket = 200;
  for (std::size_t first = 0; first < names.size(); first += kNamesInPacket) {
    Json some = Json::array();
    for (std::size_t i = first; i < std::min(names.size(), first + kNamesInPacket); ++i) some.push_back(names[i]);
    there = there && sys::send_text(relay.channel, Json{{"names", some}}.dump());
  }
  return there && sys::send_text(relay.channel, Json{{"serve", true}}.dump());
}

}  // namespace clawbox::egress
