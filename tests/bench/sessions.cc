// Commands in a lasting session against a plain spawn and the peers; then what many idle sessions cost and leave.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "bench/paired.h"
#include "bench/table.h"
#include "support/temp_dir.h"

namespace fs = std::filesystem;

namespace clawbox::bench {
namespace {

struct Options {
  Rounds rounds;
  unsigned sessions = 100;
  std::string clawbox, program;
};

/// Not bench::output_of: it waits for everything that is left running, and a session is.
std::string said_by(const std::vector<std::string>& argv) {
  std::string words;
  for (const std::string& word : argv) words += shell_quoted(word) + " ";
  FILE* pipe = ::popen((words + "2>&1").c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("popen");
  std::string text;
  char buffer[4096];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, got);
  if (::pclose(pipe) != 0) throw std::runtime_error(words + ": " + text);
  return text;
}

/// A container of crun's that sleeps, with the host's files: nothing of its start is measured.
class CrunContainer {
 public:
  explicit CrunContainer(const std::string& directory) : state_(directory + "/crun") {
    if (::access("/usr/bin/crun", X_OK) != 0) {
      why_not_ = "crun is not installed";
      return;
    }
    const std::string bundle = directory + "/bundle";
    test::make_directory(bundle + "/rootfs");
    fs::current_path(bundle);
    const bool root = ::geteuid() == 0;
    said_by(root ? std::vector<std::string>{"/usr/bin/crun", "spec"}
                 : std::vector<std::string>{"/usr/bin/crun", "spec", "--rootless"});
    std::ifstream file("config.json");
    Json config = Json::parse(file);
    config["process"]["terminal"] = false;
    config["process"]["args"] = {"/bin/sleep", "100000"};
    config["linux"].erase("resources");
    for (const char* place : {"usr", "bin", "lib", "lib64"})
      config["mounts"].push_back({{"destination", fmt::format("/{}", place)},
                                  {"type", "bind"},
                                  {"source", fmt::format("/{}", place)},
                                  {"options", {"rbind", "ro"}}});
    std::ofstream("config.json") << config.dump();
    try {
      said_by(words({"run", "--detach", "clawbox-bench"}));
    } catch (const std::runtime_error& error) {
      why_not_ = std::string(error.what()).substr(0, std::string(error.what()).find('\n'));
    }
  }
  ~CrunContainer() {
    if (!why_not_) said_by(words({"delete", "--force", "clawbox-bench"}));
  }
  Contender contender(const std::string& program) const {
    return {"crun exec", words({"exec", "clawbox-bench", program}), why_not_};
  }

 private:
  std::vector<std::string> words(std::vector<std::string> more) const {
    more.insert(more.begin(), {"/usr/bin/crun", "--root", state_, "--cgroup-manager=disabled"});
    return more;
  }
  std::string state_;
  std::optional<std::string> why_not_;
};

void compare_execs(const Options& options, const std::string& directory) {
  said_by({options.clawbox, "create", "--quiet", "--name", "bench"});
  const CrunContainer crun(directory);
  const std::vector<Contender> contenders{
      {"spawn", {"/bin/true"}, {}},
      {"clawbox exec", {options.clawbox, "exec", "bench", "--", "/bin/true"}, {}},
      {"clawbox run", {options.clawbox, "run", "--quiet", "--", "/bin/true"}, {}},
      crun.contender("/bin/true"),
  };
  const Comparison comparison = compare(contenders, options.rounds, "spawn");
  fmt::print("{}\n", markdown(comparison, machine_facts()));
  said_by({options.clawbox, "rm", "--force", "bench"});
}

uint64_t private_kib(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid));
  uint64_t sum = 0;
  for (std::string word; file >> word;)
    if (uint64_t number = 0; word == "Private_Dirty:" && file >> number) sum += number;
  return sum;
}

