// Missing and hostile input: each has its own exit status and one clear message, and leaves nothing behind.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/exit_status.h"
#include "support/catch.h"
#include "support/environment.h"

using namespace clawbox::test;
using clawbox::ExitStatus;

namespace {

/// Names in the state and runtime directories that belong to sessions, and the mounts of this process.
std::string left_behind(const Environment& environment) {
  std::string names;
  std::error_code ignored;
  for (const std::string& directory : {environment.runtime(), environment.state()})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, ignored))
      if (entry.path().filename() == "session.json" || entry.is_socket()) names += entry.path().string() + "\n";
  return names;
}

void check_refused(const Environment& environment, const Finished& finished, ExitStatus status,
                   const std::string& word) {
  INFO(finished.out << finished.err);
  CHECK(!finished.overdue);
  CHECK(finished.status == static_cast<int>(status));
  CHECK(finished.err.find(word) != std::string::npos);
  CHECK(finished.err.find("terminate called") == std::string::npos);
  CHECK(left_behind(environment).empty());
}

/// Runs with the profile `text` and expects it to be refused, with `word` in the message.
void check_profile(const std::string& text, const std::string& word, ExitStatus status = ExitStatus::kProfileInvalid) {
  const Environment environment;
  environment.add_profile("odd", text);
  INFO(text.substr(0, 200));
  check_refused(environment, run(environment.inside("odd", {"true"})), status, word);
}

}  // namespace

TEST_CASE("a good profile of the user's runs: the control of the refusals below") {
  const Environment environment;
  environment.add_profile("good", "version = 1\nextends = 'coding'\n");
  CHECK(run(environment.inside("good", {"true"})).status == 0);
}

TEST_CASE("a profile that is nowhere is refused by name") {
  const Environment environment;
  check_refused(environment, run(environment.inside("codnig", {"true"})), ExitStatus::kProfileMissing, "coding");
}

TEST_CASE("an unknown key is refused with its place and the nearest name") {
  check_profile("version = 1\nextends = 'coding'\n[limits]\nmemori = '1GiB'\n", "odd.toml:4:1");
  check_profile("version = 1\nextends = 'coding'\n[limits]\nmemori = '1GiB'\n", "memory");
}

TEST_CASE("an unknown unit is refused with its place") {
  check_profile("version = 1\nextends = 'coding'\n[limits]\nmemory = '4 gigs'\n", "odd.toml:4:");
  check_profile("version = 1\nextends = 'coding'\n[limits]\ntime = '-5s'\n", "odd.toml:4:");
  check_profile("version = 1\nextends = 'coding'\n[limits]\ntmp = 1000\n", "odd.toml:4:");
}

TEST_CASE("a profile that is no TOML is refused with its place") {
  check_profile("version = 1\n[limits\n", "odd.toml:2");
  check_profile("version = 1\nextends = 'coding'\n" + std::string("x = \"\xff\xfe\"\n"), "odd.toml:3");
  check_profile("version = 1\nextends = 'cod" + std::string(1, '\0') + "ing'\n", "odd.toml:2");
}

TEST_CASE("a profile of more than 64 KiB is refused before it is parsed") {
  check_profile("version = 1\nextends = 'coding'\n#" + std::string(65536, 'x') + "\n", "64");
}

