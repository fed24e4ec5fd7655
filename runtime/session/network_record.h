// The trail's words for what the relay tells: clawbox-audit(5), net.connect and net.dns. Every text in it came from the
// sandbox or the network.
#pragma once

#include <chrono>

#include "base/json.h"
#include "egress/news.h"

namespace clawbox::session {

/// host, address, port, protocol, outcome, rule, reason, as far as they are known.
Json name_record(const egress::News& news);
/// The same of a connection that has ended, with bytes_up, bytes_down and wall_ms.
Json connection_record(const egress::News& news);
/// The same of one that began, and whose relay told nothing of its end.
Json lost_record(const egress::News& began, std::chrono::milliseconds since);
/// The same of packets that the rule-set refused, with their count.
Json refusal_record(const egress::News& news);

}  // namespace clawbox::session
