// A user with lasting sessions, which end with the test.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "support/catch.h"
#include "support/environment.h"
#include "support/run.h"

namespace clawbox::test {

struct World : Environment {
  ~World() { CHECK(run(clawbox({"rm", "--all", "--force"})).status == 0); }

  Finished call(std::vector<std::string> words, const std::string& input = "") const {
    Command command = clawbox(std::move(words));
    command.input = input;
    return run(command);
  }
  std::string create(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"create", "--quiet", "--name", "work"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = call(words);
    INFO(finished.err);
    REQUIRE(finished.status == 0);
    return finished.out.substr(0, finished.out.size() - 1);
  }
  Finished exec(std::vector<std::string> command, std::vector<std::string> options = {},
                const std::string& input = "") const {
    return call(words_of(std::move(command), std::move(options)), input);
  }
  Running start(std::vector<std::string> command, std::vector<std::string> options = {}) const {
    return Running(clawbox(words_of(std::move(command), std::move(options))));
  }
  std::string shell(const std::string& script) const { return exec({"sh", "-c", script}).out; }
  Json inspect() const { return Json::parse(call({"inspect", "work"}).out); }
  /// Of the first command that runs. What that prints comes by itself, so it may be read before its pid is known.
  pid_t command_pid() const {
    for (;; ::usleep(10'000))
      if (const Json pid = inspect().at("commands").at(0).at("pid"); pid.is_number()) return pid.get<pid_t>();
  }

 private:
  static std::vector<std::string> words_of(std::vector<std::string> command, std::vector<std::string> options) {
    std::vector<std::string> words{"exec"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"work", "--"});
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }
};

inline bool becomes_true(const std::function<bool()>& condition) {
  for (int tries = 0; tries < 500; ++tries) {
    if (condition()) return true;
    ::usleep(20'000);
  }
  return false;
}

inline std::size_t files_in(const std::string& directory) {
  std::error_code missing;
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory, missing), {}));
}

}  // namespace clawbox::test
