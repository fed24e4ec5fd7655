#include "bench/table.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>

namespace clawbox::bench {
namespace {

std::string row(const Result& result) {
  const Contender& contender = result.contender;
  if (contender.skipped) return fmt::format("| {} | skipped: {} |\n", contender.name, *contender.skipped);
  const auto& [wall, cpu, ratio, cpu_ratio] =
      std::tie(result.wall_ms, result.cpu_ms, result.wall_ratio, result.cpu_ratio);
  return fmt::format("| {} | {:.2f} | {:.2f}–{:.2f} | {:.2f} | {:.2f}–{:.2f} | {:.2f} | {:.2f}–{:.2f} | {:.2f} |\n",
                     contender.name, wall.median, wall.low, wall.high, cpu.median, cpu.low, cpu.high, ratio.median,
                     ratio.low, ratio.high, cpu_ratio.median);
}

Json json_of(const Spread& spread) { return {{"q1", spread.low}, {"median", spread.median}, {"q3", spread.high}}; }

Json json_of(const Result& result) {
  Json json{{"name", result.contender.name}, {"argv", result.contender.argv}};
  if (result.contender.skipped) {
    json["skipped"] = *result.contender.skipped;
    return json;
  }
  json["wall_ms"] = json_of(result.wall_ms);
  json["cpu_ms"] = json_of(result.cpu_ms);
  json["wall_ratio"] = json_of(result.wall_ratio);
  json["cpu_ratio"] = json_of(result.cpu_ratio);
  return json;
}

}  // namespace

Facts machine_facts() {
  utsname name{};
  ::uname(&name);
  std::array<double, 3> load{};
  ::getloadavg(load.data(), 3);
  return {{"kernel", fmt::format("{} {}", name.release, name.machine)},
          {"processors", std::to_string(::sysconf(_SC_NPROCESSORS_ONLN))},
          {"load", fmt::format("{:.2f} {:.2f} {:.2f}", load[0], load[1], load[2])}};
}

std::string markdown(const Comparison& comparison, const Facts& facts) {
  std::string text;
  for (const auto& [name, value] : facts) text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name, value);
  text += fmt::format("\n\n| | wall ms | quartiles | CPU ms | quartiles | wall / {0} | quartiles | CPU / {0} |\n",
                      comparison.baseline);
  text += "|---|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const Result& result : comparison.results) text += row(result);
  return text;
}

Json json_of(const Comparison& comparison, const Facts& facts) {
  Json json;
  for (const auto& [name, value] : facts) json[name] = value;
  json["baseline"] = comparison.baseline;
  json["contenders"] = Json::array();
  for (const Result& result : comparison.results) json["contenders"].push_back(json_of(result));
  return json;
}

}  // namespace clawbox::bench
