// Named egress: what happens when a process of it dies, and where nf_tables cannot steer.
#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>

#include "egress_world.h"

using namespace clawbox::test;
using clawbox::Json;
using clawbox::OwnedFd;

namespace {

std::string name_of(const std::string& pid) {
  std::string name;
  std::getline(std::ifstream("/proc/" + pid + "/comm"), name);
  return name;
}

std::string parent_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("PPid:\t")) return line.substr(6);
  return "";
}

/// The process of this name that this supervisor started; nothing while there is none.
std::optional<pid_t> child_of(pid_t supervisor, const std::string& name) {
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (name_of(pid) == name && parent_of(pid) == std::to_string(supervisor)) return static_cast<pid_t>(std::stoi(pid));
  }
  return std::nullopt;
}

std::optional<pid_t> relay_of(pid_t supervisor) { return child_of(supervisor, "clawbox-egress"); }

/// As a kernel without nfnetlink answers. In the child only, of Command::before_exec.
void refuse_netfilter() {
  const sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 12, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog whole{std::size(program), const_cast<sock_filter*>(program)};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole) != 0)
    ::_exit(123);
}

struct AnyIpWorld : EgressWorld {
  using EgressWorld::EgressWorld;
  Finished inside(const std::string& script) const { return run(steered(command(script))); }
  Command steered(Command command) const { return with_names(std::move(command), refuse_netfilter); }
};

}  // namespace

TEST_CASE("a relay that dies costs what is open, and another one serves what comes") {
  if (no_names_here()) return;
  const Server server(say_hello), faithful([](int connection) {
    say_hello(connection);
    ::pause();
  });
  const EgressWorld world({server.port(), faithful.port()});
  world.create_listed();
  const pid_t supervisor = world.inspect().at("supervisor").get<pid_t>();
  Running waiting = world.start({"python3", "-uc",
                                 "import socket\n"
                                 "s = socket.create_connection(('listed.test', " +
                                     faithful.port() +
                                     "))\n"
                                     "s.recv(6)\nprint('open')\n"
                                     "try:\n  print(s.recv(1))\n"
                                     "except ConnectionResetError:\n  print('reset')\n"});
  waiting.read_until("open");
  const auto first = relay_of(supervisor);
  REQUIRE(first);
  ::kill(*first, SIGKILL);
  const std::string end = waiting.wait().out;
  INFO(end);
  CHECK((end == "\nreset\n" || end == "\nb''\n"));
  CHECK(becomes_true([&] {
    const auto another = relay_of(supervisor);
    return another && *another != *first;
  }));
  const Finished finished = world.exec({"bash", "-c", talk("listed.test", server.port())});
  INFO(finished.err);
  CHECK(finished.out == "hello\n");
  CHECK(world.call({"stop", "work"}).status == 0);
  const auto told = world.trail().all("net.relay");
  CHECK(with(told, "outcome", "failed").size() == 1);
  CHECK(with(told, "outcome", "restarted").size() == 1);
  const auto lost = with(world.trail().all("net.connect"), "outcome", "failed");
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].at("host") == "listed.test");
  CHECK(lost[0].at("comm") == "python3");
  CHECK(lost[0].at("reason").get<std::string>().starts_with("its end is not known"));
}

TEST_CASE("an old address leads to its own host after a relay has died, also where a rule came while the session ran") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  if (no_tproxy_here(world)) return;
  world.create_listed();
  CHECK(world.call({"network", "work", "allow", "other.test:" + server.port()}).status == 0);
  const auto address_of = [&](const std::string& name) {
    const std::string text = world.exec({"getent", "ahostsv4", name}).out;
    return text.substr(0, text.find(' '));
  };
  const std::string other = address_of("other.test"), listed = address_of("listed.test");
  REQUIRE(other != listed);
  const pid_t supervisor = world.inspect().at("supervisor").get<pid_t>();
  const auto relay = relay_of(supervisor);
  REQUIRE(relay);
  const OwnedFd process = watch(*relay);
  ::kill(*relay, SIGKILL);
  REQUIRE(gone_within(process, kDeadline));
  CHECK(world.exec({"bash", "-c", talk(other, server.port())}).out == "hello\n");
  CHECK(world.exec({"bash", "-c", talk(listed, server.port())}).out == "hello\n");
  CHECK(address_of("other.test") == other);
  CHECK(world.call({"stop", "work"}).status == 0);
  const auto connected = with(world.trail().all("net.connect"), "outcome", "connected");
  REQUIRE(connected.size() == 2);
  CHECK(connected[0].at("host") == "other.test");
  CHECK(connected[1].at("host") == "listed.test");
}

TEST_CASE("a relay that is stopped keeps no session from ending, and what it holds is on record") {
  if (no_names_here()) return;
  const Server silent([](int) { ::pause(); });
  const EgressWorld world({silent.port()});
  world.create_listed();
  Running waiting =
      world.start({"bash", "-c", "exec 3<>/dev/tcp/listed.test/" + silent.port() + " && echo open && cat <&3"});
  waiting.read_until("open");
  const auto relay = relay_of(world.inspect().at("supervisor").get<pid_t>());
  REQUIRE(relay);
  ::kill(*relay, SIGSTOP);
  CHECK(world.call({"stop", "work"}).status == 0);
  const Trail trail = world.trail();
  const auto lost = trail.all("net.connect");
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].at("outcome") == "failed");
  CHECK(with(trail.all("net.relay"), "outcome", "lost").size() == 1);
}

