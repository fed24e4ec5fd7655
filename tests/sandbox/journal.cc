// audit.journal: the copy of the trail behind /dev/log, with a socket of the test's in the place of the daemon's.
#include <sys/socket.h>
#include <sys/un.h>

#include "support/catch.h"
#include "support/own_mounts.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;
using clawbox::OwnedFd;

namespace {

constexpr const char* kMark = "]: ";

/// A daemon's socket; who reads it is the test.
class Log {
 public:
  explicit Log(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{AF_UNIX, ""};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
      throw std::runtime_error("binding " + path);
    ::chmod(path.c_str(), 0666);
  }

  /// What has come by now, each without syslog's header.
  std::vector<std::string> messages() const {
    std::vector<std::string> messages;
    std::string buffer(std::size_t{1} << 17, '\0');
    for (ssize_t got = 0; (got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0)) >= 0;) {
      const std::string message = buffer.substr(0, static_cast<std::size_t>(got));
      CHECK(message.starts_with("<86>clawbox["));  // LOG_AUTHPRIV, LOG_INFO
      messages.push_back(message.substr(message.find(kMark) + std::string(kMark).size()));
    }
    return messages;
  }

 private:
  OwnedFd socket_;
};

struct World : Environment {
  World() {
    add_profile("copied", "version = 1\nextends = 'coding'\n[audit]\njournal = true\n");
    make_directory(scratch);
  }

  /// With `log` as /dev/log; nothing there when it is empty.
  Command command(std::vector<std::string> words, const std::string& log) const {
    Command command = inside("copied", std::move(words));
    command.before_exec = [log, scratch = scratch] {
      enter_own_mounts();
      replace_dev_log(log, scratch);
    };
    return command;
  }

  std::string scratch = directory() / "dev", socket = directory() / "log";
};

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("each record of the trail is a message of the journal, byte for byte and in order") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  const World world;
  const Log log(world.socket);
  const Finished finished = run(world.command({"true"}, world.socket));
  INFO(finished.err);
  REQUIRE(finished.status == 0);
  CHECK(finished.err.find("journal") == std::string::npos);
  CHECK(log.messages() == lines_of(Trail(world).text()));
}

TEST_CASE("a journal that reads nothing holds nothing up: what it has no room for is missing there only") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  const World world;
  const Log log(world.socket);
  const Finished finished =
      run(world.command({"sh", "-c", "i=0; while [ $i -lt 600 ]; do /bin/true; i=$((i+1)); done"}, world.socket));
  INFO(finished.err);
  CHECK(finished.status == 0);
  const Trail trail(world);
  CHECK(trail.execs({"/bin/true"}).size() == 600);
  CHECK(trail.has_no_gaps());
  const std::vector<std::string> copied = log.messages(), written = lines_of(trail.text());
  REQUIRE(!copied.empty());
  CHECK(copied.size() < written.size());
  CHECK(std::equal(copied.begin(), copied.end(), written.begin()));
}

TEST_CASE("a journal that is not there is said at the start, and the session is recorded as ever") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  const World world;
  const Finished finished = run(world.command({"true"}, ""));
  CHECK(finished.status == 0);
  CHECK(finished.err.find("records are not copied to the journal") != std::string::npos);
  const Trail trail(world);
  CHECK(trail.all("session.end").size() == 1);
  CHECK(trail.all("session.start")[0].at("shortfalls").dump().find("journal") != std::string::npos);
}

TEST_CASE("a journal that ends meanwhile does not end the session, nor its trail") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  const World world;
  std::optional<Log> log(world.socket);
  Running running(world.command({"sh", "-c", "echo begun; read line; /bin/true"}, world.socket));
  running.read_until("begun\n");
  CHECK(!log->messages().empty());
  log.reset();  // the name stays, and nobody is behind it: connect(2) says ECONNREFUSED
  running.write_input("\n");
  CHECK(running.wait().status == 0);
  CHECK(Trail(world).has_no_gaps());
}
