#include "audit/chain.h"

#include <fmt/format.h>

#include "audit/record.h"
#include "audit/sha256.h"

namespace clawbox::audit {
namespace {

std::string misnumbered(uint64_t seq, uint64_t expected) {
  if (seq > expected)
    return fmt::format("seq is {}, and {} was to come: records are missing or were moved", seq, expected);
  return fmt::format("seq is {}, and {} was to come: a record was repeated or moved", seq, expected);
}

}  // namespace

std::optional<Chain::Break> Chain::add(std::string_view line, Spot where) {
  const auto place = place_of(line);
  const bool holds = place && (seq_ == 0 || place->prev == head_);
  if (doubt_) return blamed(holds ? Link::kHolds : Link::kBroken);
  if (!place) return Break{where, "it does not begin as a record does: it was changed or added"};
  if (place->seq != seq_ + 1) return Break{where, misnumbered(place->seq, seq_ + 1)};
  if (!holds) doubt_ = {last_, where};
  ++seq_;
  last_ = where;
  head_ = hex_of(sha256(line));
  return std::nullopt;
}

std::optional<Chain::Break> Chain::finish(std::string_view head) const {
  if (!doubt_) return std::nullopt;
  return blamed(head.empty() || head == head_ ? Link::kHolds : Link::kBroken);
}

Chain::Break Chain::blamed(Link link_after) const {
  if (link_after == Link::kHolds)
    return {doubt_->before, "its hash is not the one that the next record holds: it was changed"};
  return {doubt_->after, "it does not fit to the record before it: it was changed"};
}

}  // namespace clawbox::audit
