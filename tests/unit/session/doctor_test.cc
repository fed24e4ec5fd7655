#include "session/doctor.h"

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.h"
#include "session/probes_causes.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"
#include "sys/privileges.h"
#include "sys/seccomp.h"

using namespace clawbox;
using namespace clawbox::session;
using namespace std::chrono_literals;

namespace {

const Finding kProc{"proc", Need::kRequired, true, "a new one", "no session can start", ""};
const Finding kNoProc{
    "proc",     Need::kRequired, false, "mounting a new proc: Operation not permitted", "no session can start",
    "unmask it"};
const Finding kNoFuse{"fuse",        Need::kOptional,
                      false,         "opening '/dev/fuse': Permission denied",
                      "no disk cap", "sudo chmod 0666 /dev/fuse"};

Examination examination_of(std::vector<Finding> findings) {
  return {"6.1.0", std::move(findings), {{"time", true, "wall clock"}, {"memory", false, "later"}}};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

long lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

std::string last_line_of(const std::string& text) {
  const std::size_t before = text.rfind('\n', text.size() - 2);
  return text.substr(before + 1);
}

}  // namespace

TEST_CASE("coding can run when only optional features are missing") {
  CHECK(missing_for_coding(examination_of({kProc, kNoFuse})).empty());
  CHECK(last_line_of(examination_text(examination_of({kProc, kNoFuse}), Colour::kNone)) == "coding can run here\n");
}

TEST_CASE("coding cannot run without a required feature, and the last line names it") {
  const Examination examination = examination_of({kNoProc, kNoFuse});
  CHECK(missing_for_coding(examination) == std::vector<std::string>{"proc"});
  CHECK(last_line_of(examination_text(examination, Colour::kNone)) == "coding cannot run here: proc\n");
}

TEST_CASE("a feature that works takes one line, one that does not takes three") {
  const long base = lines_of(examination_text(examination_of({}), Colour::kNone));
  CHECK(lines_of(examination_text(examination_of({kProc}), Colour::kNone)) == base + 1);
  CHECK(lines_of(examination_text(examination_of({kNoProc}), Colour::kNone)) == base + 3);
}

TEST_CASE("a missing feature is told with its reason, its cost and the command that mends it") {
  const std::string text = examination_text(examination_of({kNoFuse}), Colour::kNone);
  CHECK(has(text, "missing  fuse  opening '/dev/fuse': Permission denied"));
  CHECK(has(text, "costs: no disk cap"));
  CHECK(has(text, "mend:  sudo chmod 0666 /dev/fuse"));
}

TEST_CASE("text has escape sequences only where colour is asked for") {
  CHECK(examination_text(examination_of({kProc, kNoFuse}), Colour::kNone).find('\x1b') == std::string::npos);
  CHECK(examination_text(examination_of({kProc, kNoFuse}), Colour::kAnsi).find('\x1b') != std::string::npos);
}

TEST_CASE("caps that are not applied are named as such") {
  CHECK(has(examination_text(examination_of({}), Colour::kNone), "not applied  memory"));
}

TEST_CASE("doctor's JSON has the documented fields") {
  const Json json = examination_json(examination_of({kNoProc}));
  CHECK(json["coding"] == false);
  CHECK(json["kernel"] == "6.1.0");
  CHECK(json["probes"][0] == Json({{"name", "proc"},
                                   {"needed", "required"},
                                   {"works", false},
                                   {"found", kNoProc.found},
                                   {"cost", kNoProc.cost},
                                   {"remedy", kNoProc.remedy}}));
  CHECK(json["caps"][1] == Json({{"name", "memory"}, {"applied", false}, {"how", "later"}}));
}

TEST_CASE("a remedy that the attempt knows is preferred to the general one") {
  const auto fails = [](const plan::Host&) { return Attempt{false, "refused", "the special one"}; };
  CHECK(examined({"x", Need::kRequired, "cost", "the general one", fails}, {}).remedy == "the special one");
}

TEST_CASE("a feature that works has no remedy") {
  const auto works = [](const plan::Host&) { return Attempt{true, "found", ""}; };
  CHECK(examined({"x", Need::kRequired, "cost", "the general one", works}, {}).remedy.empty());
}

TEST_CASE("control bytes in what was found are escaped") {
  const auto found = [](const plan::Host&) { return Attempt{true, "a\x1b[31m", ""}; };
  CHECK(examined({"x", Need::kOptional, "", "", found}, {}).found.find('\x1b') == std::string::npos);
}

std::vector<std::string> names_of_probes(plan::Host::Caller caller) {
  plan::Host host;
  host.caller = caller;
  std::vector<std::string> names;
  for (const Probe& probe : probes_for(host)) names.emplace_back(probe.name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> without(const std::vector<std::string>& all, const std::vector<std::string>& some) {
  std::vector<std::string> rest;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(rest));
  return rest;
}

TEST_CASE("the names of the probes are unique; root has no slice, and others neither owner-mapping nor images") {
  using Caller = plan::Host::Caller;
  const std::vector<std::string> root = names_of_probes(Caller::kRoot), user = names_of_probes(Caller::kOrdinary);
  CHECK(std::adjacent_find(root.begin(), root.end()) == root.end());
  CHECK(without(root, user) == std::vector<std::string>{"loop", "owner-mapping"});
  CHECK(without(user, root) == std::vector<std::string>{"session-slice"});
}

TEST_CASE("a child that a filter above does not let be made is told with that filter, and not as an old kernel") {
  const Attempt outer = in_child([] {
    const std::array<sock_filter, 4> no_clone3{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
                                                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                                                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
    sys::set_no_new_privileges();
    sys::install_filter(no_clone3);
    const Attempt inner = in_child([] { return "made"; });
    return inner.found + "\n" + inner.remedy;
  });
  INFO(outer.found);
  CHECK(has(outer.found, "a seccomp filter is above this process"));
  CHECK(has(outer.found, "--security-opt seccomp=unconfined"));
  const Attempt other = with_cause_of_clone({false, "refused", ""}, EPERM);
  CHECK(other.found == "refused");
}

TEST_CASE("an attempt in a child brings back what was found") {
  const Attempt attempt = in_child([] { return "found"; });
  CHECK(attempt.works);
  CHECK(attempt.found == "found");
}

TEST_CASE("an attempt in a child is not made in this process") {
  const std::string ours = std::to_string(::getpid());
  CHECK(in_child([] { return std::to_string(::getpid()); }).found != ours);
}

TEST_CASE("an attempt in a child brings back the error and its remedy") {
  const Attempt refused = in_child([]() -> std::string { throw_sys_error(EBUSY, "trying"); });
  CHECK_FALSE(refused.works);
  CHECK(refused.found == "trying: Device or resource busy");
  const Attempt advised = in_child([]() -> std::string { throw Error(ExitStatus::kFeatureMissing, "no", "mend it"); });
  CHECK(advised.remedy == "mend it");
}

TEST_CASE("an attempt that dies is told with its signal") {
  const Attempt attempt = in_child([]() -> std::string {
    ::raise(SIGKILL);
    return "";
  });
  CHECK_FALSE(attempt.works);
  CHECK(has(attempt.found, "killed by signal 9"));
}

TEST_CASE("an attempt that hangs is killed at its deadline") {
  sys::Pipe alive = sys::make_pipe();
  const Attempt attempt = in_child(
      []() -> std::string {
        while (true) ::pause();
      },
      20ms);
  CHECK_FALSE(attempt.works);
  CHECK(has(attempt.found, "20 ms"));
  alive.write_end.reset();
  char byte;
  CHECK(::read(alive.read_end.get(), &byte, 1) == 0);  // end-of-file: the child, which had the other copy, is gone
}

TEST_CASE("an attempt in a user namespace runs with the ids that were mapped") {
  const plan::Host host = plan::look_at_host();
  const Attempt attempt = in_child(CLONE_NEWUSER, probe_identity(host), [] { return std::to_string(::getuid()); });
  if (!attempt.works) return test::skip("kernel: no user namespaces: " + attempt.found);
  CHECK(attempt.found == std::to_string(host.uid));
}

TEST_CASE("the cause of a failure is not looked for where there is none") {
  CHECK(with_cause({true, "found", ""}).found == "found");
}

TEST_CASE("covers of /proc are read from mountinfo, and binfmt_misc is none") {
  const auto covers = covers_of_proc(
      "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
      "23 22 0:30 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n"
      "24 22 0:31 / /proc/kcore rw - tmpfs tmpfs rw\n");
  CHECK(covers == std::vector<std::string>{"/proc/kcore"});
}
