// A user whose host knows names that the test made up, servers on the host's loopback, and a profile that lists some of
// them. A rule names 127.0.0.1 with a port: that is what lifts the refusal of loopback addresses for it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <set>
#include <string>

#include "session_world.h"
#include "support/catch.h"
#include "support/own_mounts.h"
#include "support/trail.h"

namespace clawbox::test {

/// Serves every connection in a child of its own, and ends with the test.
class Server {
 public:
  using Serve = std::function<void(int connection)>;
  explicit Server(const Serve& serve) {
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listening, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listening, 4096) == 0);
    REQUIRE(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    pid_ = ::fork();
    if (pid_ == 0) run(listening, serve);
    ::close(listening);
  }
  Server(const Server&) = delete;
  ~Server() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::string port() const { return std::to_string(port_); }

 private:
  [[noreturn]] static void run(int listening, const Serve& serve) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGCHLD, SIG_IGN);
    while (true) {
      const int connection = ::accept(listening, nullptr, nullptr);
      if (connection >= 0 && ::fork() == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(connection);
        ::_exit(0);
      }
      ::close(connection);
    }
  }
  pid_t pid_ = -1;
  uint16_t port_ = 0;
};

/// Sends every datagram back.
class DatagramServer {
 public:
  DatagramServer() {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    pid_ = ::fork();
    if (pid_ == 0) run(socket);
    ::close(socket);
  }
  DatagramServer(const DatagramServer&) = delete;
  ~DatagramServer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::string port() const { return std::to_string(port_); }

 private:
  [[noreturn]] static void run(int socket) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::array<char, 2048> packet;
    while (true) {
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got =
          ::recvfrom(socket, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got >= 0)
        ::sendto(socket, packet.data(), static_cast<std::size_t>(got), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  pid_t pid_ = -1;
  uint16_t port_ = 0;
};

inline void write_text(int connection, const std::string& text) {
  [[maybe_unused]] const ssize_t sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
}
inline void say_hello(int connection) { write_text(connection, "hello\n"); }
/// Everything back, once the client has ended its half.
inline void echo_at_the_end(int connection) {
  std::string all;
  std::array<char, 65536> buffer;
  for (ssize_t got = 0; (got = ::recv(connection, buffer.data(), buffer.size(), 0)) > 0;)
    all.append(buffer.data(), static_cast<std::size_t>(got));
  for (std::size_t at = 0; at < all.size();) {
    const ssize_t sent = ::send(connection, all.data() + at, all.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return;
    at += static_cast<std::size_t>(sent);
  }
}
inline void answer_http(int connection) {
  std::array<char, 4096> buffer;
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    head.append(buffer.data(), static_cast<std::size_t>(got));
  }
  write_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\npage\n");
}

/// The host's names are the test's, and a list of them, on `ports`; `more_rules` and `more` go into the profile as they
/// are.
struct EgressWorld : World {
  explicit EgressWorld(const std::set<std::string>& ports, const std::string& more_rules = "",
                       const std::string& more = "") {
    set_names({{"127.0.0.1", "localhost listed.test other.test sub.wild.test"}, {"10.1.2.3", "private.test"}});
    std::string list;
    for (const std::string& port : ports) list += (list.empty() ? "" : ", ") + port;
    set_list("{ host = 'listed.test', ports = [" + list +
                 "], reason = 'the test lists it' }, { address = '127.0.0.1', ports = [" + list + "] }" +
                 (more_rules.empty() ? "" : ", " + more_rules),
             more);
  }

  void set_list(const std::string& rules, const std::string& more = "") const {
    add_profile("listed",
                "version = 1\nextends = 'coding'\n[network]\nmode = 'allowlist'\nallow = [" + rules + "]\n" + more);
  }
  /// Addresses and names, as /etc/hosts has them. Read anew by each look-up.
  void set_names(const std::vector<std::pair<std::string, std::string>>& lines) const {
    std::string text;
    for (const auto& [address, names] : lines) text += address + " " + names + "\n";
    write_file(home() + "/hosts", text);
  }
  /// With the test's own /etc/hosts, which the host's look-ups see.
  Command with_names(
      Command command, const std::function<void()>& more = [] {}) const {
    const std::string hosts = home() + "/hosts";
    command.before_exec = [hosts, more] {
      enter_own_mounts();
      mount_here(hosts.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr);
      more();
    };
    return command;
  }
  Command command(const std::string& script, const std::vector<std::string>& options = {}) const {
    std::vector<std::string> words{"run", "--quiet", "--profile", "listed"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "bash", "-c", script});
    return with_names(clawbox(words));
  }
  Finished inside(const std::string& script) const { return run(command(script)); }
  Command python_command(const std::string& script, const std::vector<std::string>& options = {}) const {
    write_file(workspace() + "/script.py", script);
    return command("exec python3 -u script.py", options);
  }
  Finished python(const std::string& script) const { return run(python_command(script)); }
  /// A lasting session named "work".
  void create_listed(const std::vector<std::string>& options = {}) const {
    std::vector<std::string> words{"create", "--quiet", "--name", "work", "-p", "listed"};
    words.insert(words.end(), options.begin(), options.end());
    const Finished made = run(with_names(clawbox(words)));
    INFO(made.err);
    REQUIRE(made.status == 0);
  }
  Trail trail() const { return Trail(*this); }
};

/// What bash says to a name and port, and reads until the end.
inline std::string talk(const std::string& host, const std::string& port) {
  return "exec 3<>/dev/tcp/" + host + "/" + port + " && cat <&3";
}

inline bool no_names_here() {
  if (may_have_own_mounts()) return false;
  skip("kernel: no mount namespaces of one's own here");
  return true;
}

/// Refused packets are on record, and a living list grows, only where nf_tables steers.
inline bool no_tproxy_here(const Environment& environment) {
  const auto why = lacking(environment, {"nf-tables"});
  if (why) skip(*why);
  return why.has_value();
}

inline std::vector<Json> with(const std::vector<Json>& records, const std::string& field, const Json& value) {
  std::vector<Json> found;
  for (const Json& record : records)
    if (record.contains(field) && record.at(field) == value) found.push_back(record);
  return found;
}

}  // namespace clawbox::test
