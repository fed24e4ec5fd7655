// One trail against its chain and against what the index says of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "audit/reader_sessions.h"
#include "audit/verify.h"

namespace clawbox::audit {

/// What the index says of one session.
struct KnownHead {
  std::string head;
  uint64_t records = 0;
  uint64_t line = 0;  // in the index
};

struct IndexFacts {
  std::map<std::string, KnownHead> heads;
  std::set<std::string> removed;
  std::vector<Finding> findings;
  bool knows_nothing() const { return heads.empty() && removed.empty(); }  // also where there is no index
};

IndexFacts read_index(const OwnedFd& directory);

struct TrailFacts {
  uint64_t records = 0;
  std::optional<Finding> finding;
  bool unknown_end = false;  // the finding: it has ended, and the index does not know
};

enum class Life { kLives, kDead };
/// `known`: null where the index has no line of the session.
TrailFacts verify_trail(const OwnedFd& directory, const SessionFiles& session, const KnownHead* known, Life life);

}  // namespace clawbox::audit
