// `clawbox create --worktree`: a branch of the caller's repository, worked on alone, looked at and fetched safely.
#include <filesystem>

#include "base/json.h"
#include "support/catch.h"
#include "support/environment.h"

using namespace clawbox::test;
using clawbox::Json;

namespace fs = std::filesystem;

namespace {

constexpr const char* kFill =
    "git init -q -b main . && git config user.name a && git config user.email a@b && echo one >file && "
    "echo '*.log' >.gitignore && git add . && git commit -qm one && git tag first && "
    "git checkout -qb other && echo SECRET-OF-OTHER >other && git add . && git commit -qm other && "
    "git checkout -q main && echo SECRET-OF-STASH >>file && git stash -q && "
    "git remote add origin https://me:SECRET-PASSWORD@example.invalid/x && mkdir -p .git/hooks && "
    "printf '#!/bin/sh\\ntouch \"$CANARY\"\\n' >.git/hooks/post-checkout && chmod 755 .git/hooks/post-checkout";

/// Every program that a repository can name, as a session might name it.
constexpr const char* kHostile =
    "[core]\n\tfsmonitor = ./evil\n\tpager = ./evil\n\thooksPath = .\n\tsshCommand = ./evil\n\teditor = ./evil\n"
    "[diff]\n\texternal = ./evil\n[diff \"x\"]\n\ttextconv = ./evil\n\tcommand = ./evil\n"
    "[filter \"x\"]\n\tclean = ./evil\n\tsmudge = ./evil\n\trequired = true\n[uploadpack]\n\tpackObjectsHook = "
    "./evil\n";

/// A user with a repository that has more than one may see.
struct World : Environment {
  World() {
    set("XDG_DATA_HOME", directory() / "data");
    set("GIT_CONFIG_GLOBAL", "/dev/null");
    set("CANARY", canary);
    const Finished filled = host(kFill);
    INFO(filled.err);
    REQUIRE(filled.status == 0);
    fs::remove(canary);
  }
  ~World() { run(clawbox({"rm", "--all", "--force"})); }

  Finished host(const std::string& script) const { return run(outside({"sh", "-c", script})); }
  Finished call(std::vector<std::string> words) const { return run(clawbox(std::move(words))); }
  Finished create(const std::string& branch) const {
    return call({"create", "--quiet", "--name", "work", "--worktree", branch});
  }
  Finished shell(const std::string& script) const { return call({"exec", "work", "--", "sh", "-c", script}); }
  void commit(const std::string& script) const {
    const Finished done = shell(script + " && git add . && git -c user.name=s -c user.email=s@s commit -qm made");
    INFO(done.err);
    REQUIRE(done.status == 0);
  }
  std::string tree() const { return Json::parse(call({"inspect", "work"}).out).at("workspace").get<std::string>(); }
  bool keeps_worktree() const {
    const std::string all = directory() / "data/clawbox/worktrees";
    return fs::exists(all) && !fs::is_empty(all);
  }

  std::string canary = directory() / "canary";
};

bool cannot_test() {
  if (find_program("git")) return false;
  skip("there is no git");
  return true;
}

}  // namespace

TEST_CASE("a session on a branch sees this branch, and nothing else of the repository or of its credentials") {
  if (cannot_test()) return;
  const World world;
  const Finished made = world.create("fix");
  INFO(made.err);
  REQUIRE(made.status == 0);
  CHECK(world.shell("cat file").out == "one\n");
  CHECK(world.shell("git branch -a; git config user.email").out == "* fix\na@b\n");
  CHECK(world.shell("git log --all --format=%s").out == "one\n");
  CHECK(world.shell("git remote; git tag; git stash list; ls .git/hooks .git/logs 2>/dev/null").out.empty());
  CHECK(world.shell("ls " + world.workspace()).status != 0);
  const std::string everything =
      world.shell("cat .git/config; grep -r SECRET .; git cat-file --batch-all-objects --batch").out;
  CHECK(everything.find("one") != std::string::npos);
  CHECK(everything.find("SECRET") == std::string::npos);
  CHECK(everything.find(world.workspace()) == std::string::npos);
  CHECK(world.host("git cat-file --batch-all-objects --batch").out.find("SECRET-OF-STASH") != std::string::npos);
  CHECK_FALSE(fs::exists(world.canary));  // no hook ran
}

TEST_CASE("a branch that exists is worked on from where it is, also while another one is checked out") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("other").status == 0);
  CHECK(world.shell("git log --format=%s").out == "other\none\n");
  CHECK(world.shell("git status --porcelain").out.empty());
}

