// The relay against the direct way and the peers, in networks of the measurement's own: nothing leaves the machine, and
// nothing of its network is touched. Rounds of A B C, each in a new order; ratios are taken within a round.
#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <random>

#include "base/error.h"
#include "bench/egress_load.h"
#include "bench/egress_ways.h"
#include "bench/table.h"
#include "net/steering.h"
#include "support/own_network.h"
#include "unit/egress/relay_world.h"

namespace clawbox::bench {
namespace {

constexpr unsigned kSettle = 2;  // seconds
constexpr std::array kMetrics = {"down1", "up1", "down8", "up8", "first", "connects", "requests", "many"};

struct Options {
  unsigned rounds = 7, set_ups = 30;
  std::string measure, address, peers;
  unsigned port = 0;
  std::vector<std::string> only, metrics{kMetrics.begin(), kMetrics.end()};
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Column {
  std::vector<double> values, ratios, cpu_per_gb;
};
using Table = std::map<std::pair<std::string, std::string>, Column>;  // way, metric

Table measure(const std::vector<Way>& ways, const Options& options) {
  Table table;
  std::mt19937 random(1);
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (const std::string& metric : options.metrics) {
      std::vector<const Way*> order;
      for (const Way& way : ways)
        if (!way.skipped) order.push_back(&way);
      std::shuffle(order.begin(), order.end(), random);
      std::map<std::string, Figure> figures;
      for (const Way* way : order)
        if (const auto figure = measured(*way, metric)) figures[way->name] = *figure;
      if (metric == "many") ::sleep(kSettle);  // thousands of connections are being taken down
      if (!figures.contains("direct")) continue;
      for (const auto& [name, figure] : figures) {
        Column& column = table[{name, metric}];
        column.values.push_back(figure.value);
        column.ratios.push_back(figure.value / figures["direct"].value);
        if (figure.bytes > 0) column.cpu_per_gb.push_back(figure.cpu / figure.bytes * 1e9);
      }
    }
  }
  return table;
}

std::string cell(const Table& table, const std::string& way, const char* metric) {
  const auto at = table.find({way, metric});
  if (at == table.end()) return "failed";
  const Column& column = at->second;
  if (way != "direct") return fmt::format("{:.2f}", median(column.ratios));
  const double value = median(column.values);
  return value > 1e8 ? fmt::format("{:.2f} GB/s", value / 1e9) : fmt::format("{:.0f}", value);
}

std::string cpu_cell(const Table& table, const std::string& way, const char* metric) {
  const auto at = table.find({way, metric});
  return at == table.end() ? "" : fmt::format("{:.2f}", median(at->second.cpu_per_gb));
}

std::string shown(const std::vector<Way>& ways, const Table& table) {
  std::string text;
  for (const auto& [name, fact] : machine_facts()) text += fmt::format("{}: {}; ", name, fact);
  text +=
      "\n\n| way | down 1 | up 1 | down 8 | up 8 | first byte, us | new conn/s | keep-alive req/s | 9,900 open, conn/s "
      "|"
      " CPU s/GB down | up |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const Way& way : ways) {
    if (way.skipped) {
      text += fmt::format("| {} | {} |\n", way.name, *way.skipped);
      continue;
    }
    text += fmt::format("| {} |", way.name);
    for (const char* metric : kMetrics) text += fmt::format(" {} |", cell(table, way.name, metric));
    text += fmt::format(" {} | {} |\n", cpu_cell(table, way.name, "down1"), cpu_cell(table, way.name, "up1"));
  }
  return text;
}

/// Milliseconds of what a session's child does for its network, in a namespace of its own each time.
double set_up_ms(const std::function<void()>& act) {
  const auto network = test::in_own_network([&](const OwnedFd&) {
    const auto begin = std::chrono::steady_clock::now();
    act();
    return fmt::format("{}",
                       std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  });
  return network ? std::strtod(test::result_of(*network).c_str(), nullptr) : 0;
}

std::string set_up_shown(unsigned times) {
  NetworkAllowlist list;
  list.rules = {egress::world::rule("a.test", 443), egress::world::rule("b.test", 22)};
  list.synthetic = {*parse_ip_prefix("198.18.0.0/15"), *parse_ip_prefix("fdc1:a3b0:c1a0:1::/64")};
  std::vector<double> bare, steered;
  for (unsigned i = 0; i < times; ++i) {
    bare.push_back(set_up_ms([] { net::bring_loopback_up(); }));
    steered.push_back(set_up_ms([&] {
      const net::Ipv6 ipv6 = net::make_every_address_local(list.synthetic);
      net::steer(list, ipv6);
      net::open_listeners(list, ipv6);
    }));
  }
  return fmt::format("set-up inside, ms: loopback alone {:.2f}, all of it {:.2f}\n", median(bare), median(steered));
}

int egress_bench(int argc, char** argv) {
  Options options;
  CLI::App app("The relay of named egress, paired against the direct way and the peers");
  app.add_option("--rounds", options.rounds, "measured rounds");
  app.add_option("--only", options.only, "a way, beside the direct one; may be repeated");
  app.add_option("--metric", options.metrics, "only this; may be repeated");
  app.add_option("--measure", options.measure, "what a client measures, or \"serve\" (for our own use)");
  app.add_option("--address", options.address, "whom it dials");
  app.add_option("--port", options.port, "and at which port");
  CLI11_PARSE(app, argc, argv);
  if (options.measure == "serve") serve_load(options.port);
  if (!options.measure.empty()) {
    const Measured one = measure_load(options.measure, options.address, options.port);
    fmt::print("{} {}\n", one.value, one.bytes);
    return 0;
  }
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  const auto network = test::in_own_network([&](const OwnedFd&) {
    egress::world::take_ids(uid, gid);
    const Ways ways(options.only);
    return shown(ways.all(), measure(ways.all(), options));
  });
  if (!network) throw std::runtime_error("no network namespace of one's own");
  fmt::print("{}\n{}", test::result_of(*network), set_up_shown(options.set_ups));
  return 0;
}

}  // namespace
}  // namespace clawbox::bench

int main(int argc, char** argv) try {
  return clawbox::bench::egress_bench(argc, argv);
} catch (const std::exception& error) {
  fmt::print(stderr, "egress: {}\n", error.what());
  return 1;
}
