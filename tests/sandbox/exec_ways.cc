// However a program is started inside, the trail has it: what was claimed, what ran, and how it ended.
#include <sys/stat.h>

#include <filesystem>

#include "support/catch.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace fs = std::filesystem;

namespace {

constexpr int kEnded = 42;  // tests/probe/starter.cc

/// In it: `starter`, `target` (the same program), and what leads to the target.
struct World : Environment {
  World() {
    const std::string starter = add_probe("starter"), target = workspace() + "/target";
    fs::copy_file(starter, target);
    fs::copy_file(starter, workspace() + "/unreadable");
    ::chmod((workspace() + "/unreadable").c_str(), 0111);
    fs::create_symlink("target", workspace() + "/link");
    fs::create_directory_symlink(".", workspace() + "/directory-link");
    fs::create_hard_link(target, workspace() + "/hard-link");
    write_file(workspace() + "/script", "#!" + target + "\n", 0755);
    write_file(workspace() + "/script-with-word", "#! " + target + " end\n", 0755);
    write_file(workspace() + "/script-of-script", "#!" + workspace() + "/script\n", 0755);
    write_file(workspace() + "/text", target + " text end; exit $?\n", 0755);
  }

  /// `starter WAY PROGRAM` inside; $W is the workspace.
  Trail started(const std::string& way, std::string program) const {
    const Finished finished = run(inside("coding", {"./starter", way, in_workspace(std::move(program))}));
    INFO(finished.out << finished.err);
    CHECK(finished.status == kEnded);
    return Trail(*this);
  }

  std::string in_workspace(std::string text) const {
    const std::size_t at = text.find("$W");
    return at == std::string::npos ? text : text.replace(at, 2, workspace());
  }
};

struct Way {
  const char* name;     // of `starter`
  const char* program;  // as it is started
  const char* claimed;  // the path of the record; empty: by a descriptor
  const char* observed;
};

constexpr Way kWays[] = {
    {"execve", "$W/target", "$W/target", "$W/target"},
    {"execl", "$W/target", "$W/target", "$W/target"},
    {"execveat", "$W/target", "target", "$W/target"},
    {"descriptor", "$W/target", "", "$W/target"},
    {"memfd", "$W/target", "", "/memfd:clawbox-starter"},
    {"proc-fd", "$W/target", "/proc/self/fd/3", "$W/target"},
    {"proc-exe", "$W/target", "/proc/self/exe", "$W/starter"},
    {"execve", "$W/link", "$W/link", "$W/target"},
    {"execve", "$W/hard-link", "$W/hard-link", "$W/hard-link"},
    {"execve", "target", "target", "$W/target"},
    {"execve", "../workspace/target", "../workspace/target", "$W/target"},
    {"execve", "$W/directory-link/target", "$W/directory-link/target", "$W/target"},
    {"execve", "$W/script", "$W/script", "$W/target"},
    {"execve", "$W/script-with-word", "$W/script-with-word", "$W/target"},
    {"execve", "$W/script-of-script", "$W/script-of-script", "$W/target"},
    {"execve", "$W/unreadable", "$W/unreadable", "$W/unreadable"},
    {"vfork", "$W/target", "$W/target", "$W/target"},
    {"spawn", "$W/target", "$W/target", "$W/target"},
    {"system", "$W/target", "$W/target", "$W/target"},
    {"popen", "$W/target", "$W/target", "$W/target"},
    {"thread", "$W/target", "$W/target", "$W/target"},
    {"thread-alone", "$W/target", "$W/target", "$W/target"},
    {"orphan", "$W/target", "$W/target", "$W/target"},
    {"new-session", "$W/target", "$W/target", "$W/target"},
    {"deleted-directory", "$W/target", "$W/target", "$W/target"},
};

/// The words that the way itself claims: for those through a shell the program's own path comes first.
Json record_of(const World& world, const Trail& trail, const Way& way) {
  const std::string name = way.name;
  if (name == "system" || name == "popen") return trail.exec({world.in_workspace(way.program), name, "end"});
  return trail.exec({name, "end"});
}

}  // namespace

