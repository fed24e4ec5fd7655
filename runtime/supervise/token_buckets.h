// How many records of one kind a process may cause: a token bucket for each process and call. What is over is counted,
// and told later as one record, so that a flood neither fills the disk nor goes unmentioned.
//
// There are at most `most` buckets: with more processes at once, those that come later share the common one (pid 0), so
// that starting ever new processes gives no fresh bursts. A bucket that has been idle until it is full again makes
// room; nothing is lost with it. The caller says what time it is, on a clock that does not go back (CLOCK_BOOTTIME).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

namespace clawbox::supervise {

class TokenBuckets {
 public:
  using Time = std::chrono::microseconds;

  struct Rate {
    uint32_t per_second = 10;
    uint32_t burst = 50;
    std::size_t most = 1024;          // buckets
    Time told_after = Time(1000000);  // since the first record that was folded
  };
  /// Records that were left out since the last time they were told.
  struct Folded {
    pid_t pid = 0;  // 0: of several processes
    int call = -1;  // -1: of several calls
    uint64_t count = 0;
    Time since{};
  };
  enum class Verdict { kRecord, kFold };

  TokenBuckets() : TokenBuckets(Rate()) {}
  explicit TokenBuckets(Rate rate);

  Verdict take(pid_t pid, int call, Time now);
  /// What is to be told by now; told once.
  std::vector<Folded> due(Time now);
  /// The process has ended: its buckets go, what they still hold is told now.
  std::vector<Folded> forget(pid_t pid);
  /// The end: all that is left.
  std::vector<Folded> rest();
  /// Whether `due` will have something to tell, now or later.
  bool has_folded() const { return folded_total_ > 0; }

 private:
  struct Bucket {
    pid_t pid;
    int call;
    int64_t millitokens;
    Time refilled;
    uint64_t folded = 0;
    Time since{};
  };
  using Buckets = std::list<Bucket>;  // the one used last is in front

  Bucket& bucket_of(pid_t pid, int call, Time now);
  void refill(Bucket& bucket, Time now) const;
  bool make_room(Time now);
  Folded tell(Bucket& bucket);

  Rate rate_;
  Buckets buckets_;
  std::unordered_map<uint64_t, Buckets::iterator> by_key_;
  Bucket common_;
  uint64_t folded_total_ = 0;
};

}  // namespace clawbox::supervise
