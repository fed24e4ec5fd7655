#include "support/environment.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "base/json.h"

namespace clawbox::test {
namespace {

std::string required(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: run the tests through meson");
  return value;
}

}  // namespace

std::string clawbox_binary() { return required("CLAWBOX_BIN"); }

std::string probe_binary(const std::string& name) { return required("CLAWBOX_TEST_PROBES") + "/" + name; }

std::optional<std::string> find_browser() {
  for (const char* name :
       {"chromium-headless-shell", "chromium", "chromium-browser", "headless_shell", "google-chrome"})
    if (auto found = find_program(name)) return found;
  return std::nullopt;
}

Environment::Environment()
    : home_(make_directory(directory_ / "home")), workspace_(make_directory(directory_ / "home/workspace")) {
  for (const char* name : {"PATH", "LANG", "LC_ALL", "TERM", "ASAN_OPTIONS", "UBSAN_OPTIONS"})
    if (const char* value = std::getenv(name); value != nullptr) set(name, value);
  set("HOME", home_);
  set("XDG_CONFIG_HOME", make_directory(directory_ / "config"));
  set("XDG_STATE_HOME", make_directory(directory_ / "state"));
  set("XDG_CACHE_HOME", make_directory(directory_ / "cache"));
  set("XDG_RUNTIME_DIR", make_directory(directory_ / "runtime"));
  ::chmod((directory_ / "runtime").c_str(), 0700);
  write_file(state() + "/clawbox/audit/.tidied", "");  // else the first run tidies in the background, while we clean up
}

void Environment::set(const std::string& name, const std::string& value) {
  std::erase_if(variables_, [&](const std::string& one) { return one.starts_with(name + "="); });
  variables_.push_back(name + "=" + value);
}

std::string Environment::add_profile(const std::string& name, const std::string& toml) const {
  return write_file(directory_ / ("config/clawbox/profiles/" + name + ".toml"), toml);
}

std::string Environment::add_probe(const std::string& name) const {
  const std::string path = workspace_ + "/" + name;
  std::filesystem::copy_file(probe_binary(name), path, std::filesystem::copy_options::overwrite_existing);
  return path;
}

Command Environment::clawbox(std::vector<std::string> words) const {
  words.insert(words.begin(), clawbox_binary());
  return {.argv = std::move(words), .environment = variables_, .directory = workspace_};
}

Command Environment::inside(const std::string& profile, std::vector<std::string> words) const {
  words.insert(words.begin(), {"run", "--profile", profile, "--"});
  return clawbox(std::move(words));
}

Command Environment::outside(std::vector<std::string> words) const {
  return {.argv = std::move(words), .environment = variables_, .directory = workspace_};
}

std::optional<std::string> lacking(const Environment& environment, const std::vector<std::string>& probes) {
  const Json answers = Json::parse(run(environment.clawbox({"doctor", "--json"})).out);
  for (const Json& probe : answers.at("probes")) {
    const auto name = probe.at("name").get<std::string>();
    if (std::find(probes.begin(), probes.end(), name) != probes.end() && probe.at("works") == false)
      return "kernel: " + name + ": " + probe.at("found").get<std::string>();
  }
  return std::nullopt;
}

}  // namespace clawbox::test
