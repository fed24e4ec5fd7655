#include "supervise/token_buckets.h"

#include <algorithm>
#include <utility>

namespace clawbox::supervise {
namespace {

constexpr int64_t kToken = 1000;  // in thousandths, so that a short wait is not lost

uint64_t key_of(pid_t pid, int call) {
  return static_cast<uint64_t>(static_cast<uint32_t>(pid)) << 32 | static_cast<uint32_t>(call);
}

}  // namespace

TokenBuckets::TokenBuckets(Rate rate) : rate_(rate), common_{0, -1, rate.burst * kToken, Time(0)} {}

TokenBuckets::Verdict TokenBuckets::take(pid_t pid, int call, Time now) {
  Bucket& bucket = bucket_of(pid, call, now);
  refill(bucket, now);
  if (bucket.millitokens >= kToken) {
    bucket.millitokens -= kToken;
    return Verdict::kRecord;
  }
  if (bucket.folded++ == 0) bucket.since = now;
  ++folded_total_;
  return Verdict::kFold;
}

TokenBuckets::Bucket& TokenBuckets::bucket_of(pid_t pid, int call, Time now) {
  const auto known = by_key_.find(key_of(pid, call));
  if (known != by_key_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, known->second);
    return buckets_.front();
  }
  if (buckets_.size() >= rate_.most && !make_room(now)) return common_;
  buckets_.push_front({pid, call, rate_.burst * kToken, now});
  by_key_[key_of(pid, call)] = buckets_.begin();
  return buckets_.front();
}

void TokenBuckets::refill(Bucket& bucket, Time now) const {
  const int64_t full = rate_.burst * kToken;
  // Longer than it takes to fill makes no difference, and cannot overflow.
  const int64_t elapsed = std::clamp<int64_t>((now - bucket.refilled).count(), 0, int64_t{1'000'000} * 3600);
  const int64_t gained = elapsed * rate_.per_second * kToken / 1'000'000;
  if (gained == 0) return;
  bucket.millitokens = std::min(full, bucket.millitokens + gained);
  // What is too short for a thousandth counts for the next one.
  const bool filled = bucket.millitokens == full;
  bucket.refilled = filled ? now : bucket.refilled + Time(gained * 1'000'000 / (rate_.per_second * kToken));
}

/// By the bucket that was used longest ago, if a new one would be no better than it. Its count goes to the common one.
bool TokenBuckets::make_room(Time now) {
  if (buckets_.empty()) return false;
  Bucket& oldest = buckets_.back();
  refill(oldest, now);
  if (oldest.millitokens < rate_.burst * kToken) return false;
  if (oldest.folded > 0) {
    common_.since = common_.folded == 0 ? oldest.since : std::min(common_.since, oldest.since);
    common_.folded += oldest.folded;
  }
  by_key_.erase(key_of(oldest.pid, oldest.call));
  buckets_.pop_back();
  return true;
}

TokenBuckets::Folded TokenBuckets::tell(Bucket& bucket) {
  folded_total_ -= bucket.folded;
  return {bucket.pid, bucket.call, std::exchange(bucket.folded, 0U), bucket.since};
}

std::vector<TokenBuckets::Folded> TokenBuckets::due(Time now) {
  std::vector<Folded> told;
  if (!has_folded()) return told;
  const auto is_due = [&](const Bucket& bucket) { return bucket.folded > 0 && now - bucket.since >= rate_.told_after; };
  for (Bucket& bucket : buckets_)
    if (is_due(bucket)) told.push_back(tell(bucket));
  if (is_due(common_)) told.push_back(tell(common_));
  return told;
}

std::vector<TokenBuckets::Folded> TokenBuckets::forget(pid_t pid) {
  std::vector<Folded> told;
  for (auto bucket = buckets_.begin(); bucket != buckets_.end();) {
    if (bucket->pid != pid) {
      ++bucket;
      continue;
    }
    if (bucket->folded > 0) told.push_back(tell(*bucket));
    by_key_.erase(key_of(bucket->pid, bucket->call));
    bucket = buckets_.erase(bucket);
  }
  return told;
}

std::vector<TokenBuckets::Folded> TokenBuckets::rest() {
  std::vector<Folded> told;
  for (Bucket& bucket : buckets_)
    if (bucket.folded > 0) told.push_back(tell(bucket));
  if (common_.folded > 0) told.push_back(tell(common_));
  return told;
}

}  // namespace clawbox::supervise
