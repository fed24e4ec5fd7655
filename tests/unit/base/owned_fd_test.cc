#include "base/owned_fd.h"

#include <fcntl.h>

#include <utility>

#include "support/catch.h"

namespace clawbox {
namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("a descriptor is closed when its owner leaves scope") {
  const int fd = open_null();
  {
    const OwnedFd owner(fd);
    REQUIRE(is_open(fd));
  }
  CHECK_FALSE(is_open(fd));
}

TEST_CASE("a moved descriptor has one owner") {
  OwnedFd first(open_null());
  const int fd = first.get();
  const OwnedFd second(std::move(first));
  CHECK(second.get() == fd);
  CHECK(is_open(fd));
}

TEST_CASE("assigning a descriptor closes the one that was held") {
  const int old = open_null();
  {
    OwnedFd holder(old);
    holder = OwnedFd(open_null());
    CHECK_FALSE(is_open(old));
    CHECK(is_open(holder.get()));
  }
}

TEST_CASE("a released descriptor stays open") {
  OwnedFd owner(open_null());
  const int fd = owner.release();
  CHECK_FALSE(static_cast<bool>(owner));
  CHECK(is_open(fd));
  ::close(fd);
}

}  // namespace clawbox
