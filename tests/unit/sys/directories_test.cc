#include "sys/directories.h"

#include <fcntl.h>

#include <set>

#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"

using namespace clawbox;

namespace {

std::set<std::string> names_in(sys::Listing listing) {
  std::set<std::string> names;
  while (const dirent* entry = listing.next()) names.emplace(entry->d_name);
  return names;
}

}  // namespace

TEST_CASE("a listing holds every entry, hidden ones too, but not the directory itself") {
  const test::TempDir dir;
  test::write_file(dir / "file", "");
  test::write_file(dir / ".hidden", "");
  test::write_file(dir / "..odd", "");
  CHECK(names_in(sys::Listing(dir.path())) == std::set<std::string>{"file", ".hidden", "..odd"});
  CHECK(names_in(sys::Listing(sys::open(dir.path(), O_RDONLY))) == std::set<std::string>{"file", ".hidden", "..odd"});
}

TEST_CASE("what cannot be listed has no entries") {
  const test::TempDir dir;
  test::write_file(dir / "file", "");
  CHECK(names_in(sys::Listing(dir / "gone")).empty());
  CHECK(names_in(sys::Listing(dir / "file")).empty());
  CHECK(names_in(sys::Listing(OwnedFd())).empty());
}

TEST_CASE("a listing leaves the caller's descriptor open") {
  const test::TempDir dir;
  const OwnedFd directory = sys::open(dir.path(), O_RDONLY);
  names_in(sys::Listing(directory));
  CHECK(::fcntl(directory.get(), F_GETFD) == FD_CLOEXEC);
}
