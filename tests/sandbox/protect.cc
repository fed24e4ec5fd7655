// Files of the workspace that make the host run code later: read-only where they exist, listed where they appear.
#include "base/json.h"
#include "support/catch.h"
#include "support/environment.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

std::vector<std::string> script(const std::string& text) { return {"sh", "-c", text}; }

/// The paths in the outcome's list of protected changes, after `text` ran inside.
std::vector<std::string> changes_by(const Environment& environment, const std::string& text) {
  const std::string file = environment.directory() / "outcome.json";
  run(environment.clawbox({"run", "--outcome", file, "--", "sh", "-c", text}));
  std::vector<std::string> paths;
  const Json outcome = Json::parse(read_file(file));
  for (const Json& change : outcome["protected_changes"]) {
    const Json& path = change["path"];  // clawbox-audit(5): text, or an object where letters are hidden in it
    paths.push_back(path.is_string() ? path : path.at("escaped"));
  }
  return paths;
}

bool holds_one_with(const std::vector<std::string>& paths, const std::string& part) {
  for (const std::string& path : paths)
    if (path.find(part) != std::string::npos) return true;
  return false;
}

void plant_repository(const Environment& environment) {
  for (const char* name : {"HEAD", "config", "hooks/pre-commit.sample", "objects/keep", "refs/keep"})
    write_file(environment.workspace() + "/.git/" + name, "before\n");
}

}  // namespace

TEST_CASE("git hooks and settings that exist cannot be written") {
  const Environment environment;
  plant_repository(environment);
  CHECK(run(environment.inside("coding", script("echo evil > .git/hooks/pre-commit"))).status != 0);
  CHECK(run(environment.inside("coding", script("echo evil >> .git/config"))).status != 0);
  CHECK(run(environment.inside("coding", script("echo evil > new && mv new .git/config"))).status != 0);
  CHECK(run(environment.inside("coding", script("rm -rf .git/hooks"))).status != 0);
  CHECK(read_file(environment.workspace() + "/.git/config") == "before\n");
  CHECK(!std::filesystem::exists(environment.workspace() + "/.git/hooks/pre-commit"));
  CHECK(run(environment.inside("coding", script("echo fine > .git/COMMIT_EDITMSG"))).status == 0);
}

TEST_CASE("a directory that one run makes unreadable is not unlocked for the next one") {
  for (const char* mode : {"0300", "0600", "0000"}) {
    const Environment environment;
    plant_repository(environment);
    CHECK(run(environment.inside("coding", script(std::string("chmod ") + mode + " .git"))).status == 0);
    run(environment.inside("coding", script("chmod 0700 .git; echo evil > .git/hooks/pre-commit")));
    std::filesystem::permissions(environment.workspace() + "/.git", std::filesystem::perms::owner_all);
    CHECK(!std::filesystem::exists(environment.workspace() + "/.git/hooks/pre-commit"));
    CHECK(run(environment.inside("coding", script("echo fine > .git/COMMIT_EDITMSG"))).status == 0);
  }
}

TEST_CASE(".git cannot be moved away") {
  const Environment environment;
  plant_repository(environment);
  CHECK(run(environment.inside("coding", {"mv", ".git", "aside"})).status != 0);
  CHECK(std::filesystem::exists(environment.workspace() + "/.git/HEAD"));
  CHECK(run(environment.inside("coding", script("mkdir other && mv other aside"))).status == 0);
}

TEST_CASE("a nested repository is protected too") {
  const Environment environment;
  write_file(environment.workspace() + "/deep/er/.git/config", "before\n");
  write_file(environment.workspace() + "/deep/er/.git/HEAD", "before\n");
  CHECK(run(environment.inside("coding", script("echo evil > deep/er/.git/config"))).status != 0);
  CHECK(run(environment.inside("coding", {"mv", "deep/er/.git", "aside"})).status != 0);
}

TEST_CASE("replacing the directory above a protected file is refused or listed") {
  const Environment environment;
  write_file(environment.workspace() + "/deep/.git/config", "before\n");
  const auto changes = changes_by(environment, "mv deep aside; mkdir -p deep/.git && echo evil > deep/.git/config");
  const bool unchanged = read_file(environment.workspace() + "/deep/.git/config") == "before\n";
  CHECK((unchanged || holds_one_with(changes, "deep/.git")));
}

TEST_CASE("protected files that appear are listed at the end, and in the outcome") {
  const Environment environment;
  const Finished finished = run(environment.inside("coding", script("mkdir .vscode && echo {} > .vscode/tasks.json")));
  CHECK(finished.status == 0);
  CHECK(finished.err.find(".vscode") != std::string::npos);
  const Environment other;
  CHECK(holds_one_with(changes_by(other, "mkdir .claude && echo {} > .claude/settings.json"), ".claude"));
}

TEST_CASE("a repository made inside is listed") {
  if (!find_program("git")) return skip("git is not installed");
  const Environment environment;
  const Finished finished = run(environment.inside("coding", {"git", "init", "-q", "."}));
  CHECK(finished.status == 0);
  CHECK(finished.err.find(".git/hooks") != std::string::npos);
  const Environment other;
  CHECK(holds_one_with(changes_by(other, "git init -q ."), ".git/config"));
}

TEST_CASE("look-alikes of .git that appear are listed") {
  for (const char* name : {".GIT", ".Git", ".g\xe2\x80\x8cit", "git~1"}) {
    const Environment environment;
    INFO(name);
    CHECK(!changes_by(environment,
                      std::string("mkdir -p '") + name + "/hooks' && echo x > '" + name + "/hooks/post-checkout'")
               .empty());
  }
}

TEST_CASE("protected files that a lasting session made are listed by whatever ends it") {
  const Environment environment;
  for (const std::vector<std::string>& end :
       {std::vector<std::string>{"stop", "work"}, {"kill", "work"}, {"rm", "--force", "work"}}) {
    INFO(end.front());
    run(environment.outside({"rm", "-f", ".envrc"}));
    REQUIRE(run(environment.clawbox({"create", "--quiet", "--name", "work"})).status == 0);
    run(environment.clawbox({"exec", "work", "--", "sh", "-c", "echo evil >.envrc"}));
    CHECK(run(environment.clawbox(end)).err.find(".envrc") != std::string::npos);
  }
}

TEST_CASE("nothing is listed when nothing protected changed") {
  const Environment environment;
  plant_repository(environment);
  CHECK(changes_by(environment, "echo work > source.c; echo > .git/COMMIT_EDITMSG").empty());
  const Finished finished = run(environment.inside("coding", {"true"}));
  CHECK(finished.err.find(".git") == std::string::npos);
}
