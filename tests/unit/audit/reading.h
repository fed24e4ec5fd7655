// A recorded trail, made by hand after clawbox-audit(5), with hostile bytes; and what a question finds in it.
#pragma once

#include <string>
#include <vector>

#include "audit/query.h"
#include "base/json.h"

namespace clawbox::test {

/// A line as the writer makes it, but for the chain.
inline std::string line(int seq, const std::string& event, Json details) {
  Json record = {{"v", 1}, {"seq", seq}, {"prev", std::string(64, '0')}};
  record["time"] = "2026-07-01T10:00:" + std::string(seq < 10 ? "0" : "") + std::to_string(seq) + ".000000Z";
  record["mono_us"] = 1'000'000 * seq;
  record["session"] = "6a44e2d0-0badcafe";
  record["event"] = event;
  record.update(details);
  return record.dump();
}

inline std::vector<std::string> recorded() {
  const Json title = {{"escaped", "\\x1b]0;x\\x07<script>"}};
  return {
      line(1, "session.start", {{"profile", "coding"}, {"argv", {"make"}}, {"directory", "/w"}}),
      line(2, "exec", {{"id", 1}, {"pid", 100}, {"path", "/usr/bin/make"}, {"argv", {"make"}}}),
      line(3, "exec",
           {{"id", 2}, {"pid", 101}, {"path", "/bin/sh"}, {"argv", {"sh", "-c", "git push"}}, {"parent", 1}}),
      line(4, "exec", {{"id", 3}, {"pid", 101}, {"path", "/bin/git"}, {"argv", {"git", title}}, {"parent", 1}}),
      line(5, "exec.end", {{"id", 2}, {"outcome", "replaced"}, {"wall_ms", 4}}),
      line(6, "refused", {{"call", "ptrace"}, {"exec", 3}, {"errno", 1}, {"rule", "no \u202e<b>"}, {"origin", "a:7"}}),
      line(7, "exec.end", {{"id", 3}, {"outcome", "exited"}, {"exit_status", 128}, {"wall_ms", 1320}}),
      line(8, "exec", {{"id", 4}, {"pid", 102}, {"path", "/bin/cc"}, {"argv", {"cc"}}, {"parent", 1}}),
      line(9, "exec.end", {{"id", 4}, {"outcome", "failed"}, {"errno", 2}, {"wall_ms", 0}}),
      line(10, "exec.end", {{"id", 1}, {"outcome", "exited"}, {"exit_status", 0}, {"wall_ms", 2100}}),
      line(11, "session.end", {{"exit_status", 0}, {"ended_by", "exit"}, {"wall_ms", 2200}}),
  };
}

/// "seq" of the records that answer the question.
inline std::vector<int> found_by(const audit::Query& query, const std::vector<std::string>& lines = recorded()) {
  std::vector<int> found;
  audit::Search search(query);
  for (const std::string& text : lines)
    for (const audit::Found& one : search.look_at(text).found) found.push_back(one.record["seq"]);
  return found;
}

}  // namespace clawbox::test
