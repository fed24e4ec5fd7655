// What is written is what is read: random records through rotation and compression.
#include <random>

#include "audit/hostile.h"
#include "audit/housekeeping.h"
#include "audit/reader_trail.h"
#include "audit/verify.h"
#include "support/catch.h"
#include "unit/audit/trails.h"

using namespace clawbox;

namespace {

constexpr const char* kSession = "6a44e2d0-0badcafe";
constexpr const char* kEvents[] = {"exec", "exec.end", "program", "call", "refused", "usage"};
constexpr int kRecords = 1500;

class Chance {
 public:
  explicit Chance(uint32_t seed) : random_(seed) {}

  /// 0 to `most`.
  std::size_t number(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random_); }

  /// Mostly plain; else any bytes at all, with what is hard: quotes, backslashes, NUL, halves of UTF-8, line ends.
  std::string bytes() {
    static constexpr std::string_view kHard("\"\\\0\n\r\x1b\x7f\xff\xc3\xe2\x80\xae{}[]:,", 18);
    std::string text(number(number(20) == 0 ? 5000 : 60), ' ');
    const std::size_t kind = number(3);
    for (char& c : text) {
      if (kind < 2) c = static_cast<char>('a' + number(25));
      if (kind == 2) c = kHard[number(kHard.size() - 1)];
      if (kind == 3) c = static_cast<char>(number(255));
    }
    return text;
  }

  Json value(int depth) {
    switch (number(depth > 2 ? 3 : 5)) {
      case 0:
        return static_cast<int64_t>((uint64_t{random_()} << 32) | random_());
      case 1:
        return number(1) == 1;
      case 2:
      case 3:
        return audit::hostile(bytes());
      case 4: {
        Json list = Json::array();
        for (std::size_t left = number(8); left > 0; --left) list.push_back(value(depth + 1));
        return list;
      }
      default:
        return details(depth + 1);
    }
  }

  Json details(int depth = 0) {
    Json object = Json::object();
    for (std::size_t left = number(6); left > 0; --left) object["f" + std::to_string(left)] = value(depth);
    return object;
  }

 private:
  std::mt19937 random_;
};

struct Written {
  std::string event;
  Json details;
};

std::vector<Written> write_trail(const OwnedFd& directory, Chance& chance) {
  audit::Trail trail(directory, kSession, {.rotate = 32 << 10});
  std::vector<Written> written;
  for (int i = 0; i < kRecords; ++i) {
    written.push_back({kEvents[chance.number(std::size(kEvents) - 1)], chance.details()});
    trail.append(written.back().event, written.back().details);
  }
  trail.end({{"exit_status", 0}});
  audit::record_head(directory, trail);
  trail.close();
  return written;
}

/// The records without those of the trail's own, each checked for what every record has, and then without that.
std::vector<Written> read_trail(const OwnedFd& directory) {
  audit::TrailReader reader(directory, audit::sessions_in(directory).at(0));
  std::vector<Written> read;
  uint64_t sequence = 0;
  while (const auto line = reader.next()) {
    const audit::Parsed parsed = audit::parse_record(line->text);
    REQUIRE(parsed.record);
    Json record = *parsed.record;
    CHECK(record.at("seq") == ++sequence);
    CHECK(record.at("session") == kSession);
    const std::string event = record.at("event");
    CHECK(audit::raw_event(line->text) == event);
    for (const char* name : {"v", "seq", "prev", "time", "mono_us", "session", "event"}) CHECK(record.erase(name) == 1);
    if (event != "audit.rotate" && event != "session.end") read.push_back({event, record});
  }
  CHECK(reader.take_troubles().empty());
  return read;
}

void check_same(const std::vector<Written>& read, const std::vector<Written>& written) {
  REQUIRE(read.size() == written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    if (read[i].event == written[i].event && read[i].details == written[i].details) continue;
    FAIL("record " << i << ": " << read[i].details.dump() << " is not " << written[i].details.dump());
  }
}

}  // namespace

TEST_CASE("random records come back whole, in their order, through rotation and compression") {
  const uint32_t seed = std::random_device{}();
  INFO("seed " << seed);
  Chance chance(seed);
  const test::TrailDirectory dir;
  const std::vector<Written> written = write_trail(dir.fd(), chance);
  REQUIRE(dir.has(kSession + std::string(".2.jsonl")));
  check_same(read_trail(dir.fd()), written);
  CHECK(audit::tidy_up(dir.fd(), std::chrono::system_clock::now(), {}).compressed > 2);
  CHECK_FALSE(dir.has(kSession + std::string(".2.jsonl")));
  check_same(read_trail(dir.fd()), written);
  CHECK(audit::verify(dir.fd()).findings.empty());
}

TEST_CASE("any bytes come back from a record as they were") {
  const uint32_t seed = std::random_device{}();
  INFO("seed " << seed);
  Chance chance(seed);
  const test::TrailDirectory dir;
  std::vector<std::string> given;
  audit::Trail trail(dir.fd(), kSession);
  for (int i = 0; i < 500; ++i) {
    given.push_back(chance.bytes());
    trail.append("exec", {{"path", audit::hostile(given.back())}});
  }
  const auto lines = dir.lines(kSession + std::string(".jsonl"));
  REQUIRE(lines.size() == given.size());
  for (std::size_t i = 0; i < given.size(); ++i)
    CHECK(audit::bytes_of(audit::parse_record(lines[i]).record.value().at("path")) == given[i]);
}
