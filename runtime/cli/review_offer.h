// What `clawbox run --overlay` says at its end.
#pragma once

#include <string>

namespace clawbox::cli {

/// `upper`: Outcome::overlay. Says what was changed and how to go on; asks, where a person is there to answer. Whatever
/// goes wrong is a warning: the command has ended, and its status is what counts.
enum class MayAsk { kNo, kYes };
void offer_review(const std::string& upper, MayAsk may_ask) noexcept;

}  // namespace clawbox::cli