TEST_CASE("a relay that dies again and again is given up: the session lives on, and nothing is reached") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  world.create_listed();
  const pid_t supervisor = world.inspect().at("supervisor").get<pid_t>();
  for (int i = 0; i < 4; ++i) {  // within an hour
    std::optional<pid_t> relay;
    REQUIRE(becomes_true([&] { return (relay = relay_of(supervisor)).has_value(); }));
    const OwnedFd process = watch(*relay);
    ::kill(*relay, SIGKILL);
    REQUIRE(gone_within(process, kDeadline));
    // Its parent reaps it before it starts another one.
    CHECK(becomes_true([&] { return relay_of(supervisor) != relay; }));
  }
  CHECK(becomes_true([&] {
    return world
               .exec({"python3", "-c",
                      "import socket, errno\n"
                      "s = socket.socket(); s.settimeout(10)\n"
                      "print(errno.errorcode[s.connect_ex(('198.18.0.2', " +
                          server.port() + "))])\n"})
               .out == "ECONNREFUSED\n";
  }));
  CHECK(world.exec({"getent", "ahosts", "listed.test"}).status != 0);
}

TEST_CASE("a supervisor that is killed takes the session and its relay along") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  world.create_listed();
  const pid_t supervisor = world.inspect().at("supervisor").get<pid_t>();
  const auto relay = relay_of(supervisor);
  const auto init = child_of(supervisor, "clawbox-init");
  REQUIRE(relay);
  REQUIRE(init);
  const OwnedFd ends[] = {watch(*relay), watch(*init)};
  ::kill(supervisor, SIGKILL);
  for (const OwnedFd& end : ends) CHECK(gone_within(end, kDeadline));
}

TEST_CASE("the relay has no capabilities, no way to files, and cannot be traced") {
  if (no_names_here()) return;
  const EgressWorld world({"1"});
  world.create_listed();
  const auto relay = relay_of(world.inspect().at("supervisor").get<pid_t>());
  REQUIRE(relay);
  std::ifstream file("/proc/" + std::to_string(*relay) + "/status");
  const std::string status{std::istreambuf_iterator<char>(file), {}};
  for (const char* line : {"CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"})
    CHECK(status.find(line) != std::string::npos);
}

TEST_CASE("without nf_tables listed hosts and ports are reached all the same, and nothing else is") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const AnyIpWorld world({server.port()});
  const Finished finished = world.inside(talk("listed.test", server.port()));
  INFO(finished.err);
  CHECK(finished.out == "hello\n");
  const auto ended = world.trail().all("net.connect");
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].at("host") == "listed.test");
  CHECK(ended[0].at("comm") == "bash");
  const AnyIpWorld other({server.port()});
  CHECK(other.inside(talk("other.test", server.port())).status != 0);
  CHECK(other.inside(talk("198.51.100.7", "443")).status != 0);
  CHECK(other
            .inside("python3 -c 'import socket; s = socket.socket(); s.settimeout(9); "
                    "print(s.connect_ex((\"8.8.8.8\", 443)))'")
            .out == "111\n");
}

TEST_CASE("without nf_tables a name can be allowed while the session runs, by a list that was empty") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const AnyIpWorld world({"1"});
  world.set_list("");
  REQUIRE(run(world.steered(world.clawbox({"create", "--quiet", "--name", "work", "-p", "listed"}))).status == 0);
  const auto said = [&](const std::string& host) {
    return world.call({"exec", "work", "--", "bash", "-c", talk(host, server.port())}).out;
  };
  CHECK(said("listed.test") != "hello\n");
  for (const char* host : {"127.0.0.1:", "listed.test:"})
    REQUIRE(world.call({"network", "work", "allow", host + server.port()}).status == 0);
  CHECK(said("listed.test") == "hello\n");
}

TEST_CASE("explain says how connections are steered, and what that costs") {
  if (no_names_here()) return;
  const AnyIpWorld world({"1"});
  const auto explained = [&](const Command& command) {
    const Finished finished = run(command);
    INFO(finished.err);
    REQUIRE(finished.status == 0);
    return Json::parse(finished.out);
  };
  const Command explain = world.clawbox({"explain", "--json", "--profile", "listed"});
  CHECK(explained(world.steered(explain)).at("network").at("steering") == "anyip");
  if (no_tproxy_here(world)) return;
  CHECK(explained(explain).at("network").at("steering") == "tproxy");
}

TEST_CASE("a host that has lost nf_tables since it was tried starts no session, and the next one knows") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const AnyIpWorld world({server.port()});
  if (no_tproxy_here(world)) return;
  CHECK(run(world.command("true")).status == 0);
  const Finished failed = world.inside("true");
  INFO(failed.err);
  CHECK(failed.status != 0);
  CHECK(world.inside(talk("listed.test", server.port())).out == "hello\n");
}
