// Apart from the world, which measurements use too.
#include <unistd.h>

#include <optional>

#include "base/error.h"
#include "relay_world.h"
#include "support/catch.h"
#include "support/own_network.h"

namespace clawbox::egress::world {

void in_world(const std::function<Setting()>& setting, const std::function<void(World&)>& act) {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  const auto network = clawbox::test::in_own_network([&](const OwnedFd&) -> std::string {
    try {
      take_ids(uid, gid);
    } catch (const std::exception& error) {
      return std::string("no world: ") + error.what();
    }
    std::optional<World> world;
    try {
      world.emplace(setting());
    } catch (const SysError& error) {
      return std::string("no world: ") + error.what();
    }
    act(*world);
    return "good";
  });
  if (!network) return clawbox::test::skip("kernel: no network namespace of one's own");
  const std::string result = clawbox::test::result_of(*network);
  if (result.starts_with("no world: ")) return clawbox::test::skip("kernel: " + result);
  CHECK(result == "good");
}

}  // namespace clawbox::egress::world
