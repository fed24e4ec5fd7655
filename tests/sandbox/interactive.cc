// An interactive shell on the caller's terminal: prompt, job control, resizing; and the terminal as it was afterwards.
#include <signal.h>

#include <cstring>

#include "support/catch.h"
#include "support/environment.h"
#include "support/terminal.h"

using clawbox::OwnedFd;
using namespace clawbox::test;

namespace {

constexpr const char* kCtrlC = "\003";
constexpr const char* kCtrlD = "\004";
constexpr const char* kCtrlZ = "\032";

/// An interactive shell whose prompt is easy to find. Words in commands are split by '' so that the echo is no answer.
Command shell(const Environment& environment) {
  return environment.clawbox(
      {"run", "--profile", "coding", "--env", "PS1=ready> ", "--", "bash", "--norc", "--noprofile", "-i"});
}

bool same(const termios& one, const termios& other) {
  return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag && one.c_lflag == other.c_lflag &&
         one.c_cflag == other.c_cflag && std::memcmp(one.c_cc, other.c_cc, sizeof one.c_cc) == 0;
}

}  // namespace

TEST_CASE("a shell prompts, answers and ends with its status") {
  const Environment environment;
  Terminal terminal(shell(environment));
  terminal.read_until("ready> ");
  terminal.type("echo an''swer; test -t 0 && test -t 1 && echo termi''nal\n");
  terminal.read_until("answer");
  terminal.read_until("terminal");
  terminal.read_until("ready> ");
  terminal.type("exit 3\n");
  CHECK(terminal.wait() == 3);
}

TEST_CASE("Ctrl-C ends the command in front and not the shell") {
  const Environment environment;
  Terminal terminal(shell(environment));
  terminal.read_until("ready> ");
  terminal.type("sh -c 'echo be''gun; exec sleep 1000'\n");  // it speaks itself, so it is in front when it does
  terminal.read_until("begun");
  terminal.type(kCtrlC);
  terminal.read_until("ready> ");
  terminal.type("echo status=$?\n");
  terminal.read_until("status=130");
}

TEST_CASE("Ctrl-Z stops the command in front, and fg goes on with it") {
  const Environment environment;
  Terminal terminal(shell(environment));
  terminal.read_until("ready> ");
  terminal.type("sh -c 'echo be''gun; read line; echo got \"$line\"'\n");
  terminal.read_until("begun");
  terminal.type(kCtrlZ);
  terminal.read_until("Stopped");
  terminal.read_until("ready> ");
  terminal.type("fg\n");
  terminal.read_until("fg");
  terminal.type("wo''rd\n");
  terminal.read_until("got wo''rd");
  terminal.read_until("ready> ");
}

TEST_CASE("the size of the terminal passes, at the start and later") {
  const Environment environment;
  Terminal terminal(shell(environment));
  terminal.read_until("ready> ");
  terminal.type("stty size\n");
  terminal.read_until("24 80");
  terminal.read_until("ready> ");
  // The shell says so itself when the change has arrived: nothing here has to wait for it.
  terminal.type("trap 'echo resi''zed $(stty size)' WINCH; echo se''t\n");
  terminal.read_until("set");
  terminal.resize(40, 132);
  terminal.type("\n");
  terminal.read_until("resized 40 132");
}

TEST_CASE("the terminal's attributes are as before when the run ends") {
  const Environment environment;
  Terminal terminal(environment.outside({"sh"}));
  const termios before = terminal.attributes();
  terminal.type("'" + clawbox_binary() + "' run -- stty raw -echo; echo en''ded\n");
  terminal.read_until("ended");
  CHECK(same(terminal.attributes(), before));
}

TEST_CASE("the terminal's attributes are as before when the launcher is terminated") {
  const Environment environment;
  Terminal terminal(environment.clawbox({"run", "--", "sh", "-c", "echo runn''ing; exec sleep 1000"}));
  const termios before = terminal.attributes();
  terminal.read_until("running");
  CHECK(!same(terminal.attributes(), before));  // the proxy reads single keys: the control
  terminal.send(SIGTERM);
  CHECK(terminal.wait() == 128 + SIGTERM);
  CHECK(same(terminal.attributes(), before));
}

TEST_CASE("end of input on the terminal ends the shell") {
  const Environment environment;
  Terminal terminal(shell(environment));
  terminal.read_until("ready> ");
  terminal.type(kCtrlD);
  CHECK(terminal.wait() == 0);
}

TEST_CASE("a command of the outer shell is stopped by Ctrl-Z and goes on with fg") {
  const Environment environment;
  Terminal terminal(environment.outside({"bash", "--norc", "--noprofile", "-i"}));
  terminal.type("PS1='out''er> '\n");
  terminal.read_until("outer> ");
  terminal.type("'" + clawbox_binary() + "' run -- sh -c 'echo be''gun; read line; echo got $line'\n");
  terminal.read_until("begun");
  terminal.type(kCtrlZ);
  terminal.read_until("Stopped");
  terminal.read_until("outer> ");
  terminal.type("fg\n");
  terminal.read_until("fg");
  terminal.type("word\n");
  terminal.read_until("got word");
  terminal.read_until("outer> ");
}

TEST_CASE("output to the terminal is whole") {
  const Environment environment;
  Terminal terminal(environment.clawbox({"run", "--", "sh", "-c", "seq 1 20000; echo la''st"}));
  const std::string output = terminal.read_until("last");
  CHECK(output.find("\n19999\r\n20000\r\n") != std::string::npos);
  CHECK(terminal.wait() == 0);
}

TEST_CASE("a terminal that hangs up ends the run") {
  const Environment environment;
  OwnedFd launcher;
  {
    Terminal terminal(environment.clawbox({"run", "--", "sh", "-c", "echo be''gun; sleep 1000"}));
    terminal.read_until("begun");
    launcher = watch(terminal.pid());
  }
  CHECK(gone_within(launcher, 3s));
}
