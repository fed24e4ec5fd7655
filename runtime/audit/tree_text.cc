#include <fmt/format.h>

#include <algorithm>

#include "audit/tree.h"

namespace clawbox::audit {
namespace {

constexpr std::size_t kDeepestIndent = 32;  // a chain of programs can be as long as the sandbox likes

/// For each node of `order` whether a later sibling follows it there.
std::vector<bool> followed(const Tree& tree, const std::vector<std::size_t>& order) {
  std::vector<bool> follows(tree.nodes().size(), false);
  std::vector<std::size_t> last_child(tree.nodes().size(), TreeNode::kNone);
  for (const std::size_t at : order) {
    const std::size_t parent = tree.nodes()[at].parent;
    if (parent == TreeNode::kNone) continue;
    if (last_child[parent] != TreeNode::kNone) follows[last_child[parent]] = true;
    last_child[parent] = at;
  }
  return follows;
}

std::string branch(const Tree& tree, std::size_t at, const std::vector<bool>& follows) {
  const TreeNode& node = tree.nodes()[at];
  if (node.depth == 0) return "";
  if (node.depth > kDeepestIndent) return fmt::format("(depth {}) {}", node.depth, node.replaces ? "⇒ " : "");
  std::string text = std::string(follows[at] ? "├" : "└") + (node.replaces ? "⇒ " : "─ ");
  for (std::size_t up = node.parent; tree.nodes()[up].depth > 0; up = tree.nodes()[up].parent)
    text.insert(0, follows[up] ? "│  " : "   ");
  return text;
}

std::string times(const TreeNode& node) {
  if (node.wall_ms < 0) return "";
  return "  " + time_taken(node.wall_ms) + (node.cpu_ms < 0 ? "" : fmt::format(" (cpu {})", time_taken(node.cpu_ms)));
}

std::string line_of(const TreeNode& node, const std::string& before, Colour colour) {
  const std::string command = toned(node.command, node.matches ? Tone::kPlain : Tone::kQuiet, colour);
  const std::string facts = fmt::format("#{} pid {}{}", node.id, node.pid, times(node));
  std::string text = fmt::format("{}{}  {}", before, command, toned(facts, Tone::kQuiet, colour));
  text += "  " + (node.outcome.empty() ? toned("no end is recorded", Tone::kQuiet, colour)
                                       : toned(node.outcome, node.tone, colour));
  if (node.refusals > 0) text += "  " + toned(fmt::format("refused calls: {}", node.refusals), Tone::kBad, colour);
  if (!node.alarm.empty()) text += "  " + toned("ALARM: " + node.alarm, Tone::kAlarm, colour);
  return text + "\n";
}

}  // namespace

std::string tree_text(const Tree& tree, Colour colour) {
  const std::vector<std::size_t> order = tree.in_order();
  const std::vector<bool> follows = followed(tree, order);
  std::string text;
  for (const std::size_t at : order) text += line_of(tree.nodes()[at], branch(tree, at, follows), colour);
  if (tree.left_out() > 0) text += fmt::format("and {} execs that are not shown\n", tree.left_out());
  return text;
}

}  // namespace clawbox::audit
