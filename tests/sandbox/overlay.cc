// `--overlay`: the workspace stays as it is, what is written is kept apart, and ends hard at its caps.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "support/catch.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace fs = std::filesystem;

namespace {

// Of one kind for everybody, whose files can be looked at on the host: overlay_image.cc has root's images.
constexpr const char* kSmall =
    "version = 1\nextends = 'coding'\n[limits]\ndisk = '8MiB'\nfiles = 100\nstore = 'fuse'\n";
constexpr const char* kWatched =
    "version = 1\nextends = 'coding'\n[limits]\ndisk = '8MiB'\nstore = 'watch'\nenforce = 'best-effort'\n";

/// A workspace with a file, a directory and a script, all the caller's.
struct World : Environment {
  World() {
    write_file(workspace() + "/file", "old\n", 0644);
    write_file(workspace() + "/gone", "old\n", 0644);
    fs::create_directory(workspace() + "/directory");
    write_file(workspace() + "/directory/inner", "old\n", 0644);
    add_profile("small", kSmall);
    add_profile("plain", "version = 1\nextends = 'coding'\n[limits]\ndisk = '256MiB'\nstore = 'fuse'\n");
  }

  std::string overlays() const { return state() + "/clawbox/overlays"; }
  bool keeps_nothing() const { return !fs::exists(overlays()) || fs::is_empty(overlays()); }

  Command over(const std::string& script, const std::string& profile = "plain") const {
    return clawbox(
        {"run", "--overlay", "--profile", profile, "--outcome", home() + "/outcome", "--", "sh", "-c", script});
  }
  std::string kept() const { return Json::parse(read_file(home() + "/outcome")).value("overlay", ""); }

  /// Every path of the workspace with what it holds.
  std::string contents() const {
    std::set<std::string> lines;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(workspace()))
      lines.insert(entry.path().string() + (entry.is_regular_file() ? " " + read_file(entry.path()) : ""));
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }
};

bool is_missing(const std::vector<std::string>& needed) {
  const auto lack = lacking(World(), needed);
  if (lack) skip(*lack);
  return lack.has_value();
}
bool refused_here() { return is_missing({"overlay", "fuse"}); }
bool no_overlay_here() { return is_missing({"overlay"}); }

/// What is kept of a session: for its review.
std::set<std::string> entries_beside(const std::string& upper) {
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(upper).parent_path()))
    names.insert(entry.path().filename());
  return names;
}

std::string children_of(pid_t pid) {
  return read_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
}

}  // namespace

TEST_CASE("what is written over a workspace is kept apart, and the workspace stays as it is") {
  if (refused_here()) return;
  const World world;
  const std::string before = world.contents();
  const Finished finished = run(world.over(
      "cat file directory/inner; echo new >file; rm gone; echo made >directory/made; mkdir d && mv directory/inner d/; "
      "cat file; ls; chmod 700 d; ln -s file link"));
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(finished.out == "old\nold\nnew\nd\ndirectory\nfile\n");
  CHECK(world.contents() == before);
  const std::string kept = world.kept();
  CHECK(finished.err.find(kept) != std::string::npos);
  CHECK(read_file(kept + "/file") == "new\n");
  CHECK(read_file(kept + "/directory/made") == "made\n");
  CHECK(read_file(kept + "/d/inner") == "old\n");
  CHECK(fs::read_symlink(kept + "/link") == "file");
  struct stat removed {};
  REQUIRE(::lstat((kept + "/gone").c_str(), &removed) == 0);
  CHECK(S_ISCHR(removed.st_mode));
  CHECK(entries_beside(kept) == std::set<std::string>{"protect", "upper", "workspace"});
}

TEST_CASE("a session that writes nothing over its workspace, or does not start, leaves nothing") {
  if (refused_here()) return;
  const World world;
  CHECK(run(world.over("cat file >/dev/null; echo x >/tmp/x")).status == 0);
  CHECK(world.kept().empty());
  CHECK(world.keeps_nothing());
  CHECK(run(world.clawbox({"run", "--overlay", "--disk", "64M", "--", "clawbox-no-such-program"})).status == 127);
  CHECK(world.keeps_nothing());
}

