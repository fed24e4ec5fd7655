// Connections and flows of datagrams that the relay has told of, until it tells of their end: those that it never tells
// of again have a record too.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "base/json.h"
#include "egress/news.h"
#include "egress/order.h"

namespace clawbox::session {

class OpenConnections {
 public:
  /// `spent`: by all relays of the session; it outlives this.
  explicit OpenConnections(egress::Spent& spent) : spent_(spent) {}

  /// `program`: what is known of who opened it, as fields of its record.
  void began(const egress::News& news, Json program);
  /// The fields of its net.connect.
  Json ended(const egress::News& news);
  /// All that the relay has carried by now, of open connections too; News::Kind::kCarried.
  void carried(uint64_t bytes) { carried_ = bytes; }
  /// Nothing more is told of those that are open: their fields. What they have carried counts as spent, as far as it is
  /// known.
  std::vector<Json> lost();

 private:
  using Clock = std::chrono::steady_clock;
  struct Open {
    egress::News news;
    Json program;
    Clock::time_point since;
  };
  egress::Spent& spent_;
  std::map<uint32_t, Open> open_;
  uint64_t carried_ = 0;
};

}  // namespace clawbox::session
