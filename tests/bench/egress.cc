// The relay against the direct way and the peers, in networks of the measurement's own: nothing leaves the machine, and
// nothing of its network is touched. Rounds of A B C, each in a new order; ratios are taken within a round.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <random>

#include "base/error.h"
#include "bench/egress_load.h"
#include "bench/table.h"
#include "net/steering.h"
#include "support/own_network.h"
#include "sys/channel.h"
#include "sys/files.h"
#include "unit/egress/relay_world.h"

namespace clawbox::bench {
namespace {

using egress::world::Setting;
using egress::world::World;
using Steering = NetworkAllowlist::Steering;

constexpr unsigned kPort = 7001;
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

/// Started with `argv` after `before` has run in it; ends with us.
pid_t start(const std::vector<std::string>& argv, const std::function<void()>& before) {
  const pid_t pid = sys::fork();
  if (pid != 0) return pid;
  try {
    sys::die_with_parent();
    before();
    std::vector<char*> words;
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execvp(words[0], words.data());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
  }
  ::_exit(127);
}

double cpu_seconds_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  if (const auto end = line.rfind(')'); end != std::string::npos) line = line.substr(end + 2);
  std::istringstream fields(line);
  std::string word;
  for (int i = 0; i < 11; ++i) fields >> word;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

struct Way {
  std::string name;
  std::string address;
  std::function<void()> enter;   // the network of its client
  std::vector<pid_t> processes;  // whose time counts, beside the client's
  std::optional<std::string> skipped;
};

struct Figure {
  double value = 0, bytes = 0, cpu = 0;
};

/// One run of a client; nothing where it failed.
std::optional<Figure> measured(const Way& way, const std::string& what) {
  const auto [read_end, write_end] = [] {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) throw_errno("pipe2");
    return std::pair{OwnedFd(ends[0]), OwnedFd(ends[1])};
  }();
  double cpu = 0;
  for (const pid_t one : way.processes) cpu -= cpu_seconds_of(one);
  const int out = write_end.get();
  const pid_t client =
      start({"/proc/self/exe", "--measure", what, "--address", way.address, "--port", std::to_string(kPort)}, [&] {
        way.enter();
        if (::dup2(out, 1) < 0) throw_errno("dup2");
      });
  int status = 0;
  rusage used{};
  ::wait4(client, &status, 0, &used);
  for (const pid_t one : way.processes) cpu += cpu_seconds_of(one);
  for (const timeval& time : {used.ru_utime, used.ru_stime})
    cpu += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  std::array<char, 200> text{};
  if (::fcntl(read_end.get(), F_SETFL, O_NONBLOCK) < 0 || ::read(read_end.get(), text.data(), text.size() - 1) <= 0)
    return std::nullopt;
  Figure figure;
  figure.cpu = cpu;
  if (std::sscanf(text.data(), "%lf %lf", &figure.value, &figure.bytes) != 2) return std::nullopt;
  return figure;
}

/// A network without a way out, for peers to give it one.
struct Closed {
  pid_t holder = 0;
  OwnedFd network;
  explicit Closed(const World& world) {
    auto [ours, theirs] = sys::make_channel();
    holder = start({"sleep", "100000"}, [&, &channel = theirs] {
      world.enter(World::Side::kHost);
      sys::unshare(CLONE_NEWNET);
      net::bring_loopback_up();
      sys::send_text(channel, "made");
    });
    sys::receive_text(ours, 100);
    network = sys::open(path(), O_RDONLY | O_CLOEXEC);
  }
  ~Closed() {
    ::kill(holder, SIGKILL);
    ::waitpid(holder, nullptr, 0);
  }
  std::string path() const { return fmt::format("/proc/{}/ns/net", holder); }
  void enter() const {
    if (::setns(network.get(), CLONE_NEWNET) != 0) throw_errno("entering a network");
  }
};

class Ways {
 public:
  explicit Ways(const Options& options) {
    add_ours();
    add_peers();
    if (options.only.empty()) return;
    std::erase_if(ways_, [&](const Way& way) {
      return way.name != "direct" &&
             std::find(options.only.begin(), options.only.end(), way.name) == options.only.end();
    });
  }
  ~Ways() {
    for (const pid_t pid : processes_) ::kill(pid, SIGKILL), ::waitpid(pid, nullptr, 0);
  }
  const std::vector<Way>& all() const { return ways_; }

 private:
  static Setting setting(Steering steering) {
    Setting made;
    made.list.rules = {egress::world::rule("bench.test", kPort)};
    made.list.connections.value = 100'000;
    made.list.steering = steering;
    made.hosts = "93.184.216.34 bench.test\n";
    return made;
  }

  pid_t start_kept(const std::vector<std::string>& argv, const std::function<void()>& before) {
    return processes_.emplace_back(start(argv, before));
  }

