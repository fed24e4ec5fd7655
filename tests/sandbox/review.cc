// `clawbox diff`, `apply`, `discard` and the offer at the end of `run --overlay`, with real sessions on a real git
// tree.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "support/catch.h"
#include "support/environment.h"
#include "support/terminal.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace fs = std::filesystem;

namespace {

constexpr const char* kFill =
    "mkdir -p src doc 'odd dir' .git/hooks && for i in 1 2 3 4 5 6 7 8 9; do echo \"line $i\"; done >src/a.c && "
    "cp src/a.c src/b.c && echo doc >doc/manual && echo gone >gone && echo x >'odd dir/odd name'";

constexpr const char* kWork =
    "sed -i s/5/five/ src/a.c && mv src/b.c src/c.c && rm -r doc gone && mkdir doc && echo new >doc/new && "
    "ln src/a.c src/link && chmod 755 src/c.c && truncate -s 32M sparse && echo end >>sparse && "
    "touch 'odd dir/odd name' && printf x >'new\nline' && echo {} >.mcp.json && ln -s /etc/passwd outside";

/// A workspace under git.
struct World : Environment {
  World() {
    set("GIT_CONFIG_GLOBAL", "/dev/null");
    add_profile("plain", "version = 1\nextends = 'coding'\n[limits]\ndisk = '256MiB'\n");
    const Finished filled = run(outside({"sh", "-c", kFill}));
    REQUIRE(filled.status == 0);
    if (has_git()) {
      run(outside({"git", "init", "-q", "."}));
      commit("one");
    }
  }

  static bool has_git() { return find_program("git").has_value(); }

  void commit(const std::string& what) const {
    run(outside({"sh", "-c", "git add . && git -c user.name=a -c user.email=a@b commit -qm " + what}));
  }

  /// Runs `script` over the workspace.
  Finished over(const std::string& script) const {
    return run(clawbox({"run", "--overlay", "--profile", "plain", "--", "sh", "-c", script}));
  }
  Finished words(std::vector<std::string> words) const { return run(clawbox(std::move(words))); }
  Json json(std::vector<std::string> words) const {
    words.emplace_back("--json");
    return Json::parse(run(clawbox(std::move(words))).out);
  }

  std::string overlays() const { return state() + "/clawbox/overlays"; }
  bool keeps_nothing() const { return !fs::exists(overlays()) || fs::is_empty(overlays()); }

  /// What the workspace holds, but for git's own files.
  std::set<std::string> contents() const {
    std::set<std::string> lines;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(workspace())) {
      const std::string path = entry.path().string().substr(workspace().size() + 1);
      if (path.starts_with(".git/")) continue;
      const std::string what = entry.is_symlink()        ? fs::read_symlink(entry.path()).string()
                               : entry.is_regular_file() ? std::to_string(entry.file_size())
                                                         : "";
      lines.insert(path + " " + what);
    }
    return lines;
  }
};

bool refused_here() {
  const auto lack = lacking(Environment(), {"overlay", "fuse"});
  if (lack) skip(*lack);
  return lack.has_value();
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

}  // namespace

TEST_CASE("what a session did to a git tree is listed, apart what could run on the host") {
  if (refused_here()) return;
  const World world;
  REQUIRE(world.over(kWork).status == 0);
  const Finished listed = world.words({"diff", "latest"});
  INFO(listed.out << listed.err);
  CHECK(listed.status == 0);
  CHECK(listed.out.starts_with("  A doc/new\n  D doc/manual\n") == false);  // sorted by name
  for (const char* line : {"  A doc/new\n", "  D doc/manual\n", "  D gone\n", "  M src/a.c\n", "  A src/link\n",
                           "  R src/b.c → src/c.c\n", "  A sparse\n", "  A new\\x0aline\n"})
    CHECK(listed.out.find(line) < listed.out.find("\nThese can make this host run code"));
  CHECK(listed.out.find("  A .mcp.json\n") > listed.out.find("\nThese can make this host run code"));
  CHECK(listed.out.find("  A outside → /etc/passwd\n") != std::string::npos);
  CHECK(listed.out.find("odd name") == std::string::npos);  // it was only touched
}

TEST_CASE("the list for machines has stable fields, and names that are no text are told as everywhere") {
  if (refused_here()) return;
  const World world;
  world.over("printf x >\"$(printf 'a\\033[2J\\nb')\" && rm gone && mv src/b.c src/c.c");
  const Json answer = world.json({"diff", "latest"});
  CHECK(answer.at("workspace") == world.workspace());
  CHECK(answer.at("running") == false);
  CHECK(answer.at("complete") == true);
  std::map<std::string, Json> by_path;
  for (const Json& change : answer.at("changes")) by_path[bytes_of(change.at("path"))] = change;
  CHECK(by_path.at("a\033[2J\nb").at("change") == "added");
  CHECK(by_path.at("gone").at("after").is_null());
  CHECK(by_path.at("gone").at("before").at("size") == 5);
  CHECK(by_path.at("src/c.c").at("from") == "src/b.c");
  CHECK(by_path.at("src/b.c").at("to") == "src/c.c");
}

