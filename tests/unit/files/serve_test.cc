// Each operation, over a stream as the client has it.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <limits>

#include "files/operations.h"
#include "files/request.h"
#include "files/server.h"
#include "files/stream.h"
#include "support/catch.h"
#include "support/temp_dir.h"

using namespace clawbox;
using namespace clawbox::files;
using clawbox::test::TempDir;

namespace {

struct Result {
  Answer answer;
  std::string output;
};

/// In a process of its own, as in a session: it ends, and its end of the stream with it.
Result ask(const Request& request, const std::function<void(const OwnedFd&)>& send = {}) {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  OwnedFd ours(ends[0]), theirs(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ours.reset();
    ::_exit(serve(request_in(as_words(request)), theirs));
  }
  theirs.reset();
  if (send) send(ours);
  Result result;
  for (Frame frame = receive_frame(ours);; frame = receive_frame(ours)) {
    if (frame.kind == FrameKind::kAnswer) result.answer = answer_in(frame);
    if (frame.kind == FrameKind::kAnswer) break;
    result.output += frame.bytes;
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(WEXITSTATUS(status) == result.answer.error);
  return result;
}

std::function<void(const OwnedFd&)> content(const std::string& text) {
  return [text](const OwnedFd& stream) {
    send_frame(stream, FrameKind::kPiece, text);
    send_frame(stream, FrameKind::kEnd);
  };
}

struct Box {
  TempDir directory;
  std::string at(const std::string& name) const {
    return std::filesystem::canonical(directory.path()).string() + "/" + name;
  }
  Request request(Operation operation, const std::string& name) const {
    Request request;
    request.operation = operation;
    request.path = at(name);
    return request;
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory.path()), {}));
  }
};

}  // namespace

