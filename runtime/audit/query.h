// A question to a trail, and its answer line by line.
//
// Most lines of a large trail answer no question, so each is looked at as bytes first, and parsed only when it may
// match. An exec and what became of it are two records, so a question about outcomes holds execs back until their ends
// come; what is held is bounded, and what fell out of it is counted.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "audit/query_pattern.h"
#include "audit/reader_record.h"
#include "base/json.h"

namespace clawbox::audit {

enum class Status { kOk, kFailed };

struct Query {
  std::string since, until;         // RFC 3339 as in the records; empty: open
  std::vector<std::string> events;  // "exec" stands for "exec.end" and "exec.mismatch" too; empty: all
  std::string program;              // a name, or a path with a slash; empty: any
  std::optional<Pattern> argv;
  std::optional<Status> status;
};

/// Throws Error(kUsage) with the nearest name for a word that is no event and no family of events.
void check_event_name(const std::string& name);

/// How the matter of a record turned out; nothing where a record has no outcome. A program that was replaced by the
/// next exec of its process ran well.
std::optional<Status> status_of(const Json& record);

struct Found {
  std::string line;
  Json record;
};

struct Answer {
  std::vector<Found> found;  // in the order of the trail, but for execs that waited for their ends
  std::string broken;        // why the line is no record, or empty
};

/// One question put to one session.
class Search {
 public:
  /// `query` must outlive the search.
  explicit Search(const Query& query);
  explicit Search(Query&& query) = delete;

  Answer look_at(std::string_view line);
  /// Execs that were held back and forgotten because too many lived at once: a number to tell.
  uint64_t forgotten() const { return forgotten_; }

 private:
  struct Seen {
    std::string_view line, event;
    std::optional<uint64_t> exec;  // the exec that the record belongs to
  };

  bool wants(std::string_view event) const;
  bool in_window(std::string_view line) const;
  bool names_program(const Json& record) const;
  bool may_match(const Seen& seen) const;
  bool matches(const Json& record, const Seen& seen) const;
  Answer exec_begins(const Seen& seen);
  Answer exec_ends(const Seen& seen);
  Answer other(const Seen& seen);
  void hold(uint64_t exec, std::string_view line);

  const Query& query_;
  bool follows_execs_;  // a filter on the program: further records match by the exec they belong to
  bool pairs_;          // a filter on the outcome
  std::string program_needle_;
  std::unordered_set<uint64_t> matching_;  // living execs that match
  std::unordered_map<uint64_t, std::string> held_;
  std::deque<uint64_t> order_;  // of held_, oldest first
  std::size_t held_bytes_ = 0;
  uint64_t forgotten_ = 0;
};

}  // namespace clawbox::audit