TEST_CASE("the patch of a session is one that git takes") {
  if (refused_here()) return;
  if (!World::has_git()) return skip("there is no git");
  const World world;
  world.over("sed -i s/5/five/ src/a.c && mv src/b.c src/c.c && rm gone && echo new >'odd dir/new one'");
  const Finished patch = world.words({"diff", "latest", "--patch"});
  Command git = world.outside({"git", "apply", "-"});
  git.input = patch.out;
  const Finished applied = run(git);
  INFO(patch.out << applied.err);
  CHECK(applied.status == 0);
  CHECK(world.words({"diff", "latest"}).out.empty());
}

TEST_CASE("an apply makes of the workspace what the session saw, and nothing is left of it") {
  if (refused_here()) return;
  const World world;
  REQUIRE(world.over(kWork).status == 0);
  const auto before = world.contents();
  const Finished first = world.words({"apply", "latest"});
  INFO(first.out << first.err);
  CHECK(first.status == 1);  // something was left
  CHECK(first.err.find("outside: needs --include-risky") != std::string::npos);
  CHECK_FALSE(fs::exists(world.workspace() + "/.mcp.json"));
  CHECK(world.contents() != before);
  CHECK(read_file(world.workspace() + "/src/a.c").find("line five\n") != std::string::npos);
  CHECK_FALSE(fs::exists(world.workspace() + "/doc/manual"));
  CHECK(status_of(world.workspace() + "/src/a.c").st_ino == status_of(world.workspace() + "/src/link").st_ino);
  CHECK(status_of(world.workspace() + "/sparse").st_blocks < 2048);
  CHECK(status_of(world.workspace() + "/sparse").st_uid == ::geteuid());
  CHECK((status_of(world.workspace() + "/src/c.c").st_mode & 0777) == 0755);
  const Finished second = world.words({"apply", "latest", "--include-risky"});
  CHECK(second.status == 0);
  CHECK(fs::read_symlink(world.workspace() + "/outside") == "/etc/passwd");
  CHECK(world.keeps_nothing());
}

TEST_CASE("a commit made over the workspace arrives with its history") {
  if (refused_here()) return;
  if (!World::has_git()) return skip("there is no git");
  const World world;
  world.over("echo more >>src/a.c && git -c user.name=a -c user.email=a@b commit -qam two");
  CHECK(world.words({"apply", "latest"}).status == 0);
  const Finished log = run(world.outside({"git", "log", "--format=%s"}));
  CHECK(log.out == "two\none\n");
  CHECK(run(world.outside({"git", "status", "--short"})).out.empty());
  CHECK(run(world.outside({"git", "fsck", "--strict"})).status == 0);
}

TEST_CASE("a file that a person changed meanwhile is not overwritten, and nothing else is applied") {
  if (refused_here()) return;
  const World world;
  Running running(world.clawbox({"run", "--overlay", "--profile", "plain", "--", "sh", "-c",
                                 "echo theirs >src/a.c; echo theirs >gone; echo ready; read line"}));
  running.read_until("ready\n");
  write_file(world.workspace() + "/src/a.c", "mine\n");
  const Finished early = world.words({"apply", "latest"});
  CHECK(early.status == 1);
  CHECK(early.err.find("still runs") != std::string::npos);
  CHECK(world.words({"discard", "latest"}).status == 1);
  CHECK(world.json({"diff", "latest"}).at("running") == true);
  running.end_input();
  running.wait();
  const Finished refused = world.words({"apply", "latest"});
  CHECK(refused.status == 1);
  CHECK(refused.err.find("src/a.c: the host has changed it") != std::string::npos);
  CHECK(read_file(world.workspace() + "/gone") == "gone\n");
  CHECK(world.words({"apply", "latest", "gone"}).status == 0);
  CHECK(read_file(world.workspace() + "/gone") == "theirs\n");
  CHECK(world.words({"apply", "latest", "--overwrite"}).status == 0);
  CHECK(read_file(world.workspace() + "/src/a.c") == "theirs\n");
}

TEST_CASE("a path is taken as git takes it: from the current directory, and never outside the workspace") {
  if (refused_here()) return;
  const World world;
  world.over("echo x >>src/a.c; echo x >>gone");
  Command command = world.clawbox({"apply", "latest", "a.c"});
  command.directory = world.workspace() + "/src";
  CHECK(run(command).status == 0);
  CHECK(world.words({"diff", "latest"}).out == "  M gone\n");
  CHECK(world.words({"apply", "latest", "../../etc"}).status == 64);
  CHECK(world.words({"apply", "latest", "/etc/passwd"}).status == 64);
  const Finished wrong = world.words({"apply", "latest", "gome"});
  CHECK(wrong.status == 64);
  CHECK(wrong.err.find("did you mean 'gone'") != std::string::npos);
}

