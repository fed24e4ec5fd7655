// A command in a lasting session against a plain spawn, both from a process that lives: what the session adds, without
// the start of a client.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "session/directories.h"
#include "session/exec_client.h"
#include "session/sessions.h"

namespace clawbox::bench {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

double milliseconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return Milliseconds(std::chrono::steady_clock::now() - begin).count();
}

void spawn(const std::string& program) {
  std::vector<char> name(program.begin(), program.end());
  name.push_back('\0');
  char* argv[] = {name.data(), nullptr};
  pid_t pid = 0;
  int status = 0;
  if (::posix_spawn(&pid, argv[0], nullptr, nullptr, argv, environ) != 0 || ::waitpid(pid, &status, 0) != pid ||
      status != 0)
    throw std::runtime_error("the spawn of " + program + " failed");
}

void exec(const session::Sessions& sessions, const std::string& name, const std::string& program) {
  session::ExecWish wish;
  wish.command.argv = {program};
  wish.input = session::ExecWish::Input::kNone;
  const session::Listed session = sessions.found(name, session::Look::kAtFacts);
  const session::ExecEnd end = session::execute(sessions.connect(session), wish, [](const std::string&) {});
  if (end.exit_status != 0) throw std::runtime_error("the exec failed: " + end.detail);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

int compare(int argc, char** argv) {
  unsigned rounds = 500;
  std::string session, program = "/bin/true";
  CLI::App app("A command over a session's socket, paired with a plain spawn");
  app.add_option("--rounds", rounds, "measured rounds, after 20 to warm up");
  app.add_option("--program", program, "the command");
  app.add_option("SESSION", session, "a session that lives")->required();
  CLI11_PARSE(app, argc, argv);
  const session::Sessions sessions(session::directories_of_caller());
  std::vector<double> plain, inside, ratios;
  for (unsigned round = 0; round < rounds + 20; ++round) {
    double one = 0, other = 0;
    const auto run_inside = [&] { other = milliseconds_of([&] { exec(sessions, session, program); }); };
    if (round % 2 == 1) run_inside();
    one = milliseconds_of([&] { spawn(program); });
    if (round % 2 == 0) run_inside();
    if (round < 20) continue;
    plain.push_back(one);
    inside.push_back(other);
    ratios.push_back(other / one);
  }
  fmt::print("| | median ms | ratio |\n|---|---|---|\n");
  fmt::print("| spawn | {:.3f} | 1.00 |\n", median(plain));
  fmt::print("| exec over the socket | {:.3f} | {:.2f} |\n", median(inside), median(ratios));
  return 0;
}

}  // namespace
}  // namespace clawbox::bench

int main(int argc, char** argv) try {
  return clawbox::bench::compare(argc, argv);
} catch (const std::exception& error) {
  fmt::print(stderr, "socket_exec: {}\n", error.what());
  return 1;
}
