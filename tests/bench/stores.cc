// What each way of capping disk costs against the bare directory, paired: a C build, and many small files.
//
// Not a test: it judges nothing. Each run is this program again (`--inside`), which opens a fresh store, enters it as a
// session does, works there and takes it apart; so the start and the end of a store are in the figures, and the CPU
// time of its server. "bare" is the host's directory in the same namespaces. See README.md for how to read the table.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "base/error.h"
#include "bench/paired.h"
#include "bench/table.h"
#include "bench/workload.h"
#include "store/store.h"
#include "support/temp_dir.h"
#include "sys/files.h"
#include "sys/mounts.h"
#include "unit/store/session.h"

namespace clawbox::bench {
namespace {

namespace fs = std::filesystem;

constexpr store::Caps kCaps{uint64_t{1} << 30, 100000};

struct Options {
  Rounds rounds{.measured = 12, .warm_up = 1};
  unsigned sources = 24, files = 2000;
  std::string inside, script;  // --inside BACKING --script TEXT: one run
  std::string input;
  bool json = false;
};

/// The host's directory as it is: what the others are compared with.
class BareStore : public store::Store {
 public:
  explicit BareStore(std::string directory) : directory_(std::move(directory)) {}
  store::Backing backing() const override { return store::Backing::kWatch; }
  Mounted mount() const override {  // opened in the child: only what its own mount namespace shows can be copied
    return {sys::clone_tree(sys::open(directory_, O_PATH | O_CLOEXEC)), OwnedFd()};
  }
  void serve(OwnedFd, OwnedFd) override {}

 private:
  std::string directory_;
};

std::unique_ptr<store::Store> store_named(const std::string& name, const std::string& directory) {
  if (name == "bare") return std::make_unique<BareStore>(directory);
  for (const store::Backing backing : store::kBackings)
    if (name == store::name_of(backing)) return store::open(backing, test::wish_for(directory, kCaps, backing));
  throw std::runtime_error("no backing " + name);
}

std::optional<std::string> skipped(const std::string& name, const std::string& directory) {
  for (const store::Backing backing : store::kBackings)
    if (name == store::name_of(backing))
      if (std::string why = store::why_not(backing, directory, kCaps); !why.empty()) return why;
  return std::nullopt;
}

std::string run_script(const Options& options) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setenv("IN", options.input.c_str(), 1);
    ::execl("/bin/sh", "sh", "-ec", options.script.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return std::to_string(status);
}

int one_run(const Options& options) {
  const test::TempDir backing(options.input);
  const auto store = store_named(options.inside, backing.path());
  const std::string said = test::inside_store(*store, [&options] { return run_script(options); });
  if (said != "0") fmt::print(stderr, "{}\n", said);
  return said == "0" ? 0 : 1;
}

struct Work {
  std::string name, script;
};

/// Written once, on the host; each run copies it into its store.
std::vector<Work> write_work(const Options& options, const std::string& input) {
  write_build(input + "/build", options.sources);
  for (unsigned i = 0; i < options.files; ++i)
    test::write_file(fmt::format("{}/tree/{}/file{}", input, i % 50, i), std::string(200 + i * 37 % 4000, 'x'));
  static_cast<void>(output_of({"/bin/tar", "-C", input, "-cf", input + "/tree.tar", "tree"}));
  return {{"C build", "cp -r $IN/build . && cd build && mkdir out && make -s -j2"},
          {"small files",
           "tar xf $IN/tree.tar && find tree -ls >/dev/null && cp -r tree copy && ! grep -rq needle copy "
           "&& rm -rf tree copy"}};
}

void measure(const Options& options, const Work& work, const std::string& input) {
  const std::string self = fs::read_symlink("/proc/self/exe");
  std::vector<Contender> contenders;
  const auto contend = [&](const std::string& name) {
    contenders.push_back(
        {name, {self, "--inside", name, "--script", work.script, "--input", input}, skipped(name, input)});
  };
  contend("bare");
  for (const store::Backing backing : store::kBackings) contend(store::name_of(backing));
  Facts facts = machine_facts();
  const Comparison comparison = compare(contenders, options.rounds, "bare");
  facts.emplace_back("load at the end", machine_facts().back().second);
  facts.emplace_back("uid", std::to_string(::getuid()));
  facts.emplace_back("rounds", std::to_string(options.rounds.measured));
  facts.emplace_back("work", work.name);
  fmt::print("{}\n", options.json ? json_of(comparison, facts).dump() : markdown(comparison, facts));
  if (std::fflush(stdout) != 0) throw_errno("writing the table");
}

int stores(int argc, char** argv) {
  Options options;
  CLI::App app("What capped stores cost against the bare directory, paired");
  app.add_option("--rounds", options.rounds.measured, "measured rounds")->check(CLI::Range(1, 100000));
  app.add_option("--sources", options.sources, "C files of the build; 0 leaves it out");
  app.add_option("--files", options.files, "small files; 0 leaves them out");
  app.add_option("--inside", options.inside, "one run, in this backing")->group("");
  app.add_option("--script", options.script, "what runs there")->group("");
  app.add_option("--input", options.input, "where its files are")->group("");
  app.add_flag("--json", options.json, "one line of JSON per table");
  CLI11_PARSE(app, argc, argv);
  if (!options.inside.empty()) return one_run(options);
  sigset_t blocked;  // paired.h looks at them between two runs
  ::sigemptyset(&blocked);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&blocked, signal);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  const test::TempDir directory;
  const std::vector<Work> works = write_work(options, directory.path());
  if (options.sources > 0) measure(options, works[0], directory.path());
  if (options.files > 0) measure(options, works[1], directory.path());
  return 0;
}

}  // namespace
}  // namespace clawbox::bench

int main(int argc, char** argv) try { return clawbox::bench::stores(argc, argv); } catch (const std::exception& error) {
  fmt::print(stderr, "stores: {}\n", error.what());
  return 1;
}
