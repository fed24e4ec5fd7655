// How fast `clawbox log` searches: megabytes of trail for each second of CPU time, question by question. The trail is
// made up here, of as many records of each kind as a build leaves; what it finds is not printed.
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <functional>

#include "audit/hostile.h"
#include "audit/housekeeping.h"
#include "audit/query.h"
#include "audit/reader_trail.h"
#include "audit/trail.h"
#include "bench/table.h"
#include "sys/files.h"

namespace {

using namespace clawbox;

constexpr int kRareEvery = 5000;  // execs: one of what is searched for

struct Options {
  uint64_t megabytes = 256;
  int rounds = 5;
  bool compressed = false;
};

struct Question {
  std::string name;
  audit::Query query;
};

struct Result {
  uint64_t found = 0;
  double best = 0;  // megabytes a second
};

class Directory {
 public:
  Directory() {
    const char* const place = ::getenv("TMPDIR");
    path_ = std::string(place != nullptr ? place : "/var/tmp") + "/clawbox-log-search.XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) throw_errno("making a directory in {}", path_);
    fd = sys::open(path_, O_PATH | O_DIRECTORY);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  OwnedFd fd;

 private:
  std::string path_;
};

Json exec_of(int id) {
  const bool rare = id % kRareEvery == 0;
  Json record{{"id", id}, {"pid", 1000 + id}, {"pid_inside", 100 + id}, {"ppid", 1000}, {"uid", 1000}};
  record["call"] = "execve";
  record["path"] = rare ? "/usr/bin/git" : "/usr/lib/gcc/x86_64-linux-gnu/12/cc1";
  record["argv"] = rare ? Json{"git", "push", "origin", "main"}
                        : Json{"cc1",
                               "-quiet",
                               "-I",
                               "include",
                               "-D_GNU_SOURCE",
                               fmt::format("source-{}.c", id),
                               "-O2",
                               "-o",
                               fmt::format("/tmp/cc{:06x}.s", id)};
  record["env"] = 32;
  record["cwd"] = "/home/user/project/build";
  record["parent"] = 1;
  return record;
}

Json end_of(int id) {
  const int status = id % kRareEvery == 0 ? 1 : 0;
  return {{"id", id}, {"outcome", "exited"}, {"exit_status", status}, {"observed", "/usr/bin/cc1"}, {"wall_ms", 70}};
}

uint64_t write_trail(const OwnedFd& directory, uint64_t bytes) {
  uint64_t written = 0;
  audit::TrailOptions options{.rotate = 64 << 20};
  options.copy = [&](std::string_view line) { written += line.size() + 1; };
  audit::Trail trail(directory, "6a44e2d0-0badcafe", options);
  int id = 0;
  while (written < bytes) {
    ++id;
    trail.append("exec", exec_of(id));
    if (id % 20 == 0)
      trail.append("refused", {{"call", "mount"}, {"arguments", "NULL, \"/mnt\""}, {"exec", id}, {"errno", 1}});
    trail.append("exec.end", end_of(id));
  }
  trail.end({{"exit_status", 0}});
  return written;
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

uint64_t search(const OwnedFd& directory, const audit::Query& query) {
  uint64_t found = 0;
  for (const audit::SessionFiles& session : audit::sessions_in(directory)) {
    audit::TrailReader reader(directory, session);
    audit::Search search(query);
    while (const auto line = reader.next()) found += search.look_at(line->text).found.size();
  }
  return found;
}

Result measured(const OwnedFd& directory, const audit::Query& query, uint64_t bytes, int rounds) {
  Result result;
  for (int round = 0; round < rounds; ++round) {
    const double before = cpu_seconds();
    result.found = search(directory, query);
    result.best = std::max(result.best, static_cast<double>(bytes) / 1e6 / (cpu_seconds() - before));
  }
  return result;
}

std::vector<Question> questions() {
  std::vector<Question> all;
  all.push_back({"--program git", {.program = "git"}});
  all.push_back({"--argv 'push origin'", {.argv = audit::Pattern("push origin")}});
  all.push_back({"--argv 'git.*(origin|upstream)'", {.argv = audit::Pattern("git.*(origin|upstream)")}});
  all.push_back({"--argv '[x-z]{3}[0-9]$', no literal", {.argv = audit::Pattern("[x-z]{3}[0-9]$")}});
  all.push_back({"--status failed", {.status = audit::Status::kFailed}});
  all.push_back({"--event session", {.events = {"session"}}});
  all.push_back({"--since, after its end", {.since = "2999-01-01T00:00:00.000000Z"}});
  return all;
}

void run(const Options& options) {
  const Directory directory;
  const uint64_t bytes = write_trail(directory.fd, options.megabytes * 1'000'000);
  if (options.compressed) audit::tidy_up(directory.fd, std::chrono::system_clock::now(), {});
  for (const auto& [name, value] : bench::machine_facts()) fmt::print("{}: {}; ", name, value);
  fmt::print("{} MB{}, best of {} rounds\n\n| question | MB/s of a core | found |\n|---|---|---|\n", bytes / 1'000'000,
             options.compressed ? ", compressed" : "", options.rounds);
  for (const Question& question : questions()) {
    const Result result = measured(directory.fd, question.query, bytes, options.rounds);
    fmt::print("| `{}` | {:.0f} | {} |\n", question.name, result.best, result.found);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  Options options;
  CLI::App app("How fast trails are searched");
  app.add_option("--megabytes", options.megabytes, "size of the trail");
  app.add_option("--rounds", options.rounds, "of each question; the best counts");
  app.add_flag("--compressed", options.compressed, "compress the segments first");
  CLI11_PARSE(app, argc, argv);
  run(options);
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "log_search: {}\n", error.what());
  return 1;
}
