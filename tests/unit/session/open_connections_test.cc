#include "session/open_connections.h"

#include <netinet/in.h>

#include "session/network_record.h"
#include "support/catch.h"

namespace clawbox::session {
namespace {

using egress::News;

News news(News::Kind kind, uint32_t id, uint64_t up = 0, uint64_t down = 0) {
  News made;
  made.kind = kind;
  made.outcome = News::Outcome::kConnected;
  made.protocol = IPPROTO_TCP;
  made.id = id;
  made.up = up;
  made.down = down;
  egress::put_text(made.name, "a.test");
  return made;
}
News began(uint32_t id) { return news(News::Kind::kBegan, id); }

}  // namespace

TEST_CASE("the end of a connection has its bytes and the program that was found when it began") {
  egress::Spent spent{.bytes = 5, .connections = 1};
  OpenConnections open(spent);
  open.began(began(7), {{"pid", 3}});
  const Json json = open.ended(news(News::Kind::kEnded, 7, 10, 20));
  CHECK(json.at("pid") == 3);
  CHECK(json.at("bytes_down") == 20);
  CHECK(spent.bytes == 35);
  CHECK(spent.connections == 2);
  CHECK(open.lost().empty());
}

TEST_CASE("connections whose end is never told have a record, and what they are known to have carried is spent") {
  egress::Spent spent{.bytes = 100, .connections = 0};
  OpenConnections open(spent);
  open.began(began(1), {{"comm", "one"}});
  open.began(began(2), {{"comm", "two"}});
  open.ended(news(News::Kind::kEnded, 1, 10, 0));
  open.carried(150);
  const auto lost = open.lost();
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].at("host") == "a.test");
  CHECK(lost[0].at("comm") == "two");
  CHECK(lost[0].at("outcome") == "failed");
  CHECK(lost[0].at("reason").get<std::string>().starts_with("its end is not known"));
  CHECK_FALSE(lost[0].contains("bytes_up"));
  CHECK(spent.bytes == 150);
  CHECK(open.lost().empty());
  CHECK(spent.bytes == 150);
}

TEST_CASE("a refusal keeps the reason that it was told with") {
  News refused = news(News::Kind::kDenied, 0);
  CHECK(refusal_record(refused).at("reason") == "no rule names this address and port");
  egress::put_text(refused.detail, "the session's connections are used up");
  CHECK(refusal_record(refused).at("reason") == "the session's connections are used up");
}

}  // namespace clawbox::session
