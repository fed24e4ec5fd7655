// Random workspaces with random upper layers over them, against a reading of overlayfs that knows nothing of ours.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <random>

#include "review/apply.h"
#include "support/catch.h"
#include "world.h"

using namespace clawbox::test;
using clawbox::review::Applied;
using clawbox::review::Wish;
namespace fs = std::filesystem;

namespace {

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  int below(int most) { return std::uniform_int_distribution<int>(0, most - 1)(random_); }

  void fill_host(const fs::path& directory, int depth) {
    for (const char* name : kNames) {
      const fs::path path = directory / name;
      if (below(3) == 0) continue;
      if (depth > 0 && below(3) == 0) {
        fs::create_directory(path);
        fill_host(path, depth - 1);
      } else if (below(6) == 0) {
        fs::create_symlink("target" + std::to_string(below(2)), path);
      } else {
        write_file(path, content(), below(4) == 0 ? 0755 : 0644);
      }
    }
  }

  void fill_upper(const World& world, const std::string& directory, int depth) {
    for (const char* name : kNames) {
      const std::string path = directory + name;
      const int kind = below(10);
      if (kind < 3) continue;
      if (kind == 3) {
        world.white_out(path);
      } else if (kind < 7 && depth > 0) {
        if (below(3) == 0) world.make_opaque(path);
        fs::create_directories(world.in_upper(path));
        fill_upper(world, path + "/", depth - 1);
        if (below(5) == 0) ::chmod(world.in_upper(path).c_str(), 0700);
      } else if (kind == 7) {
        fs::create_symlink("target" + std::to_string(below(2)), world.in_upper(path));
      } else {
        world.write(path, content(), below(4) == 0 ? 0755 : 0644);
      }
    }
  }

  std::string some_path() {
    std::string path = kNames[static_cast<std::size_t>(below(4))];
    while (below(2) == 0) path += std::string("/") + kNames[static_cast<std::size_t>(below(4))];
    return path;
  }

 private:
  std::string content() { return std::string(static_cast<std::size_t>(1 + below(3)), 'x') + "\n"; }

  static constexpr std::array<const char*, 4> kNames = {"a", "b", "c", "d"};
  std::mt19937 random_;
};

bool names_a_change(const World& world, const std::string& path) {
  const auto layers = world.layers();
  const auto changes = clawbox::review::survey(layers, is_risky).all;
  return std::any_of(changes.begin(), changes.end(),
                     [&](const auto& change) { return clawbox::review::is_at_or_below(change.path, path); });
}

bool is_kept(const World& world) { return fs::exists(world.in_upper("")); }

}  // namespace

TEST_CASE("whatever a session did, applying parts of it changes nothing of its view, and all of it is that view") {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    const World world;
    Maker maker(seed);
    maker.fill_host(world.workspace(), 2);
    world.begin_session();
    maker.fill_upper(world, "", 2);
    const auto view = merged(world);
    INFO("seed " << seed);
    for (int part = 0; part < 4 && is_kept(world); ++part) {
      const std::string path = maker.some_path();
      if (!names_a_change(world, path)) continue;
      INFO("path " << path);
      const Applied applied = world.apply({.paths = {path}});
      REQUIRE(applied.conflicts.empty());
      if (is_kept(world)) REQUIRE(merged(world) == view);
    }
    if (is_kept(world)) world.apply({.risky = Wish::Risky::kIncluded});
    REQUIRE((is_kept(world) ? world.changes() : std::vector<std::string>()) == std::vector<std::string>());
    REQUIRE(world.contents() == view);
    REQUIRE(fs::is_empty(world.overlays()));
  }
}

TEST_CASE("whatever a session did, discarding a path shows the host's there, and elsewhere what it did") {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    const World world;
    Maker maker(seed);
    maker.fill_host(world.workspace(), 2);
    world.begin_session();
    maker.fill_upper(world, "", 2);
    const std::string path = maker.some_path();
    if (!names_a_change(world, path)) continue;
    const auto host = world.contents(), before = merged(world);
    INFO("seed " << seed << ", path " << path);
    const bool whole = world.discard({path}).left.empty();
    REQUIRE(world.contents() == host);
    if (!whole || !is_kept(world)) continue;
    const auto after = merged(world);
    const auto value = [](const auto& view, const std::string& name) {
      const auto found = view.find(name);
      return found == view.end() ? std::string() : found->second;
    };
    std::map<std::string, std::string> all = host;
    all.insert(before.begin(), before.end());
    for (const auto& [name, what] : all) {
      INFO("name " << name);
      if (clawbox::review::is_at_or_below(path, name) && path != name) continue;  // a directory above it
      if (clawbox::review::is_at_or_below(name, path))
        REQUIRE(value(after, name) == value(host, name));
      else
        REQUIRE(value(after, name) == value(before, name));
    }
  }
}
