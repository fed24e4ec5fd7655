#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "plan/protect.h"
#include "support/catch.h"
#include "support/temp_dir.h"

using namespace clawbox;
using namespace clawbox::plan;
using clawbox::test::make_directory;
using clawbox::test::TempDir;
using clawbox::test::write_file;
using Role = ProtectedPath::Role;
using What = ProtectedChange::What;

namespace {

const std::vector<std::string> kPatterns{".git/hooks", ".git/config",       ".vscode",
                                         ".mcp.json",  ".github/workflows", "ci-*.yml"};

std::optional<Role> role_of(const ProtectedState& state, const std::string& path) {
  for (const ProtectedPath& one : state.paths)
    if (one.path == path) return one.role;
  return std::nullopt;
}

std::string pattern_of(const ProtectedState& state, const std::string& path) {
  for (const ProtectedPath& one : state.paths)
    if (one.path == path) return one.pattern;
  return "none";
}

void make_repository(const std::string& path) {
  write_file(path + "/.git/config", "[core]\n");
  write_file(path + "/.git/HEAD", "ref: refs/heads/main\n");
  make_directory(path + "/.git/objects/ab");
  make_directory(path + "/.git/hooks");
}

std::vector<std::string> told(const std::vector<ProtectedChange>& changes, What what) {
  std::vector<std::string> paths;
  for (const ProtectedChange& change : changes)
    if (change.what == what) paths.push_back(change.path);
  return paths;
}

}  // namespace

TEST_CASE("protected files at the top are found, and the way to them") {
  const TempDir dir;
  make_repository(dir.path());
  write_file(dir / ".github/workflows/test.yml", "");
  write_file(dir / "README", "");
  const ProtectedState state = snapshot(dir.path(), kPatterns);
  CHECK(role_of(state, ".git") == Role::kWay);
  CHECK(role_of(state, ".git/hooks") == Role::kNamed);
  CHECK(role_of(state, ".git/config") == Role::kNamed);
  CHECK(role_of(state, ".github") == Role::kWay);
  CHECK(role_of(state, ".github/workflows/test.yml") == Role::kInside);
  CHECK(!role_of(state, "README"));
}

TEST_CASE("each protected file tells the pattern that named it, as it was given") {
  const TempDir dir;
  make_repository(dir / "nested");
  write_file(dir / ".MCP.json", "");
  const ProtectedState state = snapshot(dir.path(), {".vscode", ".git/config", ".mcp.JSON"});
  CHECK(pattern_of(state, "nested/.git/config") == ".git/config");
  CHECK(pattern_of(state, "nested/.git") == ".git/config");
  CHECK(pattern_of(state, ".MCP.json") == ".mcp.JSON");
}

TEST_CASE("nested repositories have the same protected files") {
  const TempDir dir;
  make_repository(dir / "third/party");
  write_file(dir / "third/party/.vscode/tasks.json", "");
  const ProtectedState state = snapshot(dir.path(), kPatterns);
  CHECK(role_of(state, "third/party/.git/hooks") == Role::kNamed);
  CHECK(role_of(state, "third/party/.vscode") == Role::kNamed);
}

TEST_CASE("a directory that is no repository has no protected files of its own") {
  const TempDir dir;
  write_file(dir / "docs/.vscode/tasks.json", "");
  CHECK(!role_of(snapshot(dir.path(), kPatterns), "docs/.vscode"));
}

TEST_CASE("look-alike names of .git are found") {
  const TempDir dir;
  for (const char* name : {".GIT", "git~1", ".g\xE2\x80\x8Cit", ".git "})
    make_directory(dir / (std::string(name) + "/hooks"));
  const ProtectedState state = snapshot(dir.path(), kPatterns);
  for (const char* name : {".GIT", "git~1", ".g\xE2\x80\x8Cit", ".git "}) {
    CHECK(role_of(state, name) == Role::kWay);
    CHECK(role_of(state, std::string(name) + "/hooks") == Role::kNamed);
  }
}

TEST_CASE("a name that is only similar to .git is none") {
  CHECK(folded_name(".gitignore") == ".gitignore");
  CHECK(folded_name("agit~1") == "agit~1");
  CHECK(folded_name("..") == "..");
  CHECK(folded_name(".GiT") == ".git");
}

