// Calls that are on record: those that a profile chose, and refusals that a program takes for an older kernel.
#include "support/catch.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

constexpr int kTries = 20;  // what pid 1 says and what it asks for arrive at once, in either order

struct World : Environment {
  World() {
    add_probe("caller");
    add_profile("networked", "version = 1\nextends = 'coding'\n[audit]\ncalls = ['@network']\n");
    add_profile("filed", "version = 1\nextends = 'coding'\n[audit]\ncalls = ['@network', '@file-system']\n");
  }
};

std::vector<Json> named(const std::vector<Json>& records, const std::string& call) {
  std::vector<Json> found;
  for (const Json& record : records)
    if (record.at("call") == call) found.push_back(record);
  return found;
}

}  // namespace

TEST_CASE("io_uring and the kernel's keys look absent inside, and who tries them is on record") {
  for (const std::string call :
       {"io_uring_setup", "io_uring_enter", "io_uring_register", "keyctl", "add_key", "request_key"}) {
    CAPTURE(call);
    const World world;
    CHECK(run(world.inside("coding", {"./caller", call})).out == "ENOSYS\n");
    const Trail trail(world);
    const std::vector<Json> refused = named(trail.all("refused"), call);
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].at("errno") == ENOSYS);
    CHECK(refused[0].at("rule") == (call.starts_with("io_uring") ? "@io-uring" : "@keyring"));
    CHECK(refused[0].at("exec") == trail.exec({"./caller"}).at("id"));
    CHECK(!refused[0].at("reason").get<std::string>().empty());
  }
}

TEST_CASE("a call that no rule names answers ENOSYS without a record") {
  const World world;
  CHECK(run(world.inside("coding", {"true"})).status == 0);
  CHECK(Trail(world).all("refused").empty());
}

TEST_CASE("a datagram is on record with where it went and without what it said, where the network's calls are noted") {
  const World world;
  CHECK(run(world.inside("networked", {"./caller", "sendmsg"})).out == "0\n");
  const Trail trail(world);
  const Json exec = trail.exec({"./caller"});
  std::vector<Json> sent = named(trail.all("call"), "sendmsg");
  std::erase_if(sent, [&](const Json& call) { return call.at("exec") != exec.at("id"); });
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].at("arguments").get<std::string>().find("msg_name={AF_INET \"127.0.0.1:9\"}") != std::string::npos);
  CHECK(trail.text().find("secret") == std::string::npos);
  CHECK(trail.has_no_gaps());
}

TEST_CASE("a session whose every call on sockets and files is noted starts, works and ends") {
  const World world;
  CHECK(run(world.inside("filed", {"sh", "-c", "echo text >file; cat file; exit 42"})).status == 42);
  CHECK(read_file(world.workspace() + "/file") == "text\n");
  const Trail trail(world);
  CHECK(named(trail.all("call"), "sendmsg").size() > 1);  // pid 1's
  CHECK(trail.records().back().at("event") == "session.end");
  CHECK(trail.records().back().at("exit_status") == 42);
}

TEST_CASE("a command that is not there is told where the network's calls are noted") {
  const World world;
  for (int i = 0; i < kTries; ++i) CHECK(run(world.inside("networked", {"/no/such/program"})).status == 127);
}
