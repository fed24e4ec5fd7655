// The processes of a session as a tree, from its exec records.
//
// A program that takes the place of another in the same process hangs below it, as what it started does. Parents come
// before their children in a trail, so a line that claims otherwise has no parent here, and there are no cycles.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "audit/report_words.h"
#include "base/json.h"

namespace clawbox::audit {

struct TreeNode {
  static constexpr std::size_t kNone = SIZE_MAX;

  std::string id, command, cwd, outcome;  // safe for a terminal
  int64_t pid = 0, start_us = 0, wall_ms = -1, cpu_ms = -1;
  Tone tone = Tone::kPlain;
  bool replaces = false;  // took the place of its parent, in the same process
  bool matches = true;    // false: shown only because of what is below it
  uint64_t refusals = 0;
  std::string alarm;
  std::size_t parent = kNone, depth = 0;
  std::vector<std::size_t> children;
};

class Tree {
 public:
  /// Beyond, execs are counted and not kept.
  static constexpr std::size_t kMostNodes = 1'000'000;

  void add(const Json& record);
  /// Only these execs, and what they hang below.
  void keep_only(const std::vector<int64_t>& execs);

  const std::vector<TreeNode>& nodes() const { return nodes_; }
  /// Depth first, in the order of their starts, without those that `keep_only` left out.
  std::vector<std::size_t> in_order() const;
  uint64_t left_out() const { return left_out_; }

 private:
  void begin(const Json& record);
  void end(const Json& record);
  TreeNode* node_of(const Json& record, std::string_view id_field);

  std::vector<TreeNode> nodes_;
  std::unordered_map<int64_t, std::size_t> by_exec_;
  std::unordered_map<int64_t, std::size_t> by_pid_;  // the program that each living process runs
  uint64_t left_out_ = 0;
};

/// One line per exec: what ran, its times and its end.
std::string tree_text(const Tree& tree, Colour colour);

}  // namespace clawbox::audit
