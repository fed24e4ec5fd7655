// The execs of a report: their tree, and when each of them ran.
#include <fmt/format.h>

#include <algorithm>

#include "audit/report.h"

namespace clawbox::audit {
namespace {

constexpr std::size_t kMostBars = 150;
constexpr std::size_t kDeepest = 60;  // browsers give up on deeper nesting; further execs are told flat

const char* class_of(const TreeNode& node) {
  if (node.tone == Tone::kBad || node.tone == Tone::kAlarm) return "bad";
  return node.tone == Tone::kGood ? "good" : "soft";
}

std::string label(const TreeNode& node) {
  std::string text = fmt::format("{}<b>{}</b> <span class=\"soft\">#{} pid {}{}</span> <span class=\"{}\">{}</span>",
                                 node.replaces ? "⇒ " : "", html_escaped(node.command), node.id, node.pid,
                                 node.wall_ms < 0 ? "" : ", " + time_taken(node.wall_ms), class_of(node),
                                 html_escaped(node.outcome.empty() ? "no end is recorded" : node.outcome));
  if (node.refusals > 0) text += fmt::format(" <span class=\"bad\">{} calls refused</span>", node.refusals);
  if (!node.alarm.empty()) text += " <span class=\"alarm\">" + html_escaped(node.alarm) + "</span>";
  return text;
}

std::string bar(const TreeNode& node, std::size_t row, int64_t first_us, double us_per_unit) {
  const double begin = static_cast<double>(std::max<int64_t>(node.start_us - first_us, 0)) / us_per_unit;
  const double length = static_cast<double>(std::max<int64_t>(node.wall_ms, 0)) * 1000 / us_per_unit;
  const auto y = 18 * row;
  return fmt::format(
      "<g><title>{0}: {1}</title><text x=\"0\" y=\"{2}\">{3}</text>"
      "<rect x=\"{4:.1f}\" y=\"{5}\" width=\"{6:.1f}\" height=\"12\"{7}/></g>\n",
      html_escaped(node.command), time_taken(std::max<int64_t>(node.wall_ms, 0)), y + 12,
      html_escaped(node.command.substr(0, node.command.find(' ')).substr(0, 28)), 200 + std::min(begin, 798.0), y + 3,
      std::clamp(length, 1.5, std::max(1.5, 800 - begin)), node.tone == Tone::kBad ? " class=\"bad\"" : "");
}

}  // namespace

std::string tree_html(const Tree& tree) {
  std::string html = "<div class=\"tree\">\n<ul>\n";
  std::size_t depth = 0, shown = 0;
  const std::vector<std::size_t> order = tree.in_order();
  std::vector<std::string> closings;  // of the elements that are open, one for each level
  for (const std::size_t at : order) {
    if (shown == Report::kMostRows) break;
    ++shown;
    const TreeNode& node = tree.nodes()[at];
    depth = std::min(node.depth, kDeepest);
    for (; closings.size() > depth; closings.pop_back()) html += closings.back();
    const bool opens = !node.children.empty() && node.depth < kDeepest;
    html += opens ? fmt::format("<li><details open><summary>{}</summary><ul>\n", label(node))
                  : fmt::format("<li><span>{}</span></li>\n", label(node));
    if (opens) closings.push_back("</ul></details></li>\n");
  }
  for (; !closings.empty(); closings.pop_back()) html += closings.back();
  html += "</ul>\n</div>\n";
  const uint64_t hidden = order.size() - shown + tree.left_out();
  return hidden == 0 ? html
                     : html + fmt::format("<p class=\"soft\">and {} execs more: clawbox log --tree</p>\n", hidden);
}

std::string time_line_html(const Tree& tree, int64_t first_us, int64_t last_us) {
  std::vector<std::size_t> longest;
  for (std::size_t i = 0; i < tree.nodes().size(); ++i) longest.push_back(i);
  const auto shown = std::min(longest.size(), kMostBars);
  std::partial_sort(longest.begin(), longest.begin() + static_cast<std::ptrdiff_t>(shown), longest.end(),
                    [&](std::size_t a, std::size_t b) { return tree.nodes()[a].wall_ms > tree.nodes()[b].wall_ms; });
  longest.resize(shown);
  std::sort(longest.begin(), longest.end());
  const double us_per_unit = static_cast<double>(std::max<int64_t>(last_us - first_us, 1)) / 800;
  std::string html = fmt::format(
      "<p class=\"soft\">{} of {} execs, the longest, over {}.</p>\n<svg viewBox=\"0 0 1000 {}\" role=\"img\" "
      "aria-label=\"When each program ran\">\n",
      shown, tree.nodes().size(), time_taken((last_us - first_us) / 1000), 18 * shown + 6);
  for (std::size_t row = 0; row < shown; ++row) html += bar(tree.nodes()[longest[row]], row, first_us, us_per_unit);
  return html + "</svg>\n";
}

}  // namespace clawbox::audit