TEST_CASE("what is discarded is gone, and the workspace is as it was") {
  if (refused_here()) return;
  const World world;
  const auto before = world.contents();
  world.over(kWork);
  CHECK(world.words({"discard", "latest", "src"}).status == 0);
  CHECK(world.words({"diff", "latest"}).out.find("src/") == std::string::npos);
  CHECK(world.words({"discard", "latest"}).status == 0);
  CHECK(world.contents() == before);
  CHECK(world.keeps_nothing());
}

TEST_CASE("a session that is not there is told apart from one that has no changes any more") {
  if (refused_here()) return;
  const World world;
  CHECK(world.words({"diff"}).out == "no session has kept changes\n");
  CHECK(world.words({"diff", "latest"}).err.find("no session has kept changes") != std::string::npos);
  world.over("echo x >>gone");
  const std::string id = world.json({"diff"}).at(0).at("session");
  world.over("echo y >>gone");
  CHECK(world.json({"diff"}).size() == 2);
  std::string misspelt = id;
  misspelt.back() = 'x';
  CHECK(world.words({"diff", misspelt}).err.find("did you mean '" + id) != std::string::npos);
  CHECK(world.words({"diff", "lates"}).err.find("did you mean 'latest'") != std::string::npos);
  CHECK(world.words({"discard", id}).status == 0);
  const Finished over = world.words({"diff", id});
  CHECK(over.status == 72);
  CHECK(over.err.find("has no changes to review") != std::string::npos);
}

TEST_CASE("what a lasting session changed is found by its name") {
  if (refused_here()) return;
  const World world;
  REQUIRE(world.words({"create", "--quiet", "--overlay", "--profile", "plain", "--name", "work"}).status == 0);
  CHECK(world.words({"exec", "work", "--", "sh", "-c", "echo x >>gone"}).status == 0);
  CHECK(world.words({"apply", "work"}).status == 1);
  CHECK(world.words({"stop", "work"}).status == 0);
  CHECK(world.words({"diff", "work"}).out == "  M gone\n");
  CHECK(world.words({"diff", "wrok"}).err.find("did you mean 'work'") != std::string::npos);
  CHECK(world.words({"apply", "work"}).out.starts_with("applied 1 change to "));
  CHECK(world.keeps_nothing());
}

TEST_CASE("the end of an overlay run says what was changed and how to go on, and asks nobody who is not there") {
  if (refused_here()) return;
  const World world;
  const Finished finished = world.over("echo x >new; exit 7");
  CHECK(finished.status == 7);
  CHECK(finished.err.find("1 added") != std::string::npos);
  CHECK(finished.err.find("clawbox apply ") != std::string::npos);
  CHECK(finished.err.find("[a]pply") == std::string::npos);
  CHECK(world.over("true").err.find("clawbox apply") == std::string::npos);
}

TEST_CASE("a person at a terminal is asked, and what is answered is done") {
  if (refused_here()) return;
  const World world;
  const auto started = [&](const std::string& script) {
    Command command = world.clawbox({"run", "--overlay", "--profile", "plain", "--", "sh", "-c", script});
    command.environment.emplace_back("NO_COLOR=1");
    return command;
  };
  {
    Terminal terminal(started("echo first >new; exit 3"));
    terminal.read_until("[x] discard? ");
    terminal.type("k\n");
    CHECK(terminal.wait() == 3);
    CHECK_FALSE(fs::exists(world.workspace() + "/new"));
    CHECK_FALSE(world.keeps_nothing());
    CHECK(world.words({"discard", "latest"}).status == 0);
  }
  Terminal terminal(started("echo second >new"));
  terminal.read_until("A new");
  terminal.read_until("[x] discard? ");
  terminal.type("a\n");
  CHECK(terminal.wait() == 0);
  CHECK(read_file(world.workspace() + "/new") == "second\n");
  CHECK(world.keeps_nothing());
}

TEST_CASE("a terminal obeys nothing that a session wrote") {
  if (refused_here()) return;
  const World world;
  world.over("printf 'a\\033]0;evil\\007\\n' >\"$(printf 'n\\033[2J')\"");
  for (const char* form : {"--stat", "--patch"}) {
    Command command = world.clawbox({"diff", "latest", form});
    command.environment.emplace_back("PAGER=cat");
    command.environment.emplace_back("NO_COLOR=1");
    Terminal terminal(command);
    CHECK(terminal.read_until("n").find('\033') == std::string::npos);
    CHECK(terminal.wait() == 0);
  }
}

TEST_CASE("root's apply leaves files with who had them") {
  if (refused_here()) return;
  if (::geteuid() != 0) return;
  const World world;
  constexpr uid_t kOwner = 54321;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(world.workspace()))
    REQUIRE(::lchown(entry.path().c_str(), kOwner, kOwner) == 0);
  REQUIRE(::chown(world.workspace().c_str(), kOwner, kOwner) == 0);
  const Finished finished = world.over("echo x >>src/a.c && mkdir made && echo x >made/file && ln -s file made/link");
  INFO(finished.err);
  REQUIRE(finished.status == 0);
  CHECK(world.words({"apply", "latest"}).status == 0);
  for (const char* path : {"/src/a.c", "/made", "/made/file", "/made/link"})
    CHECK(status_of(world.workspace() + path).st_uid == kOwner);
}
