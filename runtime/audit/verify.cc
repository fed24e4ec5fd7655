#include "audit/verify.h"

#include <fmt/format.h>

#include "audit/life.h"
#include "audit/segment_names.h"
#include "audit/verify_trail.h"
#include "base/error.h"

namespace clawbox::audit {
namespace {

/// A living trail may rotate, and a dead one be compressed or removed, while it is read.
constexpr int kTries = 3;

const KnownHead* head_of(const IndexFacts& index, const std::string& session) {
  const auto known = index.heads.find(session);
  return known == index.heads.end() ? nullptr : &known->second;
}

TrailFacts unreadable(const SessionFiles& session, const SysError& error) {
  return {0, Finding{Finding::Kind::kChanged, session.segments.front().name, 0, error.what()}};
}

TrailFacts verify_once(const OwnedFd& directory, const SessionFiles& session, const IndexFacts& index) try {
  // Life first: what ends while it is read has ended after the index was read, too.
  const Life life = lives(directory, session) ? Life::kLives : Life::kDead;
  return verify_trail(directory, session, head_of(index, session.id), life);
} catch (const SysError& error) {
  return unreadable(session, error);
}

/// Again with fresh names and a fresh index where anything was found: only what stays is a finding.
TrailFacts verify_steadily(const OwnedFd& directory, const SessionFiles& session, const IndexFacts& index) {
  TrailFacts facts = verify_once(directory, session, index);
  for (int tried = 1; tried < kTries && facts.finding; ++tried) {
    const IndexFacts fresh = read_index(directory);
    std::vector<SessionFiles> now = sessions_in(directory);
    std::erase_if(now, [&](const SessionFiles& other) { return other.id != session.id; });
    if (now.empty() && fresh.removed.contains(session.id)) return {};
    if (now.empty()) return facts;
    facts = verify_once(directory, now.front(), fresh);
  }
  return facts;
}

/// What the index knows and the directory does not hold, unless housekeeping has removed it in the meantime.
std::vector<Finding> gone(const OwnedFd& directory, const IndexFacts& index, const std::set<std::string>& there) {
  std::vector<Finding> findings;
  std::optional<IndexFacts> fresh;
  for (const auto& [session, known] : index.heads) {
    if (there.contains(session) || index.removed.contains(session)) continue;
    if (!fresh) fresh = read_index(directory);
    if (fresh->removed.contains(session)) continue;
    findings.push_back({Finding::Kind::kChanged, kIndexName, known.line,
                        fmt::format("the trail of {} is gone, and no housekeeping removed it", session)});
  }
  return findings;
}

/// A crash keeps the line of its own session from the index, not those of sessions that ended before.
void tell_of_lost_index(Verified& verified, const IndexFacts& index, const std::vector<Finding>& unknown_ends) {
  if (!index.knows_nothing() || unknown_ends.size() < 2) {
    verified.findings.insert(verified.findings.end(), unknown_ends.begin(), unknown_ends.end());
    return;
  }
  verified.findings.push_back({Finding::Kind::kChanged, kIndexName, 0,
                               fmt::format("it is gone or empty, and {} sessions have ended", unknown_ends.size())});
}

}  // namespace

Verified verify(const OwnedFd& directory, const std::optional<std::string>& asked) {
  IndexFacts index = read_index(directory);
  Verified verified;
  verified.findings = index.findings;
  std::set<std::string> there;
  std::vector<Finding> unknown_ends;
  for (const SessionFiles& session : sessions_in(directory)) {
    there.insert(session.id);
    if (asked && *asked != session.id) continue;
    ++verified.sessions;
    if (lives(directory, session)) ++verified.living;
    if (index.removed.contains(session.id)) continue;  // housekeeping was interrupted, and will come again
    const TrailFacts facts = verify_steadily(directory, session, index);
    verified.records += facts.records;
    if (facts.finding) (facts.unknown_end ? unknown_ends : verified.findings).push_back(*facts.finding);
  }
  tell_of_lost_index(verified, index, unknown_ends);
  if (asked) std::erase_if(index.heads, [&](const auto& head) { return head.first != *asked; });
  for (Finding& finding : gone(directory, index, there)) verified.findings.push_back(std::move(finding));
  return verified;
}

}  // namespace clawbox::audit
