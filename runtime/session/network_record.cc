#include "session/network_record.h"

#include <netinet/in.h>

#include <array>
#include <string>

#include "audit/hostile.h"

namespace clawbox::session {
namespace {

using egress::News;
using egress::text_in;

const char* word_of(News::Outcome outcome) {
  static constexpr std::array<const char*, 6> kWords{"allowed",     "connected",   "denied",
                                                     "unreachable", "over-budget", "failed"};
  return kWords.at(static_cast<std::size_t>(outcome));
}

const char* protocol_name(uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return "icmp";
    default:
      return "other";
  }
}

void put_if_any(Json& json, const char* name, const std::string& text) {
  if (!text.empty()) json[name] = audit::hostile(text);
}

Json common_fields(const News& news) {
  Json json;
  put_if_any(json, "host", text_in(news.name));
  if (news.has_address != 0) json["address"] = to_string(news.ip());
  if (news.port != 0) json["port"] = news.port;
  if (news.kind != News::Kind::kName) json["protocol"] = protocol_name(news.protocol);
  json["outcome"] = word_of(news.outcome);
  put_if_any(json, "rule", text_in(news.rule));
  put_if_any(json, "reason", text_in(news.detail));
  return json;
}

}  // namespace

Json name_record(const News& news) {
  Json json = common_fields(news);
  json.erase("address");  // inside it stands for the name, and is nobody's
  return json;
}

Json connection_record(const News& news) {
  Json json = common_fields(news);
  json["bytes_up"] = news.up;
  json["bytes_down"] = news.down;
  json["wall_ms"] = news.milliseconds;
  return json;
}

Json lost_record(const News& began, std::chrono::milliseconds since) {
  Json json = common_fields(began);
  json["outcome"] = word_of(News::Outcome::kFailed);
  json["reason"] = "its end is not known: the relay of the network ended before it told";
  json["wall_ms"] = since.count();
  return json;
}

Json refusal_record(const News& news) {
  Json json = common_fields(news);
  if (!json.contains("reason")) json["reason"] = "no rule names this address and port";
  json["count"] = news.count;
  return json;
}

}  // namespace clawbox::session
