// Servers of the host for named egress: a directory over HTTP, and git over ssh.
#pragma once

#include "egress_world.h"

namespace clawbox::test {

/// The files below `directory`, at a port of the host's loopback. Needs python3.
class FileServer {
 public:
  FileServer(const Environment& environment, const std::string& directory)
      : running_(environment.outside(
            {"python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", directory, "0"})) {
    const std::string words = running_.read_until("http://");
    const std::size_t port = words.find("port ") + 5;
    port_ = words.substr(port, words.find(" (") - port);
  }
  const std::string& port() const { return port_; }
  std::string url() const { return "http://listed.test:" + port_; }

 private:
  Running running_;
  std::string port_;
};

inline void run_well(const Command& command) {
  const Finished finished = run(command);
  INFO(finished.err);
  REQUIRE(finished.status == 0);
}

/// A server of ssh for one user, "tester", who is the user of the test with `home` as home; the key is `home`/key. In
/// the server's view of the host that user has an entry; nothing of the real user's is read.
class SshServer {
 public:
  static std::optional<std::string> missing() {
    for (const char* program :
         {"/usr/sbin/dropbear", "/usr/bin/dropbearkey", "/usr/bin/dropbearconvert", "/usr/bin/ssh"})
      if (::access(program, X_OK) != 0) return std::string("set-up: ") + program + " is not installed";
    return {};
  }
  explicit SshServer(const Environment& environment) : home_(environment.home()), server_(prepare(environment)) {}
  std::string port() const { return server_.port(); }

 private:
  Server::Serve prepare(const Environment& environment) const {
    run_well(environment.outside({"bash", "-euc", R"(
umask 077
dropbearkey -t ed25519 -f "$0/host-key"
dropbearkey -t ed25519 -f "$0/dropbear-key" | grep ^ssh- >"$0/public"
dropbearconvert dropbear openssh "$0/dropbear-key" "$0/key"
mkdir "$0/.ssh"
mv "$0/public" "$0/.ssh/authorized_keys"
echo "tester:x:$(id -u):$(id -g)::$0:/bin/bash" >"$0/passwd"
chmod 644 "$0/passwd"
)",
                                  home_}));
    return [home = home_](int connection) {
      enter_own_mounts();
      mount_here((home + "/passwd").c_str(), "/etc/passwd", nullptr, MS_BIND, nullptr);
      ::dup2(connection, 0);
      ::dup2(connection, 1);
      ::execl("/usr/sbin/dropbear", "dropbear", "-i", "-s", "-r", (home + "/host-key").c_str(), nullptr);
    };
  }
  std::string home_;
  Server server_;
};

}  // namespace clawbox::test
