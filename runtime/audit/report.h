// One session as one page of HTML that needs nothing else: no network, no script, its style inside.
//
// Every value is escaped as text and then as HTML, and the page's own Content-Security-Policy allows inline style and
// nothing else, so that a mistake in the first would still run nothing. Long lists are cut, and say so.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "audit/tree.h"
#include "base/json.h"

namespace clawbox::audit {

/// One record of what the session used.
struct UsagePoint {
  int64_t us = 0;
  double cpu_ms = 0, processes = 0, resident = 0;
};

class Report {
 public:
  static constexpr std::size_t kMostRows = 2000;

  void add(const Json& record);
  /// What was wrong with the trail's files, for the reader of the page.
  void add_trouble(const std::string& text);
  std::string html() const;

 private:
  struct Table {
    std::vector<std::vector<std::string>> rows;
    uint64_t all = 0;
  };
  void add_calls(const Json& record, const std::string& event, const std::string& time);
  static void add_row(Table& table, std::vector<std::string> row);
  std::string summary() const;
  std::string table(const std::string& title, const std::vector<std::string>& heads, const Table& of) const;

  std::string session_;
  Json start_, end_;
  Tree tree_;
  Table refusals_, calls_, totals_, folded_, connections_, programs_, alarms_, troubles_;
  std::map<std::string, uint64_t> events_;
  std::vector<UsagePoint> usage_;
  int64_t first_us_ = -1, last_us_ = 0;
};

/// The time line as an image of its own kind (SVG), and the tree as nested lists that open and close.
std::string time_line_html(const Tree& tree, int64_t first_us, int64_t last_us);
std::string tree_html(const Tree& tree);
/// Memory, processors and processes over time; empty with fewer than two points.
std::string curves_html(const std::vector<UsagePoint>& points);
std::string html_escaped(std::string_view text);
/// Everything before the first heading: policy and style. `title` is escaped here.
std::string page_head(const std::string& title);

}  // namespace clawbox::audit