TEST_CASE("the difference of a worktree is what an apply brings, and apart from that what is not committed") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("fix").status == 0);
  CHECK(world.call({"diff", "work"}).out.empty());
  world.commit("echo two >committed; echo more >>file");
  world.shell("echo three >new; echo x >ignored.log; chmod 755 .gitignore");
  const Finished listed = world.call({"diff", "work"});
  CHECK(listed.out == "  A committed\n  M file\n");
  CHECK(listed.err.find("--uncommitted") != std::string::npos);
  CHECK(world.call({"diff", "work", "--uncommitted"}).out == "  M .gitignore\n  A new\n");
  const Json json = Json::parse(world.call({"diff", "work", "--json"}).out);
  CHECK(json.at("branch") == "fix");
  CHECK(json.at("commits") == 1);
  CHECK(json.at("has_uncommitted") == true);
  CHECK(json.at("changes").at(0) == Json{{"change", "added"}, {"path", "committed"}, {"risky", false}});
  CHECK(world.call({"diff", "work", "--stat", "file"}).out.find(" file | 1 +") != std::string::npos);
  CHECK(world.call({"diff", "work", "--patch", "committed"}).out.find("+two\n") != std::string::npos);
  CHECK(world.call({"diff", "work", "--patch", "--uncommitted"}).out.find("+three\n") != std::string::npos);
}

TEST_CASE("what can make the host run code is shown apart, and again when it was fetched") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("fix").status == 0);
  world.commit("mkdir sub; echo '{}' >sub/.mcp.json; echo two >new");
  CHECK(world.call({"rm", "--force", "work"}).err.find("clawbox apply") != std::string::npos);
  const Finished listed = world.call({"diff", "work"});
  CHECK(listed.out == "  A new\n\nThese can make this host run code once they are checked out:\n  A sub/.mcp.json\n");
  CHECK(Json::parse(world.call({"diff", "work", "--json"}).out).at("changes").at(1).at("risky") == true);
  const Finished applied = world.call({"apply", "work"});
  CHECK(applied.status == 0);
  CHECK(applied.err.find("  A sub/.mcp.json\n") != std::string::npos);
  CHECK(applied.err.find("  A new\n") == std::string::npos);
}

TEST_CASE("what an apply brings is shown, however the worktree hides it") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("fix").status == 0);
  world.commit("echo payload >>file; echo '* -diff' >.gitattributes");
  world.commit("mkdir x; echo payload >x/run; echo x >>.gitignore; git add -f x/run");
  world.shell("git update-index --skip-worktree file; echo one >file");
  const std::string patch = world.call({"diff", "work", "--patch"}).out;
  CHECK(patch.find("x/run") != std::string::npos);
  CHECK(patch.find("+payload\n+") == std::string::npos);
  CHECK(patch.find(" one\n+payload\n") != std::string::npos);
  CHECK(world.call({"diff", "work"}).out.find("  M file\n") != std::string::npos);
}

TEST_CASE("objects that no good git would write are not fetched") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("fix").status == 0);
  const Finished made = world.shell(
      "blob=$(echo evil | git hash-object -w --stdin) && "
      "inner=$(printf \"100755 blob $blob\\tpost-checkout\\n\" | git mktree) && "
      "tree=$(printf \"040000 tree $inner\\t.git\\n\" | git mktree) && "
      "commit=$(git -c user.name=s -c user.email=s@s commit-tree -p HEAD -m bad $tree) && "
      "git update-ref refs/heads/fix $commit");
  INFO(made.err);
  REQUIRE(made.status == 0);
  for (const char* verb : {"diff", "apply"}) {
    const Finished refused = world.call({verb, "work"});
    INFO(refused.out << refused.err);
    CHECK(refused.status == 73);
  }
  CHECK(world.host("git for-each-ref refs/clawbox refs/heads/fix").out.empty());
}

TEST_CASE("work on another branch or in a stash keeps the worktree") {
  if (cannot_test()) return;
  const World world;
  for (const char* script :
       {"git checkout -qb mine && echo x >new && git add . && git commit -qm x && git checkout -q fix",
        "echo x >>file && git stash -q", "git checkout -q --detach && git commit -q --allow-empty -m x"}) {
    INFO(script);
    REQUIRE(world.create("fix").status == 0);
    const Finished done = world.shell(
        "export GIT_AUTHOR_NAME=s GIT_AUTHOR_EMAIL=s@s GIT_COMMITTER_NAME=s "
        "GIT_COMMITTER_EMAIL=s@s; " +
        std::string(script));
    INFO(done.err);
    REQUIRE(done.status == 0);
    CHECK(world.call({"rm", "--force", "work"}).err.find("its worktree stays") != std::string::npos);
    CHECK(world.call({"discard", "work"}).status == 0);
    CHECK_FALSE(world.keeps_worktree());
  }
}