  /// Also reads what the relay tells, as a supervisor does.
  void add_ours() {
    for (const auto& [name, steering] :
         {std::pair("tproxy", Steering::kTproxy), std::pair("AnyIP", Steering::kAnyIp)}) {
      World& world = *worlds_.emplace_back(std::make_unique<World>(setting(steering)));
      const pid_t server = start_kept({"/proc/self/exe", "--measure", "serve", "--port", std::to_string(kPort)},
                                      [&] { world.enter(World::Side::kHost); });
      const std::string inside = to_string(world.address_of("bench.test"));
      const pid_t reader = start_kept({"cat"}, [&] {
        ::dup2(world.relay().channel.get(), 0);
        ::dup2(sys::open("/dev/null", O_WRONLY | O_CLOEXEC).get(), 1);
      });
      if (ways_.empty())
        ways_.push_back({"direct", "93.184.216.34", [&world] { world.enter(World::Side::kHost); }, {server}, {}});
      ways_.push_back({fmt::format("clawbox, {}", name),
                       inside,
                       [&world] { world.enter(World::Side::kSession); },
                       {server, reader, world.relay().process.pid()},
                       {}});
    }
  }

  void add_peers() {
    World& world = *worlds_.front();
    const bool has_link = give_link(world);
    add_peer("pasta", "8.20.40.1", has_link, [](const Closed& closed) {
      return std::vector<std::string>{"pasta", "--foreground", "--quiet", "--config-net", "--netns-only",
                                      "--mtu", "65520",        "--netns", closed.path()};
    });
    add_peer("slirp4netns", "10.0.2.2", true, [](const Closed& closed) {
      return std::vector<std::string>{"slirp4netns",       "--configure", "--mtu=65520",
                                      "--netns-type=path", closed.path(), "tap0"};
    });
    add_socat(world);
  }

  /// pasta copies the addresses of a link with a default route.
  static bool give_link(const World& world) {
    const pid_t pid = start({"sh", "-c",
                             "(ip link add ext0 type dummy || ip tuntap add ext0 mode tap) 2>/dev/null && ip addr add "
                             "8.20.40.2/24 dev ext0 && ip link set ext0 up && "
                             "ip route add default via 8.20.40.1"},
                            [&] { world.enter(World::Side::kHost); });
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status == 0;
  }

  static bool is_installed(const char* program) {
    std::istringstream path(::getenv("PATH") != nullptr ? ::getenv("PATH") : "/usr/bin:/bin");
    for (std::string directory; std::getline(path, directory, ':');)
      if (::access((directory + "/" + program).c_str(), X_OK) == 0) return true;
    return false;
  }

  template <class Words>
  void add_peer(const char* name, const char* address, bool possible, const Words& words) {
    Way way{name, address, {}, {}, {}};
    if (!is_installed(name))
      way.skipped = "not installed";
    else if (::access("/dev/net/tun", R_OK | W_OK) != 0)
      way.skipped = "/dev/net/tun cannot be opened";
    else if (!possible)
      way.skipped = "neither a dummy nor a tap link can be made";
    if (!way.skipped) {
      const Closed& closed = *closed_.emplace_back(std::make_unique<Closed>(*worlds_.front()));
      way.enter = [&closed] { closed.enter(); };
      way.processes = {ways_.front().processes.front(),
                       start_kept(words(closed), [this] { worlds_.front()->enter(World::Side::kHost); })};
      wait_for(way);
    }
    ways_.push_back(std::move(way));
  }

  void add_socat(const World& world) {
    Way way{"socat, socat", "127.0.0.1", {}, {}, {}};
    if (!is_installed("socat")) way.skipped = "not installed";
    if (!way.skipped) {
      const Closed& closed = *closed_.emplace_back(std::make_unique<Closed>(world));
      way.enter = [&closed] { closed.enter(); };
      const std::string place = fmt::format("/tmp/clawbox-bench-{}", ::getpid());
      const pid_t outside = start_kept(
          {"socat", "UNIX-LISTEN:" + place + ",fork,unlink-early", fmt::format("TCP:93.184.216.34:{}", kPort)},
          [&] { world.enter(World::Side::kHost); });
      const pid_t inside =
          start_kept({"socat", fmt::format("TCP-LISTEN:{},fork,reuseaddr", kPort), "UNIX-CONNECT:" + place},
                     [&] { closed.enter(); });
      way.processes = {ways_.front().processes.front(), outside, inside};
      wait_for(way);
    }
    ways_.push_back(std::move(way));
  }

  /// Until a first byte comes through.
  static void wait_for(Way& way) {
    for (int i = 0; i < 50; ++i) {
      if (measured(way, "first")) return;
      ::usleep(100'000);
    }
    way.skipped = "nothing comes through";
  }

  std::vector<std::unique_ptr<World>> worlds_;
  std::vector<std::unique_ptr<Closed>> closed_;
  std::vector<Way> ways_;
  std::vector<pid_t> processes_;
};

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
    const Ways ways(options);
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