TEST_CASE("whatever modes its directories have, nothing of a session stays besides what it wrote") {
  if (refused_here()) return;
  const World world;
  for (int i = 0; i < 50; ++i) {
    fs::create_directory(world.workspace() + "/d" + std::to_string(i));
    write_file(world.workspace() + "/d" + std::to_string(i) + "/f", "", 0644);
  }
  run(world.over("for d in d*; do rm $d/f; chmod 000 $d; rmdir $d & done; exit 0"));
  REQUIRE_FALSE(world.kept().empty());
  CHECK(entries_beside(world.kept()) == std::set<std::string>{"protect", "upper", "workspace"});
}

TEST_CASE("protected files stay read-only in an overlay too") {
  if (refused_here()) return;
  const World world;
  fs::create_directories(world.workspace() + "/.git/hooks");
  CHECK(run(world.over("echo x >.git/hooks/pre-commit")).status != 0);
  CHECK(run(world.over("echo x >.git/description")).status == 0);
}

TEST_CASE("an endless writer ends at the cap on the disk, which the trail and the person are told once") {
  if (refused_here()) return;
  const World world;
  const Finished finished = run(
      world.over("head -c 3000000 /dev/zero >kept; cat /dev/zero >big; for i in 1 2 3; do cat /dev/zero >>big; done; "
                 "rm big && echo again >after",
                 "small"));
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(finished.err.find("No space left") != std::string::npos);
  CHECK(read_file(world.kept() + "/after") == "again\n");
  CHECK(fs::file_size(world.kept() + "/kept") == 3000000);
  const Trail trail(world);
  REQUIRE(trail.all("cap").size() == 1);
  CHECK(trail.all("cap")[0].at("cap") == "disk");
  CHECK(trail.all("cap")[0].at("value") == "8MiB");
  CHECK(finished.err.find("the cap is 8MiB") == finished.err.rfind("the cap is 8MiB"));
}

TEST_CASE("endless small files, and sparse ones, end at the caps too") {
  if (refused_here()) return;
  const World world;
  const Finished finished = run(world.over(
      "i=0; while touch n$i 2>/dev/null; do i=$((i+1)); done; echo $i; rm -f n*; "
      "fallocate -l 1G sparse 2>/dev/null && echo allocated; truncate -s 1M sparse && du -k sparse | cut -f1",
      "small"));
  INFO(finished.err);
  std::istringstream lines(finished.out);
  int made = 0, blocks = -1;
  lines >> made >> blocks;
  CHECK(made > 50);
  CHECK(made < 100);
  CHECK(blocks < 8192);
  CHECK(finished.out.find("allocated") == std::string::npos);
}

TEST_CASE(
    "when who serves the workspace's disk is killed the session goes on without it, and what was written is there") {
  if (refused_here()) return;
  const World world;
  Running running(world.over("echo kept >kept; echo ready; read line; ls . >/dev/null 2>&1 || echo unreachable"));
  running.read_until("ready\n");
  std::istringstream children(children_of(running.pid()));
  for (pid_t child = 0; children >> child;)
    if (children_of(child).empty()) ::kill(child, SIGKILL);
  running.write_input("go\n");
  running.end_input();
  const Finished finished = running.wait();
  CHECK(finished.out == "unreachable\n");
  CHECK(finished.err.find("cannot be reached") != std::string::npos);
  CHECK(read_file(world.kept() + "/kept") == "kept\n");
}

TEST_CASE("what a killed clawbox wrote is kept, and the rest of it is removed by the next session") {
  if (refused_here()) return;
  const World world;
  Running running(world.over("echo kept >kept; echo ready; read line"));
  running.read_until("ready\n");
  running.send(SIGKILL);
  running.wait();
  const fs::path left = *fs::directory_iterator(world.overlays());
  CHECK(read_file(left / "upper" / "kept") == "kept\n");
  CHECK(run(world.over("true")).status == 0);
  CHECK(read_file(left / "upper" / "kept") == "kept\n");
  CHECK_FALSE(fs::exists(left / "work"));
}

