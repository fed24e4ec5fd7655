#include "audit/tree.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/reader_record.h"
#include "base/text.h"

namespace clawbox::audit {
namespace {

constexpr std::size_t kLongestCommand = 200;

TreeNode node_from(const Json& record) {
  TreeNode node;
  node.id = std::to_string(number_field(record, "id").value_or(0));
  node.command = command_words(record, kLongestCommand);
  if (const std::string why = unread_program(record); !why.empty()) node.alarm = "unreadable: " + why;
  node.cwd = escaped(text_field(record, "cwd").value_or(""), kLongestCommand);
  node.pid = number_field(record, "pid").value_or(0);
  node.start_us = number_field(record, "mono_us").value_or(0);
  return node;
}

}  // namespace

void Tree::add(const Json& record) {
  const std::string event = text_field(record, "event").value_or("");
  if (event == "exec") begin(record);
  if (event == "exec.end") end(record);
  TreeNode* node = event == "refused" ? node_of(record, "exec") : nullptr;
  if (node != nullptr) ++node->refusals;
  node = event == "exec.mismatch" ? node_of(record, "id") : nullptr;
  if (node != nullptr) node->alarm = "ran " + escaped(text_field(record, "observed").value_or(""), kLongestCommand);
}

TreeNode* Tree::node_of(const Json& record, std::string_view id_field) {
  const auto id = number_field(record, id_field);
  const auto found = id ? by_exec_.find(*id) : by_exec_.end();
  return found == by_exec_.end() ? nullptr : &nodes_[found->second];
}

void Tree::begin(const Json& record) {
  const auto id = number_field(record, "id");
  if (!id || nodes_.size() >= kMostNodes || by_exec_.contains(*id)) {
    ++left_out_;
    return;
  }
  TreeNode node = node_from(record);
  const auto same_process = by_pid_.find(node.pid);
  const auto parent = by_exec_.find(number_field(record, "parent").value_or(0));
  if (same_process != by_pid_.end()) {
    node.parent = same_process->second;
    node.replaces = true;
  } else if (parent != by_exec_.end()) {
    node.parent = parent->second;
  }
  const std::size_t place = nodes_.size();
  if (node.parent != TreeNode::kNone) {
    node.depth = nodes_[node.parent].depth + 1;
    nodes_[node.parent].children.push_back(place);
  }
  by_pid_[node.pid] = by_exec_[*id] = place;
  nodes_.push_back(std::move(node));
}

void Tree::end(const Json& record) {
  TreeNode* node = node_of(record, "id");
  if (node == nullptr) return;
  const std::string outcome = text_field(record, "outcome").value_or("");
  node->outcome = outcome_words(record);
  node->wall_ms = number_field(record, "wall_ms").value_or(-1);
  node->cpu_ms = number_field(record, "cpu_ms").value_or(-1);
  node->tone = sentence_of(record).tone;
  if (outcome == "replaced") return;
  const auto runs = by_pid_.find(node->pid);
  if (runs == by_pid_.end() || &nodes_[runs->second] != node) return;
  const bool goes_on = outcome == "failed" && node->replaces;  // the process still runs what it ran before
  if (goes_on) runs->second = node->parent;
  if (!goes_on) by_pid_.erase(runs);
}

void Tree::keep_only(const std::vector<int64_t>& execs) {
  for (TreeNode& node : nodes_) node.matches = false;
  for (const int64_t exec : execs)
    if (const auto found = by_exec_.find(exec); found != by_exec_.end()) nodes_[found->second].matches = true;
}

std::vector<std::size_t> Tree::in_order() const {
  std::vector<bool> shown(nodes_.size(), false);
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    for (std::size_t at = i; nodes_[i].matches && at != TreeNode::kNone && !shown[at]; at = nodes_[at].parent)
      shown[at] = true;
  std::vector<std::size_t> order, open;
  for (std::size_t root = 0; root < nodes_.size(); ++root) {
    if (nodes_[root].parent == TreeNode::kNone && shown[root]) open.push_back(root);
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      order.push_back(at);
      for (auto child = nodes_[at].children.rbegin(); child != nodes_[at].children.rend(); ++child)
        if (shown[*child]) open.push_back(*child);
    }
  }
  return order;
}

}  // namespace clawbox::audit