TEST_CASE("a .git that is a file is protected itself") {
  const TempDir dir;
  write_file(dir / "sub/.git", "gitdir: ../.git/modules/sub\n");
  CHECK(role_of(snapshot(dir.path(), kPatterns), "sub/.git") == Role::kNamed);
}

TEST_CASE("git directories of submodules and bare repositories are found by what they hold") {
  const TempDir dir;
  make_repository(dir.path());
  write_file(dir / ".git/modules/lib/HEAD", "");
  make_directory(dir / ".git/modules/lib/objects");
  make_directory(dir / ".git/modules/lib/hooks");
  const ProtectedState state = snapshot(dir.path(), kPatterns);
  CHECK(role_of(state, ".git/modules/lib/hooks") == Role::kNamed);
}

TEST_CASE("a pattern with a star matches names") {
  const TempDir dir;
  write_file(dir / "ci-linux.yml", "");
  CHECK(role_of(snapshot(dir.path(), kPatterns), "ci-linux.yml") == Role::kNamed);
}

TEST_CASE("the walk does not follow links out of the workspace") {
  const TempDir dir, outside;
  make_repository(outside / "repo");
  std::filesystem::create_directory_symlink(outside / "repo", dir / "link");
  std::filesystem::create_directory_symlink(outside / "repo/.git", dir / ".git");
  const ProtectedState state = snapshot(dir.path(), kPatterns);
  CHECK(!role_of(state, "link/.git"));
  CHECK(!role_of(state, ".git/hooks"));
  REQUIRE(role_of(state, ".git"));
  CHECK(state.paths[0].kind == ProtectedPath::Kind::kSymlink);
}

TEST_CASE("a walk that stops for depth says so, and a shallow one does not") {
  const TempDir dir;
  make_directory(dir / "a/b/c");
  CHECK(snapshot(dir.path(), kPatterns).walk == ProtectedState::Walk::kWhole);
  make_directory(dir / "a/b/c/d/e/f/g/h");
  CHECK(snapshot(dir.path(), kPatterns).walk == ProtectedState::Walk::kCutShort);
}

TEST_CASE("a workspace that is gone is an error with its name") {
  CHECK_THROWS_AS(snapshot("/nonexistent/workspace", kPatterns), SysError);
}

TEST_CASE("nothing changed means nothing to tell") {
  const TempDir dir;
  make_repository(dir.path());
  const ProtectedState before = snapshot(dir.path(), kPatterns);
  write_file(dir / "main.c", "int main;");
  write_file(dir / ".git/index", "x");
  CHECK(changes(before, snapshot(dir.path(), kPatterns)).empty());
}

TEST_CASE("protected files that appear, change and go are told") {
  const TempDir dir;
  make_repository(dir.path());
  write_file(dir / ".mcp.json", "{}");
  const ProtectedState before = snapshot(dir.path(), kPatterns);
  write_file(dir / ".git/hooks/pre-commit", "#!/bin/sh\n");
  write_file(dir / ".git/config", "[core]\nfsmonitor = x\n");
  ::unlink((dir / ".mcp.json").c_str());
  const auto found = changes(before, snapshot(dir.path(), kPatterns));
  CHECK(told(found, What::kAdded) == std::vector<std::string>{".git/hooks/pre-commit"});
  CHECK(told(found, What::kChanged) == std::vector<std::string>{".git/config"});
  CHECK(told(found, What::kRemoved) == std::vector<std::string>{".mcp.json"});
}

TEST_CASE("a new directory is told once and a new repository with its hooks") {
  const TempDir dir;
  const ProtectedState before = snapshot(dir.path(), kPatterns);
  write_file(dir / ".vscode/tasks.json", "{}");
  make_repository(dir / "cloned");
  write_file(dir / "cloned/.git/hooks/post-checkout", "");
  const auto found = changes(before, snapshot(dir.path(), kPatterns));
  CHECK(told(found, What::kAdded) ==
        std::vector<std::string>{".vscode", "cloned/.git", "cloned/.git/config", "cloned/.git/hooks"});
}

TEST_CASE("a .git that was moved away and made anew is told") {
  const TempDir dir;
  make_repository(dir.path());
  const ProtectedState before = snapshot(dir.path(), kPatterns);
  std::filesystem::rename(dir / ".git", dir / "old");
  make_repository(dir.path());
  const auto changed = told(changes(before, snapshot(dir.path(), kPatterns)), What::kChanged);
  CHECK(std::find(changed.begin(), changed.end(), ".git") != changed.end());
}
