#include "bench/egress_ways.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/error.h"
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

}  // namespace

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

class Ways::All {
 public:
  explicit All(const std::vector<std::string>& only) {
    add_ours();
    add_peers();
    if (only.empty()) return;
    std::erase_if(ways_, [&](const Way& way) {
      return way.name != "direct" && std::find(only.begin(), only.end(), way.name) == only.end();
    });
  }
  ~All() {
    for (const pid_t pid : processes_) ::kill(pid, SIGKILL), ::waitpid(pid, nullptr, 0);
  }
  const std::vector<Way>& ways() const { return ways_; }

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

Ways::Ways(const std::vector<std::string>& only) : all_(std::make_unique<All>(only)) {}
Ways::~Ways() = default;
const std::vector<Way>& Ways::all() const { return all_->ways(); }

}  // namespace clawbox::bench
