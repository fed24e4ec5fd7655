// An upper layer that was made to hurt who reviews it.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "review/apply.h"
#include "review/patch.h"
#include "support/catch.h"
#include "support/containing.h"
#include "world.h"

using namespace clawbox::test;
using clawbox::review::Applied;
using clawbox::review::Wish;
namespace fs = std::filesystem;
using Words = std::vector<std::string>;

TEST_CASE("a symlink in the upper layer is never gone through, be it a file's or a directory's name") {
  const World world;
  const TempDir elsewhere;
  write_file(elsewhere / "secret", "secret\n");
  world.host("directory/secret", "mine\n");
  world.host("file", "mine\n");
  fs::create_directory_symlink(elsewhere.path(), world.in_upper("directory"));
  fs::create_symlink(elsewhere / "secret", world.in_upper("file"));
  CHECK(world.changes() == Words{"T directory!", "D directory/secret", "T file!"});
  const Applied applied = world.apply({.risky = Wish::Risky::kIncluded});
  CHECK(applied.rest == Applied::Rest::kNone);
  CHECK(fs::read_symlink(world.at_host("file")) == elsewhere / "secret");
  CHECK(read_file(elsewhere / "secret") == "secret\n");
  CHECK(contents_of(elsewhere.path()).size() == 1);
}

TEST_CASE("a symlink in the workspace is replaced itself, and what it leads to stays") {
  const World world;
  const TempDir elsewhere;
  write_file(elsewhere / "file", "outside\n");
  fs::create_symlink(elsewhere / "file", world.at_host("link"));
  world.begin_session();
  world.write("link", "overwritten\n");
  CHECK(world.apply().rest == Applied::Rest::kNone);
  CHECK(read_file(elsewhere / "file") == "outside\n");
  CHECK_FALSE(fs::is_symlink(world.at_host("link")));
}

TEST_CASE("fifos and sockets neither hold a review nor are applied") {
  const World world;
  world.host("file", "mine\n");
  REQUIRE(::mkfifo(world.in_upper("file").c_str(), 0644) == 0);
  const clawbox::OwnedFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX};
  const std::string path = world.in_upper("socket");
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const Applied applied = world.apply();
  CHECK(applied.left.size() == 2);
  CHECK(read_file(world.at_host("file")) == "mine\n");
}

TEST_CASE("names with newlines, escape sequences and bytes that are no text are applied as they are") {
  const World world;
  const Words names = {"new\nline", "\x1b[2Jclear", "\xff\xfe", " blank ", "quote\"back\\slash", "-rf", "a\tb"};
  for (const std::string& name : names) world.write(name, name);
  CHECK(world.changes().size() == names.size());
  CHECK(world.apply().rest == Applied::Rest::kNone);
  for (const std::string& name : names) CHECK(read_file(world.at_host(name)) == name);
}

TEST_CASE("a terminal that a patch is shown on obeys nothing in it") {
  CHECK(clawbox::review::visible("a\tb\\n\n\x1b]0;title\x07\r\u202e\xff\n") ==
        "a\tb\\n\n\\x1b]0;title\\x07\\x0d\\xe2\\x80\\xae\\xff\n");
}

TEST_CASE(
    "a tree that is deeper than a path can say is told as what cannot be looked into, and discarded all the same") {
  const World world;
  world.write("file", "x\n");
  const std::string name(200, 'd');
  clawbox::OwnedFd at(::open(world.in_upper("").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int depth = 0; depth < 40; ++depth) {
    REQUIRE(::mkdirat(at.get(), name.c_str(), 0755) == 0);
    at = clawbox::OwnedFd(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  const Applied applied = world.apply();
  REQUIRE(applied.left.size() == 1);
  CHECK(applied.left[0].why.find("cannot be looked into") != std::string::npos);
  CHECK(fs::exists(world.at_host("file")));
  CHECK(world.discard().rest == Applied::Rest::kNone);
  CHECK(fs::is_empty(world.overlays()));
}

TEST_CASE("the name of the staging directory is nobody else's to use") {
  const World world;
  const std::string own = std::string(".clawbox-apply-") + World::kId;
  world.write(own + "/0", "planted\n");
  world.write("file", "x\n");
  const Applied applied = world.apply();
  CHECK(applied.left.size() == 2);
  CHECK(fs::exists(world.at_host("file")));
  CHECK_FALSE(fs::exists(world.at_host(own)));
}

TEST_CASE("a file that claims more than any disk has ends the apply, and nothing of it stays") {
  const World world;
  world.host("file", "old\n");
  world.write("file", "new\n");
  world.write("huge", "");
  if (::truncate(world.in_upper("huge").c_str(), off_t{1} << 43) != 0) return;  // the file system's own limit
  const auto before = world.contents();
  struct rlimit limit {};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{1 << 20, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto was = ::signal(SIGXFSZ, SIG_IGN);
  CHECK_THROWS_WITH(world.apply(), containing("preparing 'huge'"));
  ::signal(SIGXFSZ, was);
  ::setrlimit(RLIMIT_FSIZE, &limit);
  CHECK(world.contents() == before);
  CHECK(world.changes() == Words{"M file", "A huge"});
}