TEST_CASE("what git reads the worktree with shows nothing of the caller's home, and no pipe holds it up") {
  if (cannot_test()) return;
  const World world;
  write_file(world.home() + "/.gitconfig", "[user]\n\tname = TOKEN-OF-USER\n");
  REQUIRE(world.create("fix").status == 0);
  const std::string tree = world.tree();
  write_file(tree + "/evil", "#!/bin/sh\ncat '" + world.home() + "/.gitconfig' >&2\nls -A \"$HOME\" >&2\nexit 1\n",
             0755);
  write_file(tree + "/.git/config", read_file(tree + "/.git/config") + "[core]\n\tfsmonitor = ./evil\n[broken\n");
  CHECK(world.call({"apply", "work"}).err.find("TOKEN-OF-USER") == std::string::npos);
  world.shell("mkfifo pipe");
  const Finished refused = world.call({"apply", "work"});
  CHECK(refused.status == 73);
  CHECK(refused.err.find("named pipe") != std::string::npos);
}

TEST_CASE("a branch is not taken from what another session wrote") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("fix").status == 0);
  world.shell("git init -q sub");
  for (const std::string& place : {world.tree(), world.tree() + "/sub"}) {
    const Finished refused = world.call({"create", "--quiet", "--workspace", place, "--worktree", "next"});
    CHECK(refused.status == 67);
    CHECK(refused.err.find("a session's own work") != std::string::npos);
  }
}

TEST_CASE("a worktree of many directories, one in the other, can be removed") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("fix").status == 0);
  REQUIRE(world.shell("i=0; while [ $i -lt 1500 ]; do mkdir d && cd -P d || exit 1; i=$((i + 1)); done; chmod 0 .")
              .status == 0);
  world.call({"rm", "--force", "work"});
  CHECK((!world.keeps_worktree() || world.call({"discard", "work"}).status == 0));
  CHECK_FALSE(world.keeps_worktree());
}

TEST_CASE("an apply fetches the branch, and what is not committed stays until it is discarded") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("fix").status == 0);
  world.commit("echo two >committed");
  const Finished applied = world.call({"apply", "work"});
  INFO(applied.out << applied.err);
  CHECK(applied.status == 0);
  CHECK(world.host("git log --format=%s fix").out == "made\none\n");
  CHECK(world.host("git fsck --strict && git for-each-ref refs/clawbox").out.empty());
  world.shell("echo more >>file");
  CHECK(world.call({"apply", "work"}).status == 1);
  CHECK(world.call({"discard", "work"}).status == 1);
  const Finished removed = world.call({"rm", "--force", "work"});
  CHECK(removed.status == 0);
  CHECK(removed.err.find("clawbox discard ") != std::string::npos);
  CHECK(world.call({"diff", "work", "--uncommitted"}).out.find("  M file\n") != std::string::npos);
  CHECK(world.call({"discard", "work"}).status == 0);
  CHECK_FALSE(world.keeps_worktree());
}

TEST_CASE("a worktree whose work is in the repository goes with its session") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("fix").status == 0);
  CHECK(world.keeps_worktree());
  CHECK(world.call({"rm", "--force", "work"}).status == 0);
  CHECK_FALSE(world.keeps_worktree());
  REQUIRE(world.create("fix").status == 0);
  world.commit("echo two >committed");
  world.call({"rm", "--force", "work"});
  CHECK(world.keeps_worktree());
  CHECK(world.call({"apply", "work"}).status == 0);
  CHECK_FALSE(world.keeps_worktree());
  CHECK(world.call({"diff", "work"}).status == 72);
}

TEST_CASE("a branch that is checked out, or has moved on, stays as it is, and the work is beside it") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("main").status == 0);
  world.commit("echo two >committed");
  const Finished applied = world.call({"apply", "work"});
  CHECK(applied.err.find("the branch main") != std::string::npos);
  CHECK(world.host("git log --format=%s main").out == "one\n");
  const std::string ref = world.host("git for-each-ref --format='%(refname)' refs/clawbox").out;
  CHECK(applied.out.find(ref.substr(0, ref.size() - 1)) != std::string::npos);
  CHECK(world.host("git merge -q " + ref).status == 0);
  CHECK(world.host("git log --format=%s main").out == "made\none\n");
}

