#include "store/quota.h"

#include "store/names.h"
#include "support/catch.h"

using namespace clawbox::store;

namespace {

constexpr uint64_t kMiB = 1024 * 1024;

}  // namespace

TEST_CASE("data ends where the room for names begins") {
  Quota quota({kMiB, 10});
  CHECK(quota.bytes_left() == kMiB - kNameRoom);
  quota.recharge(0, kMiB - kNameRoom);
  CHECK(quota.bytes_left() == 0);
  CHECK(quota.has_room_for_name());
  quota.recharge(0, 1);
  CHECK_FALSE(quota.has_room_for_name());
}

TEST_CASE("the last file that the cap allows can be made, and no other until one goes") {
  Quota quota({kMiB, 2}, {0, 1});
  CHECK(quota.has_room_for_file());
  quota.add_file();
  CHECK_FALSE(quota.has_room_for_file());
  CHECK(quota.has_room_for_name());
  quota.remove_file();
  CHECK(quota.has_room_for_file());
}

TEST_CASE("a file that shrinks gives back what it was charged") {
  Quota quota({kMiB, 10});
  quota.recharge(0, 8192);
  quota.recharge(8192, 4096);
  CHECK(quota.used().bytes == 4096);
  CHECK(quota.peak().bytes == 8192);
}

TEST_CASE("giving back more than was ever charged ends at nothing and not beyond") {
  Quota quota({kMiB, 10});
  quota.recharge(4096, 0);
  quota.remove_file();
  CHECK(quota.used().bytes == 0);
  CHECK(quota.used().files == 0);
}

TEST_CASE("a directory that holds more than the cap has no room left") {
  const Quota quota({kMiB, 10}, {2 * kMiB, 20});
  CHECK(quota.bytes_left() == 0);
  CHECK_FALSE(quota.has_room_for_name());
  CHECK_FALSE(quota.has_room_for_file());
}

TEST_CASE("a cap below the room for names holds nothing") {
  const Quota quota({100, 10});
  CHECK(quota.bytes_left() == 0);
  CHECK_FALSE(quota.has_room_for_file());
}

TEST_CASE("only a name that stays in its directory reaches the host") {
  CHECK(is_entry_name("a"));
  CHECK(is_entry_name("..."));
  CHECK(is_entry_name(std::string(255, 'x')));
  CHECK_FALSE(is_entry_name(""));
  CHECK_FALSE(is_entry_name("."));
  CHECK_FALSE(is_entry_name(".."));
  CHECK_FALSE(is_entry_name("a/b"));
  CHECK_FALSE(is_entry_name("/"));
  CHECK_FALSE(is_entry_name(std::string_view("a\0b", 3)));
  CHECK_FALSE(is_entry_name(std::string(256, 'x')));
}

TEST_CASE("only attributes of users reach the host") {
  CHECK(is_own_attribute("user.overlay.opaque"));
  CHECK_FALSE(is_own_attribute("user."));
  CHECK_FALSE(is_own_attribute("security.capability"));
  CHECK_FALSE(is_own_attribute("trusted.overlay.opaque"));
  CHECK_FALSE(is_own_attribute("system.posix_acl_access"));
}
