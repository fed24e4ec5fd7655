#include "session/open_connections.h"

#include <algorithm>
#include <utility>

#include "session/network_record.h"

namespace clawbox::session {

void OpenConnections::began(const egress::News& news, Json program) {
  ++spent_.connections;
  open_.insert_or_assign(news.id, Open{news, std::move(program), Clock::now()});
}

Json OpenConnections::ended(const egress::News& news) {
  spent_.bytes += news.up + news.down;
  Json json = connection_record(news);
  if (const auto known = open_.extract(news.id)) json.update(known.mapped().program);
  return json;
}

std::vector<Json> OpenConnections::lost() {
  std::vector<Json> records;
  const auto now = Clock::now();
  for (const auto& [id, open] : std::exchange(open_, {})) {
    Json json = lost_record(open.news, std::chrono::duration_cast<std::chrono::milliseconds>(now - open.since));
    json.update(open.program);
    records.push_back(std::move(json));
  }
  spent_.bytes = std::max(spent_.bytes, std::exchange(carried_, 0));
  return records;
}

}  // namespace clawbox::session
