// clawbox fs: files of a session from outside, with the rights of a command inside.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "files/stream.h"
#include "session_world.h"
#include "support/catch.h"
#include "support/terminal.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

Finished fs(const World& world, std::vector<std::string> words, const std::string& input = "",
            std::vector<std::string> options = {}) {
  options.insert(options.begin(), "fs");
  options.emplace_back("work");
  options.insert(options.end(), words.begin(), words.end());
  return world.call(options, input);
}

std::string refusal(const World& world, std::vector<std::string> words, const std::string& input = "") {
  const Finished finished = fs(world, std::move(words), input, {"--json"});
  CHECK(finished.status == 1);
  INFO(finished.err);
  return finished.status == 1 ? Json::parse(finished.err).at("errno").get<std::string>() : "none";
}

}  // namespace

TEST_CASE("a file is written, read, listed, moved and removed, and nothing is executed for it") {
  const World world;
  world.create();
  const std::string at = world.workspace();
  std::string text(1 << 20, 'x');
  text[5] = '\0';
  CHECK(fs(world, {"write", "--parents", at + "/a/b"}, text).status == 0);
  CHECK(read_file(at + "/a/b") == text);
  CHECK(fs(world, {"read", at + "/a/b"}).out == text);
  CHECK(fs(world, {"ls", at + "/a"}).out == "b\n");
  const Json stat = Json::parse(fs(world, {"stat", at + "/a/b"}, "", {"--json"}).out);
  CHECK(stat.at("type") == "file");
  CHECK(stat.at("size") == 1 << 20);
  CHECK(fs(world, {"rename", at + "/a/b", at + "/c"}).status == 0);
  CHECK(fs(world, {"rm", "--recursive", at + "/a"}).status == 0);
  CHECK(fs(world, {"mkdir", at + "/d"}).status == 0);
  CHECK(!std::filesystem::exists(at + "/a"));
  CHECK(Trail(world).all("exec").empty());
}

TEST_CASE("what is read comes as it is, but a terminal obeys nothing of it") {
  const World world;
  world.create();
  const std::string at = world.workspace() + "/file";
  // The character of two bytes lies across the end of a piece; the last one is not whole.
  const std::string text = std::string(clawbox::files::kMostPiece - 1, 'x') + "\u00e9\x1b]0;title\x07\r\n\tEND\xc3";
  write_file(at, text);
  CHECK(fs(world, {"read", at}).out == text);
  Terminal terminal(world.clawbox({"fs", "work", "read", at}));
  const std::string shown = terminal.read_until("END\\xc3");
  CHECK(terminal.wait() == 0);
  CHECK(shown.find("\u00e9\\x1b]0;title\\x07\\x0d\r\n\tEND") != std::string::npos);
  CHECK(shown.find_first_of("\x1b\x07") == std::string::npos);
}

TEST_CASE("what is made belongs to whom a command's files belong") {
  const World world;
  world.create();
  world.shell("touch by-command");
  CHECK(fs(world, {"write", world.workspace() + "/by-fs"}, "x").status == 0);
  struct stat command {
  }, own{};
  REQUIRE(::stat((world.workspace() + "/by-command").c_str(), &command) == 0);
  REQUIRE(::stat((world.workspace() + "/by-fs").c_str(), &own) == 0);
  CHECK(own.st_uid == command.st_uid);
  CHECK(own.st_gid == command.st_gid);
  CHECK(own.st_mode == command.st_mode);
}

TEST_CASE("hidden, read-only and absent things are that for file operations, too") {
  const World world;
  make_directory(world.workspace() + "/.git/hooks");
  world.create();
  CHECK(refusal(world, {"write", "/etc/made"}, "x") == "EROFS");
  CHECK(refusal(world, {"write", world.workspace() + "/.git/hooks/pre-commit"}, "x") == "EROFS");
  CHECK(refusal(world, {"rm", "--recursive", world.workspace() + "/.git/hooks"}) == "EBUSY");
  CHECK(refusal(world, {"read", world.home() + "/.ssh/id_rsa"}) == "ENOENT");
  CHECK(refusal(world, {"read", "/proc/1/mem"}) != "none");
  CHECK(world.shell("echo x >/etc/made || echo refused").find("refused") != std::string::npos);
}

TEST_CASE("no link leads out of --beneath, nor to the host") {
  const World world;
  world.create();
  write_file(world.home() + "/outside", "s3cret");
  const std::string at = world.workspace();
  std::filesystem::create_symlink("/etc/hostname", at + "/far");
  std::filesystem::create_symlink(world.home() + "/outside", at + "/host");
  for (const char* name : {"far", "../outside"}) {
    const Finished finished = fs(world, {"read", name}, "", {"--json", "--beneath", at});
    CHECK(finished.status == 1);
    CHECK(Json::parse(finished.err).at("errno") == "EXDEV");
  }
  CHECK(fs(world, {"read", at + "/far"}).status == 0);  // without it, that is a file inside
  CHECK(fs(world, {"read", at + "/host"}).out.find("s3cret") == std::string::npos);
}