TEST_CASE("a key of 100,000 parts is refused and not recursed into") {
  std::string key = "a";
  for (int part = 1; part < 100'000; ++part) key += ".a";
  check_profile("version = 1\n" + key + " = 1\n", "odd.toml");
  std::string fits = "a";
  for (int part = 1; part < 30'000; ++part) fits += ".a";
  check_profile("version = 1\n" + fits + " = 1\n", "odd.toml");
}

TEST_CASE("a profile that extends itself is refused with the chain") {
  const Environment environment;
  environment.add_profile("odd", "version = 1\nextends = 'even'\n");
  environment.add_profile("even", "version = 1\nextends = 'odd'\n");
  check_refused(environment, run(environment.inside("odd", {"true"})), ExitStatus::kProfileInvalid, "even");
}

TEST_CASE("a profile that is a symbolic link is refused") {
  const Environment environment;
  const std::string target =
      write_file(environment.directory() / "elsewhere.toml", "version = 1\nextends = 'coding'\n");
  const std::string link = environment.add_profile("odd", "");
  std::filesystem::remove(link);
  std::filesystem::create_symlink(target, link);
  check_refused(environment, run(environment.inside("odd", {"true"})), ExitStatus::kNotPermitted, "link");
}

TEST_CASE("a profile that others may write is refused") {
  const Environment environment;
  ::chmod(environment.add_profile("odd", "version = 1\nextends = 'coding'\n").c_str(), 0666);
  check_refused(environment, run(environment.inside("odd", {"true"})), ExitStatus::kNotPermitted, "odd.toml");
}

TEST_CASE("a profile of somebody else's is refused") {
  if (::geteuid() != 0) return skip("kernel: only root can give a file away");
  const Environment environment;
  const std::string path = environment.add_profile("odd", "version = 1\nextends = 'coding'\n");
  REQUIRE(::chown(path.c_str(), 54321, 54321) == 0);
  check_refused(environment, run(environment.inside("odd", {"true"})), ExitStatus::kNotPermitted, "odd.toml");
}

TEST_CASE("a profile that is a pipe is refused and not waited for") {
  const Environment environment;
  const std::string path = environment.add_profile("odd", "");
  std::filesystem::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  check_refused(environment, run(environment.inside("odd", {"true"}), 20s), ExitStatus::kProfileInvalid, "FIFO");
}

TEST_CASE("a source path that is missing is refused by name, unless it is optional") {
  check_profile("version = 1\nextends = 'coding'\n[files]\nread_add = ['/clawbox-none']\n", "/clawbox-none",
                ExitStatus::kPathMissing);
  const Environment environment;
  environment.add_profile("optional", "version = 1\nextends = 'coding'\n[files]\nread_add = ['/clawbox-none?']\n");
  CHECK(run(environment.inside("optional", {"true"})).status == 0);
}

TEST_CASE("a path to hide that is missing is refused by name, unless it is optional") {
  check_profile("version = 1\nextends = 'coding'\n[files]\nhide_add = ['/etc/sudoerz']\n", "/etc/sudoerz",
                ExitStatus::kPathMissing);
  const Environment environment;
  environment.add_profile("optional", "version = 1\nextends = 'coding'\n[files]\nhide_add = ['/etc/sudoerz?']\n");
  const Finished explained = run(environment.clawbox({"explain", "--profile", "optional"}));
  INFO(explained.err);
  CHECK(explained.status == 0);
  CHECK(explained.out.find("absent      /etc/sudoerz") != std::string::npos);
}

TEST_CASE("a symbolic link as mount target never leads out of the sandbox") {
  const Environment environment;
  const std::string victim = make_directory(environment.directory() / "victim");
  std::filesystem::create_symlink(victim, environment.workspace() + "/link");
  environment.add_profile("odd",
                          "version = 1\nextends = 'coding'\n[files]\nread_add = [{ path = '/etc/hostname', at = '" +
                              environment.workspace() + "/link/x' }]\n");
  check_refused(environment, run(environment.inside("odd", {"true"})), ExitStatus::kPathMissing, "no place for");
  CHECK(std::filesystem::is_empty(victim));
}

TEST_CASE("a workspace that cannot be one is refused") {
  const Environment environment;
  const std::string file = write_file(environment.home() + "/file", "");
  for (const std::string& odd :
       {environment.home() + "/none", std::string("/"), file, std::string("/proc/self/root")}) {
    INFO(odd);
    check_refused(environment, run(environment.clawbox({"run", "--workspace", odd, "--", "true"})),
                  ExitStatus::kWorkspaceUnusable, "workspace");
  }
}

TEST_CASE("words that mean nothing are refused as a usage error") {
  const Environment environment;
  check_refused(environment, run(environment.clawbox({"rnu", "--", "true"})), ExitStatus::kUsage, "rnu");
  check_refused(environment, run(environment.clawbox({"run", "--no-such-option", "--", "true"})), ExitStatus::kUsage,
                "--no-such-option");
  check_refused(environment, run(environment.clawbox({"run"})), ExitStatus::kUsage, "command");
  check_refused(environment, run(environment.clawbox({"run", "--env", "=x", "--", "true"})), ExitStatus::kUsage, "env");
}

TEST_CASE("a wrong word of the command line is told with its verb, the nearest name and where to look") {
  const Environment environment;
  const auto refused = [&](const std::vector<std::string>& words, const std::string& what, const std::string& remedy) {
    const Finished finished = run(environment.clawbox(words));
    check_refused(environment, finished, ExitStatus::kUsage, what);
    check_refused(environment, finished, ExitStatus::kUsage, "remedy: " + remedy);
  };
  refused({}, "a verb is missing", "the verbs are run, explain, profile, doctor, create, exec, ls");
  refused({"docter"}, "there is no verb 'docter', did you mean 'doctor'?", "the verbs are run");
  refused({"profile"}, "profile: a verb is missing", "the verbs are list, show, check, diff; `clawbox profile --help`");
  refused({"profile", "shw"}, "profile: there is no verb 'shw', did you mean 'show'?", "the verbs are list");
  refused({"profile", "diff", "coding"}, "profile diff: the argument 'second' is missing", "`clawbox profile diff");
  refused({"profile", "show", "--jsn"}, "profile show: unexpected '--jsn', did you mean '--json'?", "`clawbox profile");
  refused({"run", "--profile"}, "run: --profile needs a value", "`clawbox run --help`");
  refused({"doctor", "--", "true"}, "doctor takes no command", "leave out `--`");
}

TEST_CASE("a file that is named without a slash is no profile, and the remedy says how to name it") {
  const Environment environment;
  write_file(environment.workspace() + "/odd.toml", "version = 1\nextends = 'coding'\n");
  const auto check = [&](const std::string& name) { return run(environment.clawbox({"profile", "check", name})); };
  CHECK(check("./odd.toml").status == 0);
  check_refused(environment, check("odd.toml"), ExitStatus::kProfileMissing, "./odd.toml");
  check_refused(environment, check("none.toml"), ExitStatus::kProfileMissing, "known profiles");
}

TEST_CASE("a variable that makes a loader run something is never passed") {
  check_profile("version = 1\nextends = 'coding'\n[environment]\npass_add = ['LD_PRELOAD']\n", "odd.toml:4:13");
}

TEST_CASE("a state directory that cannot be written is refused") {
  if (::geteuid() == 0) return skip("kernel: root may write everywhere");
  const Environment environment;
  const std::string trails = environment.state() + "/clawbox/audit";
  ::chmod(trails.c_str(), 0500);
  const Finished finished = run(environment.inside("coding", {"true"}));
  INFO(finished.err);
  CHECK(finished.status == static_cast<int>(ExitStatus::kStateUnusable));
  ::chmod(trails.c_str(), 0700);
  CHECK(run(environment.inside("coding", {"true"})).status == 0);
}

TEST_CASE("a state directory on a read-only file system is refused, for root too") {
  for (const auto& [options, status] :
       {std::pair("rw", 0), std::pair("ro", static_cast<int>(ExitStatus::kStateUnusable))}) {
    Environment environment;
    environment.set("CLAWBOX_BIN", clawbox_binary());
    environment.set("STATE", environment.state());
    environment.set("OPTIONS", options);
    const std::string text =
        "mount -t tmpfs -o \"$OPTIONS\" none \"$STATE\" && echo mounted; "
        "exec \"$CLAWBOX_BIN\" run --profile coding -- true";
    const Finished finished = run(environment.outside({"unshare", "-Urm", "sh", "-c", text}));
    if (finished.out.find("mounted") == std::string::npos) return skip("kernel: no mount in a user namespace");
    INFO(options << ": " << finished.err);
    CHECK(finished.status == status);
  }
}

TEST_CASE("a full state directory is refused") {
  Environment environment;
  environment.set("CLAWBOX_BIN", clawbox_binary());
  environment.set("STATE", environment.state());
  // A tmpfs of one page, full, in a private mount namespace.
  const std::string text =
      "mount -t tmpfs -o size=4k,nr_inodes=3 none \"$STATE\" && echo > \"$STATE/a\" && echo > \"$STATE/b\"; "
      "echo mounted; \"$CLAWBOX_BIN\" run --profile coding -- true";
  const Finished finished = run(environment.outside({"unshare", "-Urm", "sh", "-c", text}));
  if (finished.out.find("mounted") == std::string::npos) return skip("kernel: no mount in a user namespace");
  INFO(finished.err);
  CHECK(finished.status == static_cast<int>(ExitStatus::kStateUnusable));
}

TEST_CASE("a workspace that holds the state directory is refused") {
  Environment environment;
  environment.set("XDG_STATE_HOME", make_directory(environment.workspace() + "/state"));
  const Finished finished = run(environment.inside("coding", {"true"}));
  INFO(finished.err);
  CHECK(finished.status == static_cast<int>(ExitStatus::kWorkspaceUnusable));
  CHECK(finished.err.find("overlaps") != std::string::npos);
}

TEST_CASE("what this version cannot do yet is refused by name") {
  check_profile("version = 1\nextends = 'coding'\n[[exec.rules]]\nmatch = ['git']\n",
                "odd.toml:3:3: 'exec' comes with a later release", ExitStatus::kNotSupported);
}
