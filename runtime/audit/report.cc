#include "audit/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/reader_record.h"
#include "base/text.h"

namespace clawbox::audit {
namespace {

std::string text_of(const Json& record, std::string_view name) {
  const Json* value = field(record, name);
  return value == nullptr ? "" : escaped(bytes_of(*value), 1024);
}

std::string definition(std::string_view term, const std::string& value) {
  return value.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>\n", term, html_escaped(value));
}

std::string exec_words(const Json& record) {
  const std::string exec = text_of(record, "exec");
  return exec.empty() ? text_of(record, "pid") : "#" + exec;
}

double double_of(const Json& record, std::string_view name) {
  return static_cast<double>(number_field(record, name).value_or(0));
}

std::string shortfalls(const Json& start) {
  std::vector<std::string> names;
  const Json* list = field(start, "shortfalls");
  if (list != nullptr && list->is_array())
    for (const Json& shortfall : *list) {
      const std::string why = text_of(shortfall, "why");
      names.push_back(text_of(shortfall, "what") + (why.empty() ? "" : " (" + why + ")"));
    }
  return joined(names, "; ");
}

}  // namespace

void Report::add_row(Table& table, std::vector<std::string> row) {
  ++table.all;
  if (table.rows.size() < kMostRows) table.rows.push_back(std::move(row));
}

void Report::add_trouble(const std::string& text) { add_row(troubles_, {escaped(text, 500)}); }

void Report::add(const Json& record) {
  const std::string event = text_of(record, "event");
  if (events_.size() < 64) ++events_[event];
  if (session_.empty()) session_ = text_of(record, "session");
  if (const auto now = number_field(record, "mono_us")) {
    if (first_us_ < 0) first_us_ = *now;
    last_us_ = std::max(last_us_, *now);
  }
  tree_.add(record);
  const std::string time = local_time(record);
  if (event == "session.start") start_ = record;
  if (event == "session.end" || event == "session.failed") end_ = record;
  add_calls(record, event, time);
  if (event == "usage" && usage_.size() < kMostRows)
    usage_.push_back({number_field(record, "mono_us").value_or(0), double_of(record, "cpu_ms"),
                      double_of(record, "processes"), double_of(record, "resident")});
  if (event.starts_with("net."))
    add_row(connections_, {time, event, peer_words(record), text_of(record, "outcome"), text_of(record, "reason"),
                           exec_words(record)});
  if (event == "program")
    add_row(programs_, {text_of(record, "path"), text_of(record, "sha256"), text_of(record, "size")});
  if (event == "exec.mismatch" || event == "audit.gap") add_row(alarms_, {time, sentence_of(record).text});
}

void Report::add_calls(const Json& record, const std::string& event, const std::string& time) {
  const std::string call = fmt::format("{}({})", text_of(record, "call"), text_of(record, "arguments"));
  if (event == "refused")
    add_row(refusals_, {time, call, text_of(record, "rule"), text_of(record, "origin"), text_of(record, "reason"),
                        exec_words(record)});
  if (event == "call") add_row(calls_, {time, call, exec_words(record)});
  if (event == "totals") add_row(totals_, {totals_words(record)});
  if (event == "folded") add_row(folded_, {time, sentence_of(record).text});
}

std::string Report::summary() const {
  std::vector<std::string> counts;
  for (const auto& [event, count] : events_) counts.push_back(fmt::format("{} {}", count, event));
  const std::string ended = end_.is_object() ? sentence_of(end_).text : "no end is recorded: it runs, or was cut off";
  return fmt::format(
      "<h2>Summary</h2>\n<dl>\n{}{}{}{}{}{}{}{}{}</dl>\n", definition("session", session_),
      definition("began", start_.is_object() ? local_time(start_) : ""),
      definition("command", start_.is_object() ? command_words(start_) : ""),
      definition("directory", text_of(start_, "directory")), definition("profile", text_of(start_, "profile")),
      definition("network", text_of(start_, "network")), definition("weaker than asked", shortfalls(start_)),
      definition("end", ended), definition("records", joined(counts, ", ")));
}

std::string Report::table(const std::string& title, const std::vector<std::string>& heads, const Table& of) const {
  std::string html = fmt::format("<h2>{}</h2>\n", title);
  if (of.all == 0) return html + "<p class=\"soft\">None is recorded.</p>\n";
  html += fmt::format("<div class=\"wide\" tabindex=\"0\"><table>\n<caption>{} of {}</caption>\n<tr>", of.rows.size(),
                      of.all);
  for (const std::string& head : heads) html += fmt::format("<th scope=\"col\">{}</th>", head);
  html += "</tr>\n";
  for (const std::vector<std::string>& row : of.rows) {
    html += "<tr>";
    for (const std::string& cell : row) html += "<td>" + html_escaped(cell) + "</td>";
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string Report::html() const {
  std::string page = page_head("clawbox session " + session_);
  page += fmt::format("<main>\n<h1>Session <code>{}</code></h1>\n", html_escaped(session_)) + summary();
  if (troubles_.all > 0) page += table("The trail is damaged", {"what"}, troubles_);
  if (alarms_.all > 0) page += table("Alarms", {"time", "what"}, alarms_);
  page += "<h2>Time line</h2>\n" + time_line_html(tree_, std::max<int64_t>(first_us_, 0), last_us_);
  page += curves_html(usage_);
  page += "<h2>Programs that ran</h2>\n" + tree_html(tree_);
  page += table("Refused calls", {"time", "call", "rule", "where", "reason", "by"}, refusals_);
  if (calls_.all > 0) page += table("Chosen calls", {"time", "call", "by"}, calls_);
  if (folded_.all > 0) page += table("Left out by the rate limit", {"time", "what"}, folded_);
  if (totals_.all > 0) page += table("Calls in total", {"exec: calls"}, totals_);
  page += table("Connections", {"time", "event", "peer", "outcome", "reason", "by"}, connections_);
  page += table("Files of programs", {"path", "SHA-256", "bytes"}, programs_);
  return page + "</main>\n</body>\n</html>\n";
}

}  // namespace clawbox::audit
