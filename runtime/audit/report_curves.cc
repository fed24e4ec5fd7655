// What the session used, as lines of an image (SVG): no script, no other file.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "audit/report.h"
#include "base/text.h"

namespace clawbox::audit {
namespace {

constexpr double kWidth = 1000, kHeight = 60;

struct Curve {
  const char* name;
  std::vector<double> values;
  std::function<std::string(double)> text;
};

double greatest_of(const std::vector<double>& values) { return std::max(1.0, *std::ranges::max_element(values)); }

std::string line_of(const std::vector<UsagePoint>& points, const std::vector<double>& values) {
  const double greatest = greatest_of(values);
  const auto first = static_cast<double>(points.front().us), all = static_cast<double>(points.back().us) - first;
  std::string line;
  for (std::size_t i = 0; i < points.size(); ++i)
    line += fmt::format("{:.1f},{:.1f} ", (static_cast<double>(points[i].us) - first) / std::max(all, 1.0) * kWidth,
                        kHeight - values[i] / greatest * kHeight);
  return line;
}

/// Processor time between two points, in percent of one processor.
std::vector<double> load_of(const std::vector<UsagePoint>& points) {
  std::vector<double> load{0};
  for (std::size_t i = 1; i < points.size(); ++i) {
    const double ms = static_cast<double>(points[i].us - points[i - 1].us) / 1000;
    load.push_back(std::max(0.0, (points[i].cpu_ms - points[i - 1].cpu_ms) / std::max(ms, 1.0) * 100));
  }
  return load;
}

std::vector<double> each(const std::vector<UsagePoint>& points, double UsagePoint::*member) {
  std::vector<double> values;
  values.reserve(points.size());
  for (const UsagePoint& point : points) values.push_back(point.*member);
  return values;
}

std::string curve_html(const std::vector<UsagePoint>& points, const Curve& curve) {
  const std::string most = curve.text(*std::ranges::max_element(curve.values));
  return fmt::format(
      "<p class=\"soft\">{}: at most {}</p>\n<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}, at most {}\">"
      "<line x1=\"0\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/><polyline class=\"curve\" points=\"{}\"/></svg>\n",
      curve.name, most, kWidth, kHeight, curve.name, most, kHeight, kWidth, kHeight, line_of(points, curve.values));
}

}  // namespace

std::string curves_html(const std::vector<UsagePoint>& points) {
  if (points.size() < 2) return "";
  const auto whole = [](double value) { return fmt::format("{:.0f}", value); };
  const std::array<Curve, 3> curves{
      {{"Memory", each(points, &UsagePoint::resident),
        [](double bytes) { return fmt::format("{:.0f} MiB", bytes / (1 << 20)); }},
       {"Processors", load_of(points), [](double percent) { return fmt::format("{:.0f}% of one", percent); }},
       {"Processes", each(points, &UsagePoint::processes), whole}}};
  std::string html = "<h2>What it used</h2>\n";
  for (const Curve& curve : curves) html += curve_html(points, curve);
  return html;
}

}  // namespace clawbox::audit