TEST_CASE("no program that a worktree names runs outside") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("fix").status == 0);
  world.commit("echo two >committed");
  const std::string tree = world.tree();
  const std::string evil = "#!/bin/sh\ntouch '" + world.canary + "'\ncat\n";
  write_file(tree + "/evil", evil, 0755);
  for (const char* hook : {"reference-transaction", "post-index-change", "pre-auto-gc"})
    write_file(tree + "/" + hook, evil, 0755);
  write_file(tree + "/.gitattributes", "* filter=x diff=x\n");
  write_file(tree + "/.git/config", read_file(tree + "/.git/config") + kHostile);
  const std::string control = "git -c safe.directory='*' -C '" + tree + "' status";
  world.host(control);
  REQUIRE(fs::exists(world.canary));
  fs::remove(world.canary);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"diff", "work"},
                                                                                     {"diff", "work", "--stat"},
                                                                                     {"diff", "work", "--patch"},
                                                                                     {"apply", "work"},
                                                                                     {"rm", "--force", "work"},
                                                                                     {"diff", "work", "--json"},
                                                                                     {"apply", "work"},
                                                                                     {"discard", "work"}}) {
    const Finished finished = world.call(words);
    INFO(words.front() << ": " << finished.out << finished.err);
    CHECK(finished.status <= 1);
    CHECK_FALSE(fs::exists(world.canary));
  }
  CHECK(world.host("git log --format=%s fix").out == "made\none\n");
}

TEST_CASE("programs that a worktree names and that print without end cost a message") {
  if (cannot_test()) return;
  const World world;
  REQUIRE(world.create("fix").status == 0);
  world.commit("echo two >committed");
  const std::string tree = world.tree();
  write_file(tree + "/evil", "#!/bin/sh\nexec yes >&2\n", 0755);
  write_file(tree + "/.git/config", read_file(tree + "/.git/config") + "[core]\n\tfsmonitor = ./evil\n");
  const Finished applied = world.call({"apply", "work"});
  CHECK(applied.status == 73);
  CHECK(applied.err.find("printed more than") != std::string::npos);
  CHECK(world.call({"rm", "--force", "work"}).status == 0);
  CHECK(world.keeps_worktree());
}

TEST_CASE("the same name and branch is the same session, and another branch is an error") {
  if (cannot_test()) return;
  const World world;
  const Finished first = world.create("fix");
  REQUIRE(first.status == 0);
  CHECK(world.create("fix").out == first.out);
  const Finished other = world.create("other");
  CHECK(other.status == 75);
  CHECK(other.err.find("the branch 'fix'") != std::string::npos);
  CHECK(world.call({"create", "--quiet", "--name", "work"}).status == 75);
}

TEST_CASE("where no branch can be taken, one message says why, and nothing is made") {
  if (cannot_test()) return;
  const World world;
  const auto refused = [&](const std::string& script, const std::string& branch, int status, const std::string& why) {
    INFO(script << " " << branch);
    REQUIRE(world.host("rm -rf ../place && mkdir ../place && cd ../place && " + script).status == 0);
    const Finished finished =
        world.call({"create", "--quiet", "--workspace", world.home() + "/place", "--worktree=" + branch});
    INFO(finished.err);
    CHECK(finished.status == status);
    CHECK(finished.err.find(why) != std::string::npos);
    CHECK_FALSE(world.keeps_worktree());
  };
  refused("true", "fix", 67, "not a git repository");
  refused("git init -q .", "fix", 67, "no commit");
  for (const char* wrong : {"a..b", "-x", "a b", "@{-1}", "a.lock", "HEAD"})
    refused("git init -q .", wrong, 64, "branch");
}

TEST_CASE("a detached HEAD, a bare repository and a linked worktree will do") {
  if (cannot_test()) return;
  const World world;
  for (const char* script :
       {"git clone -q ../workspace . && git checkout -q --detach", "git clone -q --bare ../workspace .",
        "git -C ../workspace worktree add -q --detach \"$PWD\""}) {
    INFO(script);
    REQUIRE(world.host("rm -rf ../place && mkdir ../place && cd ../place && " + std::string(script)).status == 0);
    const Finished made = world.call(
        {"create", "--quiet", "--name", "work", "--workspace", world.home() + "/place", "--worktree", "fix"});
    INFO(made.err);
    REQUIRE(made.status == 0);
    CHECK(world.shell("git log --format=%s").out == "one\n");
    CHECK(world.call({"rm", "--force", "work"}).status == 0);
  }
}

TEST_CASE("without git that is said") {
  World world;
  if (cannot_test()) return;
  world.set("PATH", make_directory(world.home() + "/empty"));
  const Finished finished = world.create("fix");
  CHECK(finished.status == 69);
  CHECK(finished.err.find("install git") != std::string::npos);
}