TEST_CASE("a file is read whole, or not at all where it is larger than wanted") {
  const Box box;
  const std::string text(300'000, 'x');
  test::write_file(box.at("big"), text);
  Request request = box.request(Operation::kRead, "big");
  CHECK(ask(request).output == text);
  request.limit = 299'999;
  const Result refused = ask(request);
  CHECK(refused.answer.error == EFBIG);
  CHECK(refused.output.empty());
}

TEST_CASE("what is no plain file is not read, and a fifo keeps nobody waiting") {
  const Box box;
  REQUIRE(::mkfifo(box.at("fifo").c_str(), 0600) == 0);
  CHECK(ask(box.request(Operation::kRead, "fifo")).answer.error == EINVAL);
  CHECK(ask(box.request(Operation::kRead, ".")).answer.error == EISDIR);
  CHECK(ask(box.request(Operation::kRead, "none")).answer.error == ENOENT);
}

TEST_CASE("a file with hard links is refused where one name is asked for") {
  const Box box;
  test::write_file(box.at("one"), "x");
  std::filesystem::create_hard_link(box.at("one"), box.at("two"));
  for (const Operation operation : {Operation::kRead, Operation::kWrite}) {
    Request request = box.request(operation, "two");
    request.one_name = true;
    CHECK(ask(request, operation == Operation::kWrite ? content("y") : nullptr).answer.error == EMLINK);
    request.one_name = false;
    CHECK(ask(request, operation == Operation::kWrite ? content("y") : nullptr).answer.error == 0);
  }
}

TEST_CASE("a write replaces all at once, keeps the mode, and follows a link") {
  const Box box;
  test::write_file(box.at("script"), "old", 0755);
  std::filesystem::create_symlink("script", box.at("link"));
  const int before = ::open(box.at("script").c_str(), O_RDONLY);
  CHECK(ask(box.request(Operation::kWrite, "link"), content("new")).answer.size == 3);
  char old[4] = {};
  CHECK(::read(before, old, 3) == 3);  // who had it open reads the old one
  ::close(before);
  CHECK(std::string(old) == "old");
  CHECK(test::read_file(box.at("script")) == "new");
  CHECK(std::filesystem::is_symlink(box.at("link")));
  CHECK((std::filesystem::status(box.at("script")).permissions() & std::filesystem::perms::all) ==
        std::filesystem::perms(0755));
  CHECK(box.entries() == 2);
}

TEST_CASE("a client that goes in the middle of a write leaves the old file and nothing beside it") {
  const Box box;
  test::write_file(box.at("file"), "old");
  const Result result = ask(box.request(Operation::kWrite, "file"), [](const OwnedFd& stream) {
    send_frame(stream, FrameKind::kPiece, "half");
    ::shutdown(stream.get(), SHUT_WR);
  });
  CHECK(result.answer.error == ECONNRESET);
  CHECK(test::read_file(box.at("file")) == "old");
  CHECK(box.entries() == 1);
}

TEST_CASE("an exclusive write takes what is there, a dangling link too, as there") {
  const Box box;
  std::filesystem::create_symlink("nowhere", box.at("dangling"));
  for (const char* name : {"dangling", "new"}) {
    Request request = box.request(Operation::kWrite, name);
    request.exclusive = true;
    CHECK(ask(request, content("x")).answer.error == (std::string(name) == "new" ? 0 : EEXIST));
  }
  CHECK(!std::filesystem::exists(box.at("nowhere")));
  CHECK(test::read_file(box.at("new")) == "x");
}

TEST_CASE("parents and a mode are as asked for") {
  const Box box;
  Request request = box.request(Operation::kWrite, "a/b/file");
  CHECK(ask(request, content("x")).answer.error == ENOENT);
  request.parents = true;
  request.mode = 0640;
  CHECK((ask(request, content("x")).answer.mode & 07777) == 0640);
}

TEST_CASE(
    "the mode of a directory is that of the last one that is made, whatever the umask, and of none that was there") {
  const Box box;
  const auto mode_of = [&](const char* name) { return std::filesystem::status(box.at(name)).permissions(); };
  const mode_t before = ::umask(0027);
  for (const bool parents : {true, false}) {
    Request request = box.request(Operation::kMakeDirectory, parents ? "a/b" : "c");
    request.parents = parents;
    request.mode = 0773;
    CHECK(ask(request).answer.error == 0);
  }
  Request again = box.request(Operation::kMakeDirectory, "a/b");
  again.parents = true;
  again.mode = 0700;
  CHECK(ask(again).answer.error == 0);
  ::umask(before);
  CHECK(mode_of("a") == std::filesystem::perms(0750));
  CHECK(mode_of("a/b") == std::filesystem::perms(0773));
  CHECK(mode_of("c") == std::filesystem::perms(0773));
}

TEST_CASE("a file in a directory that cannot be written to is written in place") {
  if (::geteuid() == 0) return;  // root may write there
  const Box box;
  test::write_file(box.at("d/file"), "longer than before", 0666);
  std::filesystem::permissions(box.at("d"), std::filesystem::perms(0555));
  CHECK(ask(box.request(Operation::kWrite, "d/file"), content("x")).answer.error == 0);
  CHECK(test::read_file(box.at("d/file")) == "x");
  CHECK(ask(box.request(Operation::kWrite, "d/new"), content("x")).answer.error == EACCES);
}

TEST_CASE("a listing names types, of many entries in several pieces") {
  const Box box;
  std::filesystem::create_directory(box.at("d"));
  std::filesystem::create_symlink("d", box.at("l"));
  for (int i = 0; i < 3000; ++i) test::write_file(box.at(std::string(40, 'f') + std::to_string(i)), "");
  const std::string listing = ask(box.request(Operation::kList, ".")).output;
  CHECK(std::count(listing.begin(), listing.end(), '\0') == 3002);
  CHECK(('\0' + listing).find(std::string("\0dd\0", 4)) != std::string::npos);
  CHECK(('\0' + listing).find(std::string("\0ll\0", 4)) != std::string::npos);
}

TEST_CASE("a listing of more names than wanted is refused") {
  const Box box;
  for (const char* name : {"one", "two", "three"}) test::write_file(box.at(name), "");
  Request request = box.request(Operation::kList, ".");
  request.limit = 11;
  CHECK(ask(request).answer.error == 0);
  request.limit = 10;
  CHECK(ask(request).answer.error == EFBIG);
}

TEST_CASE("a time beyond what nanoseconds can say is the nearest that they can") {
  constexpr time_t kSecond = 1'000'000'000;
  struct stat status {};
  status.st_mtim = {kSecond, 5};
  CHECK(answer_of(status).modified_ns == 1'000'000'000'000'000'005);
  for (const time_t far : {std::numeric_limits<time_t>::max(), 20 * kSecond}) {
    status.st_mtim = {far, 5};
    CHECK(answer_of(status).modified_ns == std::numeric_limits<int64_t>::max());
    status.st_mtim.tv_sec = -far;
    CHECK(answer_of(status).modified_ns == std::numeric_limits<int64_t>::min());
  }
}

TEST_CASE("removing takes a tree only when asked to, and never what a link points to") {
  const Box box;
  test::write_file(box.at("outside/kept"), "x");
  test::write_file(box.at("tree/a/b/file"), "x");
  std::filesystem::create_symlink("../outside", box.at("tree/link"));
  Request request = box.request(Operation::kRemove, "tree");
  CHECK(ask(request).answer.error == ENOTEMPTY);
  request.recursive = true;
  CHECK(ask(request).answer.error == 0);
  CHECK(ask(request).answer.error == ENOENT);
  request.force = true;
  CHECK(ask(request).answer.error == 0);
  CHECK(!std::filesystem::exists(box.at("tree")));
  CHECK(test::read_file(box.at("outside/kept")) == "x");
}

TEST_CASE("renaming moves, and keeps what is there where that is asked for") {
  const Box box;
  test::write_file(box.at("from"), "x");
  test::write_file(box.at("there"), "y");
  Request request = box.request(Operation::kRename, "from");
  request.to = box.at("there");
  request.exclusive = true;
  CHECK(ask(request).answer.error == EEXIST);
  request.to = box.at("new/place");
  request.parents = true;
  CHECK(ask(request).answer.error == 0);
  CHECK(test::read_file(box.at("new/place")) == "x");
}

TEST_CASE("the directory that everything must stay in is not removed, nor moved") {
  const Box box;
  Request request = box.request(Operation::kRemove, "");
  request.beneath = request.path = box.at("d");
  std::filesystem::create_directory(box.at("d"));
  request.recursive = true;
  CHECK(ask(request).answer.error == EBUSY);
  CHECK(std::filesystem::exists(box.at("d")));
}

TEST_CASE("a request survives its way, and what is none is refused") {
  Request request;
  request.operation = Operation::kRename;
  request.path = "/a b";
  request.to = "/c";
  request.mode = 0600;
  request.parents = true;
  request.follow = false;
  CHECK(as_words(request_in(as_words(request))) == as_words(request));
  CHECK_THROWS(request_in({"read"}));
  request.path = "relative";
  CHECK_THROWS(request_in(as_words(request)));
}