TEST_CASE("the directory to stay in is none that a link of the session leads to") {
  const World world;
  world.create();
  const std::string at = world.workspace();
  world.shell("mkdir real; ln -s /etc away; ln -s real near");
  CHECK(fs(world, {"read", at + "/away/passwd"}).status == 0);  // it does lead there
  for (const char* name : {"/away", "/near"}) {
    const Finished finished = fs(world, {"ls", at + name}, "", {"--json", "--beneath", at + name});
    CHECK(finished.status == 1);
    CHECK(finished.err.find("ELOOP") != std::string::npos);
  }
  CHECK(fs(world, {"ls", at + "/real"}, "", {"--beneath", at + "/real"}).status == 0);
}

TEST_CASE("a tree of more levels than a process may have descriptors is removed") {
  const World world;
  world.create();
  make_directory(world.workspace() + "/tree");
  int here = ::open((world.workspace() + "/tree").c_str(), O_PATH | O_DIRECTORY);
  for (int level = 0; level < 1500; ++level) {
    REQUIRE(::mkdirat(here, "d", 0777) == 0);
    const int next = ::openat(here, "d", O_PATH | O_DIRECTORY);
    ::close(std::exchange(here, next));
  }
  ::close(here);
  const Finished finished = fs(world, {"rm", "--recursive", world.workspace() + "/tree"});
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(!std::filesystem::exists(world.workspace() + "/tree"));
}

TEST_CASE("a directory has the mode that was asked for, whatever the umask") {
  const World world;
  world.create();
  CHECK(fs(world, {"mkdir", "--parents", "--mode", "0772", world.workspace() + "/a/b"}).status == 0);
  CHECK(fs(world, {"mkdir", "--mode", "0300", world.workspace() + "/c"}).status == 0);
  CHECK(std::filesystem::status(world.workspace() + "/a/b").permissions() == std::filesystem::perms(0772));
  CHECK(std::filesystem::status(world.workspace() + "/c").permissions() == std::filesystem::perms(0300));
}

TEST_CASE("each operation is one record, with its path and what became of it") {
  const World world;
  world.create();
  fs(world, {"write", world.workspace() + "/file"}, "x", {"--label", "who=test"});
  fs(world, {"rename", world.workspace() + "/file", world.workspace() + "/new"});
  fs(world, {"read", world.workspace() + "/none"});
  const std::vector<Json> records = Trail(world).all("file");
  REQUIRE(records.size() == 3);
  CHECK(records[0].at("operation") == "write");
  CHECK(records[0].at("outcome") == "done");
  CHECK(records[0].at("labels").at("who") == "test");
  CHECK(records[1].at("to") == world.workspace() + "/new");
  CHECK(records[2].at("outcome") == "failed");
  CHECK(records[2].at("errno") == "ENOENT");
  CHECK(world.call({"log", "--event", "file"}).out.find("file operation 1: write") != std::string::npos);
}

TEST_CASE("a session that is frozen, or gone, does nothing") {
  const World world;
  world.create();
  world.call({"freeze", "work"});
  CHECK(fs(world, {"ls", "/"}).status == 75);
  world.call({"thaw", "work"});
  CHECK(fs(world, {"ls", "/"}).status == 0);
  world.call({"stop", "work"});
  CHECK(fs(world, {"ls", "/"}).status == 75);
  CHECK(world.call({"fs", "nobody", "ls", "/"}).status == 72);
}

TEST_CASE("wrong words are told apart from failures") {
  const World world;
  world.create();
  CHECK(fs(world, {"raed", "/x"}).status == 64);
  CHECK(fs(world, {"read", "relative"}).status == 64);
  CHECK(fs(world, {"read", "--recursive", "/x"}).status == 64);
  CHECK(fs(world, {"rename", "/x"}).status == 64);
  CHECK(fs(world, {"write", "--mode", "999", "/x"}).status == 64);
}

TEST_CASE("the process that does it can be killed from inside, and that is told and on record") {
  const World world;
  world.create();
  Running writer(world.clawbox({"fs", "work", "write", world.workspace() + "/file"}));
  const std::string kill_it =
      "for p in /proc/[0-9]*; do [ ${p#/proc/} != 1 ] && [ ${p#/proc/} != $$ ] && kill -9 ${p#/proc/}; done; true";
  REQUIRE(becomes_true([&] {
    world.exec({"sh", "-c", kill_it});
    return !Trail(world).all("file").empty();
  }));
  CHECK(Trail(world).all("file")[0].at("outcome") == "killed");
  CHECK(writer.wait().status == 75);
  CHECK(!std::filesystem::exists(world.workspace() + "/file"));
  CHECK(world.exec({"true"}).status == 0);
}

TEST_CASE("however often it is stopped and continued from inside, its client hears the end") {
  const World world;
  world.create();
  Running writer(world.clawbox({"fs", "work", "write", world.workspace() + "/file"}));
  const std::string flood =
      "for p in /proc/[0-9]*; do n=${p#/proc/}; [ $n != 1 ] && [ $n != $$ ] && server=$n; done; [ -n \"$server\" ] || "
      "exit 1; i=0; while [ $i -lt 3000 ]; do kill -STOP $server; read x </proc/$server/stat; kill -CONT $server; "
      "i=$((i+1)); done";
  REQUIRE(becomes_true([&] { return world.exec({"sh", "-c", flood}).status == 0; }));
  writer.write_input("x");
  writer.end_input();
  CHECK(writer.wait().status == 0);
  CHECK(read_file(world.workspace() + "/file") == "x");
}