TEST_CASE("a program that is started in any way is recorded with its claim, what ran, and its end") {
  for (const Way& way : kWays) {
    INFO(way.name << " " << way.program);
    const World world;
    const Trail trail = world.started(way.name, way.program);
    const Json record = record_of(world, trail, way);
    CHECK(bytes_of(record.at("path")) == world.in_workspace(way.claimed));
    const Json end = trail.end_of(record);
    INFO(end.dump());
    CHECK(end.at("outcome") == "exited");
    CHECK(end.value("exit_status", -1) == kEnded);
    if (end.contains("observed")) CHECK(bytes_of(end.at("observed")).starts_with(world.in_workspace(way.observed)));
    if (std::string(way.program) != "$W/unreadable") CHECK(end.contains("observed"));
    for (const Json& mismatch : trail.all("exec.mismatch")) FAIL_CHECK(mismatch.dump());
  }
}

TEST_CASE("a program whose first thread has ended is seen in the thread that goes on") {
  const World world;
  const Trail trail = world.started("thread-alone", "$W/target");
  const Json first = trail.end_of(trail.all("exec").at(0));
  INFO(first.dump());
  CHECK(first.at("outcome") == "replaced");
  CHECK(bytes_of(first.at("observed")) == world.in_workspace("$W/starter"));
}

TEST_CASE("of two threads that execute at the same time the one that won is never told to have failed") {
  for (int turn = 0; turn < 20; ++turn) {
    const World world;
    const Finished finished = run(world.inside("coding", {"./starter", "rivals", "./target"}));
    const Trail trail(world);
    INFO(trail.text());
    REQUIRE((finished.status == kEnded || finished.status == 7));
    const std::string won = finished.status == 7 ? "/bin/sh" : "./target";
    for (const Json& record : trail.all("exec"))
      if (bytes_of(record.at("path")) == won) CHECK(trail.end_of(record).at("outcome") != "failed");
    CHECK(trail.all("exec").size() == trail.all("exec.end").size());
  }
}

TEST_CASE("a search through PATH ends in the record of the program that was found") {
  const World world;
  const Trail trail = world.started("path-search", "$W/target");
  const Json last = trail.execs({"path-search", "end"}).back();
  CHECK(bytes_of(last.at("path")) == world.workspace() + "/target");
  CHECK(trail.end_of(last).value("exit_status", -1) == kEnded);
}

TEST_CASE("a program in the session's own /tmp is recorded") {
  const World world;
  const Finished finished =
      run(world.inside("coding", {"sh", "-c", "cp target /tmp/copy && ./starter execve /tmp/copy"}));
  INFO(finished.err);
  REQUIRE(finished.status == kEnded);
  const Trail trail(world);
  CHECK(trail.end_of(trail.exec({"execve", "end"})).value("observed", "") == "/tmp/copy");
}

TEST_CASE("a descriptor's exec names the descriptor and its flags") {
  const World world;
  const Trail trail = world.started("descriptor", "$W/target");
  const Json record = trail.exec({"descriptor", "end"});
  CHECK(record.at("call") == "execveat");
  CHECK(record.at("flags") == 0x1000);  // AT_EMPTY_PATH
  CHECK(record.at("dirfd").get<int>() >= 0);
}

