#include "supervise/token_buckets.h"

#include "support/catch.h"

using clawbox::supervise::TokenBuckets;
using namespace std::chrono_literals;

namespace {

constexpr int kCall = 59;

int recorded(TokenBuckets& buckets, pid_t pid, int times, TokenBuckets::Time now) {
  int count = 0;
  for (int i = 0; i < times; ++i)
    if (buckets.take(pid, kCall, now) == TokenBuckets::Verdict::kRecord) ++count;
  return count;
}

}  // namespace

TEST_CASE("a process gets a burst, then the rate") {
  TokenBuckets buckets;
  CHECK(recorded(buckets, 7, 200, 5s) == 50);
  CHECK(recorded(buckets, 7, 200, 5s + 99ms) == 0);
  CHECK(recorded(buckets, 7, 200, 5s + 100ms) == 1);
  CHECK(recorded(buckets, 7, 200, 7s + 100ms) == 20);
  CHECK(recorded(buckets, 7, 200, 1h) == 50);
}

TEST_CASE("tokens are not lost to calls that come faster than one is due") {
  TokenBuckets buckets;
  recorded(buckets, 7, 50, 0s);
  int count = 0;
  for (auto now = 0us; now < 1s; now += 7us) count += recorded(buckets, 7, 1, now);
  CHECK(count >= 9);
  CHECK(count <= 10);
}

TEST_CASE("one process's flood takes nothing from another, nor from another call") {
  TokenBuckets buckets;
  recorded(buckets, 7, 1000, 0s);
  CHECK(buckets.take(8, kCall, 0s) == TokenBuckets::Verdict::kRecord);
  CHECK(buckets.take(7, kCall + 1, 0s) == TokenBuckets::Verdict::kRecord);
}

TEST_CASE("what was folded is told once, when it is due") {
  TokenBuckets buckets;
  recorded(buckets, 7, 60, 3s);
  CHECK(buckets.due(3s + 999ms).empty());
  const auto told = buckets.due(4s);
  REQUIRE(told.size() == 1);
  CHECK(told[0].pid == 7);
  CHECK(told[0].call == kCall);
  CHECK(told[0].count == 10);
  CHECK(told[0].since == 3s);
  CHECK(buckets.due(1h).empty());
  CHECK_FALSE(buckets.has_folded());
}

TEST_CASE("a process that ends leaves its count and no bucket") {
  TokenBuckets buckets;
  recorded(buckets, 7, 60, 0s);
  recorded(buckets, 8, 60, 0s);
  const auto told = buckets.forget(7);
  REQUIRE(told.size() == 1);
  CHECK(told[0].count == 10);
  CHECK(buckets.rest().size() == 1);
  CHECK(recorded(buckets, 7, 60, 0s) == 50);  // the pid is another process's now
}

TEST_CASE("ever new processes get no fresh bursts, and every record that is left out is counted") {
  TokenBuckets buckets({.per_second = 10, .burst = 50, .most = 4});
  int count = 0;
  for (pid_t pid = 1; pid <= 1000; ++pid) count += recorded(buckets, pid, 100, 1s);
  CHECK(count == 5 * 50);  // four, and the common one
  uint64_t folded = 0;
  for (const auto& told : buckets.rest()) folded += told.count;
  CHECK(folded == 100'000 - 250);
}

TEST_CASE("a bucket that is full again makes room, and its count is not lost") {
  TokenBuckets buckets({.per_second = 10, .burst = 50, .most = 1});
  recorded(buckets, 7, 60, 0s);
  CHECK(recorded(buckets, 8, 60, 10s) == 50);
  const auto told = buckets.rest();
  REQUIRE(told.size() == 2);
  CHECK(told[0].pid == 8);
  CHECK(told[1].pid == 0);
  CHECK(told[1].count == 10);
}

TEST_CASE("a clock that goes back neither gives nor takes") {
  TokenBuckets buckets;
  recorded(buckets, 7, 60, 10s);
  CHECK(recorded(buckets, 7, 60, 1s) == 0);
  CHECK(recorded(buckets, 7, 60, 10s + 100ms) == 1);
}