uint64_t private_kib_of(const std::string& clawbox, const std::string& id) {
  const Json session = Json::parse(said_by({clawbox, "inspect", id}));
  const auto supervisor = session.at("supervisor").get<pid_t>();
  uint64_t sum = private_kib(supervisor);
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", supervisor));
  for (pid_t child = 0; children >> child;) sum += private_kib(child);
  return sum;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

std::size_t files_below(const std::string& directory) {
  return static_cast<std::size_t>(std::distance(fs::recursive_directory_iterator(directory), {}));
}

std::size_t mounts() {
  std::ifstream file("/proc/self/mountinfo");
  return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
}

uint64_t kernel_kib() {
  std::ifstream file("/proc/meminfo");
  uint64_t sum = 0, number = 0;
  for (std::string word; file >> word;)
    if ((word == "Slab:" || word == "KernelStack:" || word == "PageTables:" || word == "Percpu:") && file >> number)
      sum += number;
  return sum;
}

void measure_crowd(const Options& options, const std::string& runtime) {
  const std::size_t mounts_before = mounts(), files_before = files_below(runtime);
  const uint64_t kernel_before = kernel_kib();
  std::vector<std::string> ids;
  std::vector<double> creates, memory;
  for (unsigned i = 0; i < options.sessions; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    std::string id = said_by({options.clawbox, "create", "--quiet"});
    creates.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    ids.push_back(id.substr(0, id.size() - 1));
    said_by({options.clawbox, "exec", ids.back(), "--", "/bin/true"});
  }
  for (const std::string& id : ids) memory.push_back(static_cast<double>(private_kib_of(options.clawbox, id)));
  const uint64_t kernel = kernel_kib();
  said_by({options.clawbox, "rm", "--all", "--force"});
  const std::size_t part = std::max<std::size_t>(creates.size() / 10, 1);
  const auto first = creates.begin(), last = creates.end();
  fmt::print("{} sessions, each created and used once:\n", ids.size());
  fmt::print("- create, median of the first tenth {:.1f} ms, of the last {:.1f} ms\n",
             median({first, first + static_cast<std::ptrdiff_t>(part)}),
             median({last - static_cast<std::ptrdiff_t>(part), last}));
  fmt::print("- private memory of an idle one, supervisor and pid 1, median {:.0f} KiB\n", median(memory));
  fmt::print("- of the kernel for each (slab, stacks, page tables, per-cpu), about {:.0f} KiB\n",
             static_cast<double>(kernel - std::min(kernel, kernel_before)) / static_cast<double>(ids.size()));
  fmt::print("- left afterwards: {} mounts, {} files of running sessions\n", mounts() - mounts_before,
             files_below(runtime) - files_before);
}

int sessions(int argc, char** argv) {
  Options options;
  CLI::App app("Commands in lasting sessions, paired; and many sessions at once");
  app.add_option("--rounds", options.rounds.measured, "measured rounds, after 5 to warm up");
  app.add_option("--sessions", options.sessions, "how many live at once");
  app.add_option("--clawbox", options.clawbox, "the program to measure")->envname("CLAWBOX_BIN")->required();
  CLI11_PARSE(app, argc, argv);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&blocked, signal);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);  // for bench::compare
  const test::TempDir directory(fs::temp_directory_path());
  for (const char* name : {"STATE_HOME", "CACHE_HOME", "CONFIG_HOME", "RUNTIME_DIR"})
    ::setenv((std::string("XDG_") + name).c_str(), test::make_directory(directory / name).c_str(), 1);
  fs::permissions(directory / "RUNTIME_DIR", fs::perms::owner_all);
  fs::current_path(test::make_directory(directory / "workspace"));
  compare_execs(options, directory / "");
  fs::current_path(directory / "workspace");
  measure_crowd(options, test::make_directory(directory / "RUNTIME_DIR/clawbox"));
  return 0;
}

}  // namespace
}  // namespace clawbox::bench

int main(int argc, char** argv) try {
  return clawbox::bench::sessions(argc, argv);
} catch (const std::exception& error) {
  fmt::print(stderr, "sessions: {}\n", error.what());
  return 1;
}