TEST_CASE("a session that writes more than a watched disk may hold is ended at once, which the trail says") {
  if (no_overlay_here()) return;
  const World world;
  world.add_profile("watched", kWatched);
  const Finished finished =
      run(world.over("echo kept >kept; while :; do i=$((i+1)); head -c 1000000 /dev/zero >big$i; done", "watched"));
  INFO(finished.err);
  CHECK(finished.status == 124);
  CHECK(finished.err.find("is watched and not held") != std::string::npos);
  CHECK(finished.err.find("ended by the cap disk = 8MiB") != std::string::npos);
  CHECK(Json::parse(read_file(world.home() + "/outcome")).at("ended_by") == "disk");
  CHECK(read_file(world.kept() + "/kept") == "kept\n");
  CHECK(std::distance(fs::directory_iterator(fs::path(world.kept()).parent_path()), {}) == 3);  // and two for a review
  const Trail trail(world);
  REQUIRE(trail.all("cap").size() == 1);
  CHECK(trail.all("cap")[0].at("state") == "exceeded");
  CHECK(trail.all("cap")[0].at("used").get<uint64_t>() > 8ULL << 20);
  CHECK(trail.all("session.start")[0].at("store").at("backing") == "watch");
  CHECK(trail.all("session.start")[0].at("store").at("hard") == false);
}

TEST_CASE("below its cap a session over a watched disk ends as any other, and can reserve no room") {
  if (no_overlay_here()) return;
  const World world;
  world.add_profile("watched", kWatched);
  const Finished finished = run(world.over(
      "fallocate -l 1M room 2>/dev/null || echo refused; head -c 1000000 /dev/zero >file; wc -c <file; rm gone",
      "watched"));
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(finished.out == "refused\n1000000\n");
  CHECK(fs::file_size(world.kept() + "/file") == 1000000);
}

TEST_CASE("no more is promised to all sessions together than the disk has") {
  if (refused_here()) return;
  const World world;
  world.add_profile("huge", "version = 1\nextends = 'coding'\n[limits]\ndisk = '100TiB'\nstore = 'fuse'\n");
  const Finished refused = run(world.over("true", "huge"));
  INFO(refused.err);
  CHECK(refused.status == 125);
  CHECK(refused.err.find("cannot be promised") != std::string::npos);
  Running running(world.over("echo ready; read line", "small"));
  running.read_until("ready\n");
  CHECK(run(world.over("true", "huge")).err.find("8 MiB of them are promised to 1 running") != std::string::npos);
  running.end_input();
  running.wait();
  CHECK(world.keeps_nothing());
}

TEST_CASE("what is started from an overlay workspace is on record as from any other") {
  if (refused_here()) return;
  const World world;
  world.add_probe("starter");
  fs::create_directories(world.workspace() + "/.git/hooks");  // a mount of its own
  const Finished finished = run(world.over("cp starter copy; ./copy end; ./none; ./starter end"));
  CHECK(finished.status == 42);
  const Trail trail(world);
  const std::string copy = world.workspace() + "/copy";
  CHECK(bytes_of(trail.exec({"./copy", "end"}).at("resolved")) == copy);
  CHECK(trail.end_of(trail.exec({"./copy", "end"})).at("observed") == copy);
  CHECK(trail.end_of(trail.exec({"./none"})).value("errno", "") == "ENOENT");
  CHECK(trail.all("exec.mismatch").empty());
  const std::vector<Json> programs = trail.all("program");
  CHECK(std::count_if(programs.begin(), programs.end(), [&](const Json& program) {
          return program.at("path") == "./copy" && program.contains("sha256");
        }) == 1);
}

TEST_CASE("git works in an overlay workspace") {
  if (refused_here()) return;
  const World world;
  const Finished finished = run(
      world.over("git init -q . && git add . && git -c user.name=a -c user.email=a@b commit -qm one && cp file out && "
                 "git status --short "
                 "&& git checkout -q -b two && git log --oneline | wc -l"));
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(finished.out == "?? out\n1\n");
  CHECK_FALSE(fs::exists(world.workspace() + "/.git"));
}