TEST_CASE("a program that the loader is called with is in the words of the loader's exec") {
  for (const std::string loader : {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"}) {
    if (!fs::exists(loader)) continue;
    const World world;
    REQUIRE(run(world.inside("coding", {"sh", "-c", loader + " /bin/true by-loader; :"})).status == 0);
    const Trail trail(world);
    const Json record = trail.exec({loader, "/bin/true", "by-loader"});
    CHECK(bytes_of(record.at("path")) == loader);
    CHECK(trail.end_of(record).at("outcome") == "exited");
    CHECK(trail.all("exec.mismatch").empty());
    return;
  }
  skip("kernel: no loader of a known name");
}

TEST_CASE("a text without #! is a failed exec, and the shell that the library starts instead another one") {
  const World world;
  const Trail trail = world.started("execvp", "$W/text");
  CHECK(trail.end_of(trail.exec({"execvp", "end"})).at("outcome") == "failed");
  CHECK(trail.end_of(trail.exec({"/bin/sh", world.workspace() + "/text", "end"})).value("exit_status", -1) == kEnded);
}

TEST_CASE("a script that a shell is given is in the words of the shell's exec") {
  const World world;
  REQUIRE(run(world.inside("coding", {"sh", "text"})).status == kEnded);
  const Trail trail(world);
  CHECK(trail.end_of(trail.exec({"sh", "text"})).value("exit_status", -1) == kEnded);
  CHECK(trail.end_of(trail.exec({world.workspace() + "/target", "text", "end"})).value("exit_status", -1) == kEnded);
}

TEST_CASE("an empty argv is recorded as empty") {
  const World world;
  const Trail trail = world.started("nothing", "$W/target");
  std::vector<Json> found;
  for (const Json& record : trail.all("exec"))
    if (record.at("argv").empty()) found.push_back(record);
  REQUIRE(found.size() == 1);
  CHECK(bytes_of(found[0].at("path")) == world.workspace() + "/target");
  CHECK(trail.end_of(found[0]).value("exit_status", -1) == kEnded);
}

TEST_CASE("of a very long argv the beginning is recorded, and how much was left out") {
  for (const auto& [way, words] : {std::pair("long-argv", 17U), std::pair("many-words", 100'002U)}) {
    INFO(way);
    const World world;
    const Trail trail = world.started(way, "$W/target");
    const Json record = trail.exec({way, "end"});
    const Json cut = record.at("argv_cut");
    const std::size_t counted = record.at("argv").size() + cut.at("words").get<std::size_t>();
    CHECK(counted == std::min<std::size_t>(words, 65536));  // counting is bounded too
    CHECK(record.dump().size() < std::size_t{1} << 20);
    CHECK(trail.end_of(record).value("exit_status", -1) == kEnded);
  }
}

TEST_CASE("bytes that are no text, and those that deceive, come back as they were, and none is in the file itself") {
  const World world;
  const Trail trail = world.started("strange-bytes", "$W/target");
  const std::vector<std::string> words = words_of(trail.exec({"strange-bytes", "end"}).at("argv"));
  REQUIRE(words.size() == 3);
  CHECK(words[2] == "\xff\xfe \x1b[31m\r\n\\x41\\ \xe2\x80\xae \xc3\x28");
  CHECK(trail.text().find('\x1b') == std::string::npos);
  CHECK(trail.text().find("\xe2\x80\xae") == std::string::npos);
}

TEST_CASE("what a program that may not be read asks for is recorded, or plainly said to be unreadable") {
  const World world;
  const Finished finished =
      run(world.inside("coding", {world.workspace() + "/unreadable", "execve", world.workspace() + "/target"}));
  REQUIRE(finished.status == kEnded);
  const std::vector<Json> execs = Trail(world).all("exec");
  REQUIRE(execs.size() == 2);
  for (const Json& record : execs) {
    INFO(record.dump());
    CHECK((record.contains("path") || !record.value("unreadable", "").empty()));
  }
  // The kernel hides it only where the file belongs to somebody whom the session does not know.
  if (!execs[1].contains("unreadable"))
    CHECK(words_of(execs[1].at("argv")) == std::vector<std::string>{"execve", "end"});
}

#if defined(__x86_64__)
TEST_CASE("an exec by the calls of 32 bits or of x32 starts nothing") {
  for (const char* way : {"i386", "x32"}) {
    INFO(way);
    const World world;
    const Finished finished = run(world.inside("coding", {"./starter", way, world.workspace() + "/target"}));
    CHECK(finished.status != kEnded);
    CHECK(Trail(world).all("exec").size() == 1);
  }
}
#endif
