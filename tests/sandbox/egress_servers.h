// Servers of the host for named egress: a directory over HTTP, and git over ssh.
#pragma once

#include <fcntl.h>

#include <cstdio>

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

/// A server of ssh for one user, "tester", who is the user of the test with `home` as home and the key `home`/key. In
/// the server's view of the host that user has an entry; nothing of the real user's is read.
class SshServer {
 public:
  static std::optional<std::string> missing() {
    for (const char* program : {"/usr/sbin/dropbear", "/usr/bin/dropbearkey", "/usr/bin/ssh", "/usr/bin/ssh-keygen"})
      if (::access(program, X_OK) != 0) return std::string("set-up: ") + program + " is not installed";
    return {};
  }
  explicit SshServer(const Environment& environment) : home_(environment.home()), server_(prepare(environment)) {}
  std::string port() const { return server_.port(); }

 private:
  Server::Serve prepare(const Environment& environment) const {
    run_well(environment.outside({"/usr/bin/dropbearkey", "-t", "ed25519", "-f", home_ + "/host-key"}));
    run_well(environment.outside({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home_ + "/key"}));
    run_well(
        environment.outside({"bash", "-c",
                             "umask 077 && mkdir -p \"$0/.ssh\" && cp \"$0/key.pub\" \"$0/.ssh/authorized_keys\" &&"
                             "echo \"tester:x:$(id -u):$(id -g)::$0:/bin/bash\" >\"$0/passwd\"; umask 022;"
                             "chmod 755 \"$0\" && chmod 644 \"$0/passwd\"",
                             home_}));
    return [home = home_](int connection) {
      enter_own_mounts();
      mount_here((home + "/passwd").c_str(), "/etc/passwd", nullptr, MS_BIND, nullptr);
      ::dup2(::open((home + "/ssh.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), 2);
      ::dup2(connection, 0);
      ::dup2(connection, 1);
      ::execl("/usr/sbin/dropbear", "dropbear", "-i", "-E", "-s", "-r", (home + "/host-key").c_str(), nullptr);
    };
  }
  std::string home_;
  Server server_;
};

}  // namespace clawbox::test
