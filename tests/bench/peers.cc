#include "bench/peers.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <sstream>

namespace clawbox::bench {
namespace {

std::optional<std::string> found_on_path(const std::string& name) {
  const char* path = ::getenv("PATH");
  std::istringstream directories(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string directory; std::getline(directories, directory, ':');)
    if (const std::string file = fmt::format("{}/{}", directory, name); ::access(file.c_str(), X_OK) == 0) return file;
  return std::nullopt;
}

std::vector<std::string> operator+(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Contender contender(const std::string& name, const std::string& program, const std::vector<std::string>& words) {
  const std::optional<std::string> file = program.starts_with('/') ? program : found_on_path(program);
  if (!file) return {name, {program}, program + " is not on PATH"};
  if (::access(file->c_str(), X_OK) != 0)
    return {name, {program}, fmt::format("{} cannot be executed by uid {}", *file, ::getuid())};
  return {name, std::vector{*file} + words, std::nullopt};
}

Contender clawbox_contender(const Ours& ours, const Place& place) {
  if (ours.clawbox.empty()) return {"clawbox", {}, "no --clawbox PATH, and CLAWBOX_BIN is not set"};
  return contender("clawbox", ours.clawbox, {"run", "--quiet", "--profile", ours.profile, "--", place.program});
}

}  // namespace

SeenBy what_clawbox_shows(const Ours& ours, const Place& place) {
  SeenBy usual{usual_view(place.workspace), "a list in view.cc"};
  if (clawbox_contender(ours, place).skipped) return usual;
  const Said said = output_of({ours.clawbox, "explain", "--json", "--profile", ours.profile, "--", place.program});
  const Json explained = Json::parse(said.text, nullptr, false);
  if (said.status != 0 || explained.is_discarded()) return usual;
  return {view_of(explained, place.made), "clawbox explain --profile " + ours.profile};
}

// crun keeps a lock and a state file per container below --root; each run removes its own.
std::vector<Contender> all_contenders(const Ours& ours, const Place& place, const View& view) {
  const std::vector<std::string> bare{"--", place.program};
  write_bundle(view, {place.program}, place.bundle);
  return {
      {"plain spawn", {place.program}, std::nullopt},
      contender("unshare", "unshare", std::vector<std::string>{"-Urmpnf"} + bare),
      clawbox_contender(ours, place),
      contender("bwrap", "bwrap",
                std::vector<std::string>{"--unshare-all", "--die-with-parent"} + bwrap_words(view) + bare),
      contender(
          "crun", "crun",
          {"--root", place.base + "/crun", "--cgroup-manager=disabled", "run", "--bundle", place.bundle, "bench"}),
      contender("firejail-noprofile", "firejail", std::vector<std::string>{"--quiet", "--noprofile"} + bare),
      contender("firejail-default", "firejail",
                std::vector<std::string>{"--quiet", "--profile=/etc/firejail/default.profile"} + bare),
  };
}

}  // namespace clawbox::bench
