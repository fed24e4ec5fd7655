#include "seccomp/explain.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"
#include "support/catch.h"
#include "unit/seccomp/policy.h"

namespace clawbox::seccomp {
namespace {

using namespace clawbox::test;

Answer asked(const SyscallPolicy& policy, const std::string& call, std::vector<uint64_t> arguments = {}) {
  return answer_for(policy, compile(policy), call, arguments);
}

std::string text_of_mistakes(const SyscallPolicy& policy) {
  try {
    compile(policy);
  } catch (const Error& error) {
    CHECK(error.status() == ExitStatus::kProfileInvalid);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a refused call is explained with its errno, its rule and its reason") {
  SyscallPolicy policy = base_policy();
  policy.refuse.push_back({"ptrace", {}, EACCES, "nothing to debug here", {"strict.toml", 36}});
  const Answer answer = asked(policy, "ptrace");
  CHECK(answer.verdict == "refused with EACCES");
  CHECK(answer.outcome == "EACCES");
  CHECK(answer.reason == "nothing to debug here");
  CHECK(answer.origin == Origin{"strict.toml", 36});
  CHECK(answer.conditions.empty());
}

TEST_CASE("a call of a group is explained with the group") {
  const Answer answer = asked(base_policy(), "bpf");
  CHECK(answer.verdict == "refused with EPERM");
  CHECK(answer.group == "@refused");
  CHECK(answer.origin == Origin{"base.toml", 69});
}

TEST_CASE("an allowed call and one that nothing names are told apart from refusals") {
  CHECK(asked(base_policy(), "read").verdict == "allowed");
  CHECK(asked(base_policy(), "read").outcome == "allow");
  const Answer unnamed = asked(base_policy(), "io_uring_setup");
  CHECK(unnamed.verdict == "refused with ENOSYS");
  CHECK_FALSE(unnamed.origin);
}

TEST_CASE("a call that kills says so") {
  CHECK(asked({{}, {refused("ptrace", kKillProcess)}}, "ptrace").verdict == "kills the process");
  CHECK(asked({{}, {refused("ptrace", kKillProcess)}}, "ptrace").outcome == "kill");
}

TEST_CASE("where arguments decide, the verdict and the case are those of the given ones") {
  const Answer vsock = asked(base_policy(), "socket", {AF_VSOCK, SOCK_STREAM, 0});
  CHECK(vsock.verdict == "refused with EAFNOSUPPORT");
  CHECK(asked(base_policy(), "socket", {AF_INET, SOCK_STREAM, 0}).verdict == "allowed");
  CHECK(asked(base_policy(), "socket", {AF_INET, SOCK_STREAM, 262}).verdict == "refused with EPROTONOSUPPORT");
  CHECK(vsock.conditions == std::vector<std::string>{"otherwise refused with EAFNOSUPPORT (@default, base.toml:68)"});
  const Answer asks = asked(base_policy(), "personality", {0xffffffff});
  CHECK(asks.conditions == std::vector<std::string>{"when argument 0 is 0xffffffff: allowed (@default, base.toml:68)"});
}

TEST_CASE("given arguments that no rule names are told so") {
  const Answer odd = asked(base_policy(), "personality", {0x400000});
  CHECK(odd.verdict == "refused with ENOSYS");
  CHECK(odd.conditions == std::vector<std::string>{"otherwise refused with ENOSYS (not named)"});
}

TEST_CASE("without arguments every case is listed") {
  const Answer answer = asked(base_policy(), "socket");
  CHECK(answer.conditions.size() > 2);
  CHECK(answer.conditions.back() == "otherwise refused with EAFNOSUPPORT (@default, base.toml:68)");
}

TEST_CASE("a call whose arguments never matter has no cases, with arguments or without") {
  CHECK(asked(base_policy(), "bpf").conditions.empty());
  CHECK(asked(base_policy(), "bpf", {1, 2}).conditions.empty());
}

TEST_CASE("conditions are words") {
  const Answer answer = asked(base_policy(), "clone");
  REQUIRE(answer.conditions.size() == 2);
  CHECK(answer.conditions[0] ==
        "when argument 0 has any bit of 0x7e020000: refused with EPERM (@refused, base.toml:69)");
  CHECK(answer.conditions[1] == "otherwise allowed (@default, base.toml:68)");
}

TEST_CASE("a program of another policy is not explained with this one") {
  const Program other = compile({{allowed("@default")}, {}});
  CHECK_THROWS_AS(answer_for(base_policy(), other, "bpf", {}), Error);
}

TEST_CASE("an unknown call is named with the nearest one") {
  try {
    asked(base_policy(), "ptraec");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.status() == ExitStatus::kUsage);
    CHECK(std::string(error.what()) == "there is no system call 'ptraec', did you mean 'ptrace'?");
  }
}

TEST_CASE("a call that is younger than libseccomp is no unknown one") {
  CHECK(asked(base_policy(), "uretprobe").call == "uretprobe");
  CHECK(text_of_mistakes({{}, {refused("uretprobe")}}) == "");
}

TEST_CASE("all mistakes of a policy are reported at once, each with its place") {
  SyscallPolicy policy = base_policy();
  policy.allow.push_back({"opeanat", {}, 0, "", {"mine.toml", 3}});
  policy.allow.push_back({"@defualt", {}, 0, "", {"mine.toml", 4}});
  policy.refuse.push_back({"ioctl", {{9, 0xff, 0x100}}, EPERM, "", {"mine.toml", 5}});
  policy.refuse.push_back({"ptrace", {}, 0, "", {"mine.toml", 6}});
  CHECK(text_of_mistakes(policy) ==
        "mine.toml:3: there is no system call 'opeanat', did you mean 'openat'?\n"
        "mine.toml:4: there is no group of system calls '@defualt', did you mean '@default'?\n"
        "mine.toml:5: 'ioctl': there is no argument 9; they are 0 to 5\n"
        "mine.toml:5: 'ioctl': argument 9 under mask 0xff can never equal 0x100\n"
        "mine.toml:6: 'ptrace': 0 is no errno that a call can answer");
}

TEST_CASE("a group with argument tests is a mistake") {
  CHECK(text_of_mistakes({{allowed("@default", {{0, 0xff, 1}})}, {}}) ==
        "base.toml:68: '@default': a group takes no argument tests; name the call itself");
}

}  // namespace clawbox::seccomp
