// The view is built beside a staging directory on the new root, `/.clawbox-staging`. A workspace or a root file system
// that names it, or whose links point at it, gains nothing: nothing is written through, and no cover shows another
// file.
#include "support/catch.h"
#include "support/environment.h"
#include "support/listing.h"

using namespace clawbox::test;

namespace {

constexpr const char* kStaging = "/.clawbox-staging";

/// Every name that the launcher uses while it builds: the directory, what covers are copies of, and the staged files.
const std::vector<std::string>& internal_paths() {
  static const std::vector<std::string> paths{"/.clawbox-staging",         "/.clawbox-staging/empty",
                                              "/.clawbox-staging/nothing", "/.clawbox-staging/0",
                                              "/.clawbox-staging/1",       "/.clawbox-staging/.."};
  return paths;
}

/// What the staging directory is used for, as seen inside: made files, covered files and directories, the root itself.
constexpr const char* kLook =
    "ls -A /; cat /etc/passwd /etc/hosts /etc/hostname; cat /proc/keys; ls -A /proc/acpi /sys/firmware 2>&1; "
    "ls -A ~/.ssh 2>&1; grep -c . /proc/self/mountinfo; ";

std::vector<std::string> look_and(const std::string& more) { return {"sh", "-c", kLook + more}; }

void plant_link(const std::string& path, const std::string& to) { std::filesystem::create_symlink(to, path); }

/// Links of all sorts below `directory`, and names that are the launcher's own, which lead to `victim`.
void plant_links(const std::string& directory, const std::string& victim) {
  int number = 0;
  for (const std::string& path : internal_paths()) {
    plant_link(directory + "/absolute-" + std::to_string(number), path);
    plant_link(directory + "/climbing-" + std::to_string(number++), "../../../../../../../.." + path);
  }
  make_directory(directory + kStaging);
  for (const char* name : {"/empty", "/nothing", "/0", "/1"}) plant_link(directory + kStaging + name, victim);
}

std::string reading_at(const std::string& target) {
  return "version = 1\nextends = 'coding'\n[files]\nread_add = [{ path = '/etc/hostname', at = '" + target + "' }]\n";
}

std::string hiding(const std::string& path) {
  return "version = 1\nextends = 'coding'\n[files]\nhide_add = ['" + path + "?']\n";
}

/// Refused with a message, or carried out; never ended by a defect, and nothing made on the host.
void check_harmless(const Environment& environment, const std::string& profile, const std::string& clean) {
  const auto before = listing(environment.home());
  const Finished finished = run(environment.inside(profile, look_and("")));
  INFO(finished.err << finished.out);
  if (finished.status != 0) CHECK(finished.out.empty());
  if (finished.status != 0) CHECK(finished.err.find("clawbox: error: ") != std::string::npos);
  if (finished.status == 0) CHECK(finished.out == clean);
  CHECK(finished.status != 70);
  CHECK(listing(environment.home()) == before);
}

}  // namespace

TEST_CASE("links in the workspace to the staging directory change nothing and lead nowhere") {
  const Environment environment;
  const std::string victim = make_directory(environment.directory() / "victim");
  const std::string clean = run(environment.inside("coding", look_and(""))).out;
  REQUIRE(clean.find("root:") != std::string::npos);
  CHECK(clean.find("clawbox-staging") == std::string::npos);  // gone before the program starts
  plant_links(environment.workspace(), victim);
  const auto before = listing(environment.home());
  const Finished finished = run(environment.inside(
      "coding", look_and("for l in absolute-* climbing-*; do [ -f $l ] && echo $l leads to a file; done; "
                         "for l in absolute-[1234] climbing-[1234] .clawbox-staging/*; do echo x > $l/made; "
                         "echo x > $l; done 2> /dev/null; :")));
  INFO(finished.err);
  CHECK(finished.out == clean);
  CHECK(finished.status == 0);
  CHECK(listing(victim).empty());
  CHECK(listing(environment.home()) == before);
  // The control: outside, where the victim is, the same name is written through.
  CHECK(run(environment.outside({"sh", "-c", "echo x > .clawbox-staging/0/made"})).status == 0);
  CHECK(listing(victim).size() == 1);
}

TEST_CASE("protected names that are links to the staging directory change nothing") {
  for (const std::string& path : internal_paths()) {
    const Environment environment;
    const std::string clean = run(environment.inside("coding", look_and(""))).out;
    for (const char* name : {".git", ".vscode", ".mcp.json", ".bashrc"})
      plant_link(environment.workspace() + "/" + name, path);
    const auto before = listing(environment.home());
    const Finished finished = run(environment.inside("coding", look_and("")));
    INFO(path << ": " << finished.err);
    CHECK(finished.status == 0);
    CHECK(finished.out == clean);
    CHECK(listing(environment.home()) == before);
  }
}

TEST_CASE("a mount target through a link to the staging directory is refused, or changes nothing else") {
  const Environment environment;
  const std::string clean = run(environment.inside("coding", look_and(""))).out;
  int number = 0;
  for (const std::string& path : internal_paths()) {
    const std::string link = environment.workspace() + "/link-" + std::to_string(number++);
    plant_link(link, path);
    for (const std::string& profile : {reading_at(link), reading_at(link + "/made"), reading_at(link + "/nothing"),
                                       reading_at(path), hiding(link)}) {
      INFO(profile);
      environment.add_profile("through", profile);
      check_harmless(environment, "through", clean);
    }
  }
}

TEST_CASE("a mount target through a link to a place that is there is carried out, and shown only inside") {
  const Environment environment;
  write_file(environment.workspace() + "/real/place", "before\n");
  write_file(environment.home() + "/shown", "shown\n");
  plant_link(environment.workspace() + "/link", "real");
  environment.add_profile("through", "version = 1\nextends = 'coding'\n[files]\nread_add = [{ path = '" +
                                         environment.home() + "/shown', at = '" + environment.workspace() +
                                         "/link/place' }]\n");
  const Finished finished = run(environment.inside("through", {"cat", "real/place"}));
  INFO(finished.err);
  CHECK(finished.out == "shown\n");
  CHECK(read_file(environment.workspace() + "/real/place") == "before\n");
}

TEST_CASE("a root file system that names the staging directory is refused or shown, and never written") {
  const Environment environment;
  environment.add_probe("probe");
  const std::string victim = make_directory(environment.directory() / "victim");
  const std::string root = make_directory(environment.directory() / "root");
  make_directory(root + "/etc");
  environment.add_profile("rooted", "version = 1\nextends = 'coding'\n[files]\nroot = '" + root + "'\n");
  // The control: without the name it works.
  CHECK(run(environment.inside("rooted", {"./probe", "FS14"})).status == 0);
  const auto outside = [&] { return std::pair(listing(root), listing(victim)); };
  SECTION("as a link") { plant_link(root + kStaging, victim); }
  SECTION("as a directory with links") { plant_links(root, victim); }
  SECTION("as a file") { write_file(root + kStaging, "planted\n"); }
  const auto before = outside();
  const Finished finished = run(environment.inside("rooted", {"./probe", "FS14"}));
  INFO(finished.err << finished.out);
  CHECK((finished.status == 0 || finished.status == 125));
  if (finished.status != 0) CHECK(finished.err.find(kStaging + 1) != std::string::npos);
  CHECK(outside() == before);
}
