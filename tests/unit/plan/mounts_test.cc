#include "support/catch.h"
#include "world.h"

using namespace clawbox;
using namespace clawbox::plan::test;
using clawbox::plan::Seen;
using clawbox::plan::seen;

TEST_CASE("a link of the host whose end can be seen stays a link") {
  const auto link = step_at<Symlink>(World().plan(), "/bin");
  REQUIRE(link);
  CHECK(link->points_to == "usr/bin");
}

TEST_CASE("a link that would lead nowhere inside shows the file itself") {
  World world;
  world.files.directory("/home/ann/dotfiles");
  world.files.file("/home/ann/dotfiles/gitconfig");
  world.files.link("/home/ann/.gitconfig", "dotfiles/gitconfig");
  world.read("~/.gitconfig");
  CHECK(step_at<Bind>(world.plan(), "/home/ann/.gitconfig")->source == "/home/ann/dotfiles/gitconfig");
}

TEST_CASE("parents are mounted before what is below them, whatever the order in the profile") {
  World world;
  world.files.directory("/srv/data");
  world.files.directory("/srv/data/deep");
  world.profile.files.write.push_back({"/srv/data/deep", false, "", "", {}});
  world.read("/srv/data");
  const Plan plan = world.plan();
  CHECK(position(plan, "/srv/data") >= 0);
  CHECK(position(plan, "/srv/data") < position(plan, "/srv/data/deep"));
}

TEST_CASE("a workspace below /tmp is mounted after the private /tmp") {
  World world;
  world.files.directory("/tmp/work", 1000);
  world.request.workspace = "/tmp/work";
  const Plan plan = world.plan();
  CHECK(position(plan, "/tmp") < position(plan, "/tmp/work"));
}

TEST_CASE("the home is private and empty") {
  const auto home = step_at<Tmpfs>(World().plan(), "/home/ann");
  REQUIRE(home);
  CHECK(home->mode == 0700);
  CHECK(home->size == 256ULL << 20);
}

TEST_CASE("only places for temporary files are open to all") {
  const Plan plan = World().plan();
  CHECK(step_at<Tmpfs>(plan, "/tmp")->mode == 01777);
  CHECK(step_at<Tmpfs>(plan, "/var/tmp")->mode == 01777);
  CHECK(step_at<Tmpfs>(plan, "/run")->mode == 0755);
}

TEST_CASE("a tmpfs has a cap on files that follows its size") {
  World world;
  world.profile.limits.tmp.value = 64ULL << 20;
  CHECK(step_at<Tmpfs>(world.plan(), "/tmp")->inodes == 16384);
  world.profile.limits.tmp.value = 1ULL << 40;
  CHECK(step_at<Tmpfs>(world.plan(), "/tmp")->inodes == 1 << 20);
}

TEST_CASE("every required path that is missing is told at once, with its line") {
  World world;
  world.read("/nowhere");
  world.write("/nothing");
  world.profile.files.hide.push_back({"/etc/sudoerz", false, "", "", {"try.toml", 13}});
  const Error error = world.refusal();
  CHECK(error.status() == ExitStatus::kPathMissing);
  CHECK(std::string(error.what()).find("'/nowhere' (try.toml:10)") != std::string::npos);
  CHECK(std::string(error.what()).find("'/nothing' (try.toml:12)") != std::string::npos);
  CHECK(std::string(error.what()).find("'/etc/sudoerz' (try.toml:13)") != std::string::npos);
}

TEST_CASE("an optional path that is missing is left out and told") {
  World world;
  world.read_if_there("/nowhere");
  world.hide("/etc/sudoers");
  const Plan plan = world.plan();
  CHECK(position(plan, "/nowhere") == -1);
  CHECK(has_absent(plan, "/nowhere"));
  CHECK(has_absent(plan, "/etc/sudoers"));
}

TEST_CASE("a path that the caller may not reach counts as missing") {
  World world;
  world.files.unreachable("/srv/secret");
  world.read("/srv/secret");
  CHECK(std::string(world.refusal().what()).find("may not reach") != std::string::npos);
}

TEST_CASE("a path that must have no links on its way is refused with its line where it has one") {
  World world;
  world.files.directory("/srv/real");
  world.files.directory("/srv/real/data");
  world.files.link("/srv/link", "real");
  const auto shown = [&](const std::string& path) {
    world.profile.files.read.push_back({path, true, "/data", "", {"try.toml", 13}, true});
  };
  shown("/srv/real/data");
  CHECK(step_at<Bind>(world.plan(), "/data")->source == "/srv/real/data");
  for (const char* path : {"/srv/link", "/srv/link/data"}) {
    shown(path);
    CHECK(std::string(world.refusal().what()).find("try.toml:13") != std::string::npos);
    CHECK(std::string(world.refusal().what()).find("symbolic link") != std::string::npos);
    world.profile.files.read.back().no_links = false;
    CHECK(step_at<Bind>(world.plan(), "/data")->source.starts_with("/srv/real"));
    world.profile.files.read.pop_back();
  }
}

TEST_CASE("a pattern becomes one step for each match") {
  World world;
  world.files.file("/srv/a.pem");
  world.files.file("/srv/b.pem");
  world.read("/srv/*.pem");
  const Plan plan = world.plan();
  CHECK(step_at<Bind>(plan, "/srv/a.pem"));
  CHECK(step_at<Bind>(plan, "/srv/b.pem"));
}

TEST_CASE("a path with .. is refused with its line") {
  World world;
  world.read("/usr/../root");
  CHECK(world.refusal().status() == ExitStatus::kProfileInvalid);
  CHECK(std::string(world.refusal().what()).starts_with("try.toml:10"));
}

TEST_CASE("$SESSION is refused by name until it exists") {
  World world;
  world.read("$SESSION/x");
  CHECK(world.refusal().status() == ExitStatus::kNotSupported);
}

TEST_CASE("a hidden file is covered after everything that shows it") {
  World world;
  world.hide("/etc/shadow");
  const Plan plan = world.plan();
  REQUIRE(step_at<Cover>(plan, "/etc/shadow"));
  CHECK(position(plan, "/etc") < position(plan, "/etc/shadow"));
  CHECK(seen(plan.mounts, "/etc/shadow").content == Seen::Content::kNothing);
  CHECK(seen(plan.mounts, "/etc/hostname").content != Seen::Content::kNothing);
}

TEST_CASE("what nothing shows needs no cover") {
  World world;
  world.hide("~/.ssh");
  CHECK(!step_at<Cover>(world.plan(), "/home/ann/.ssh"));
}

TEST_CASE("a hide in the workspace wins over the workspace") {
  World world;
  world.files.file("/home/ann/project/.env");
  world.hide("$WORKSPACE/.env");
  CHECK(step_at<Cover>(world.plan(), "/home/ann/project/.env"));
}

TEST_CASE("a hide is found under every name that a bind gives it") {
  World world;
  world.files.directory("/srv/data");
  world.files.file("/srv/data/key");
  world.read("/srv/data", "/data");
  world.hide("/srv/data/key");
  CHECK(step_at<Cover>(world.plan(), "/data/key"));
}

TEST_CASE("a read below a hide is dropped and told") {
  World world;
  world.files.file("/home/ann/.ssh/known_hosts");
  world.read("~/.ssh/known_hosts");
  world.hide("~/.ssh");
  const Plan plan = world.plan();
  CHECK(!step_at<Bind>(plan, "/home/ann/.ssh/known_hosts"));
  CHECK(has_absent(plan, "/home/ann/.ssh/known_hosts"));
}

TEST_CASE("a link into a hidden directory does not show it") {
  World world;
  world.files.file("/home/ann/.ssh/id");
  world.files.link("/home/ann/.cache-link", ".ssh/id");
  world.read("~/.cache-link");
  world.hide("~/.ssh");
  CHECK(!step_at<Bind>(world.plan(), "/home/ann/.cache-link"));
}

TEST_CASE("hiding a link hides what it leads to") {
  World world;
  world.files.directory("/home/ann/project/secret");
  world.files.link("/home/ann/project/link", "secret");
  world.hide("$WORKSPACE/link");
  const Plan plan = world.plan();
  CHECK(step_at<Cover>(plan, "/home/ann/project/secret"));
  CHECK(!step_at<Cover>(plan, "/home/ann/project/link"));
}

TEST_CASE("a workspace that a hide covers is refused with the line of the hide") {
  World world;
  world.hide("~/project");
  CHECK(world.refusal().status() == ExitStatus::kWorkspaceUnusable);
  CHECK(std::string(world.refusal().what()).find("try.toml:13") != std::string::npos);
}

TEST_CASE("a tmpfs beats a bind at the same place") {
  World world;
  world.read("/srv");
  world.tmpfs("/srv");
  const Plan plan = world.plan();
  CHECK(step_at<Tmpfs>(plan, "/srv"));
  CHECK(!step_at<Bind>(plan, "/srv"));
}

TEST_CASE("a bind that another one shows already is left out") {
  World world;
  world.read("/usr/lib");
  CHECK(!step_at<Bind>(World(world).plan(), "/usr/lib"));
  CHECK(step_at<Bind>(World(world).plan(), "/usr"));
}

TEST_CASE("a read-only entry inside a writable one stays read-only") {
  World world;
  world.files.directory("/home/ann/project/vendor");
  world.read("$WORKSPACE/vendor");
  const Plan plan = world.plan();
  CHECK(seen(plan.mounts, "/home/ann/project/vendor/x").write == Seen::Write::kRefused);
  CHECK(seen(plan.mounts, "/home/ann/project/src/x").write == Seen::Write::kPossible);
}

TEST_CASE("clawbox's own files are never writable inside") {
  World world;
  world.files.directory("/home/ann/.config");
  world.write("~/.config");
  CHECK(world.refusal().status() == ExitStatus::kStateUnusable);
  CHECK(std::string(world.refusal().what()).find("/home/ann/.config/clawbox") != std::string::npos);
}

TEST_CASE("a writable directory beside clawbox's own files is fine") {
  World world;
  world.files.directory("/home/ann/.cache");
  world.write("~/.cache");
  CHECK(step_at<Bind>(world.plan(), "/home/ann/.cache")->access == Access::kReadWrite);
}

TEST_CASE("dangerous parts of proc are covered and locked") {
  const Plan plan = World().plan();
  CHECK(step_at<Lock>(plan, "/proc/sys"));
  CHECK(step_at<Cover>(plan, "/proc/kcore")->may_be_absent);
  CHECK(position(plan, "/proc") < position(plan, "/proc/sys"));
}

TEST_CASE("a proc of processes only needs no covers") {
  World world;
  world.profile.files.proc.value = profile::ProcView::kPids;
  const Plan plan = world.plan();
  CHECK(step_at<Proc>(plan, "/proc")->only_processes);
  CHECK(!step_at<Cover>(plan, "/proc/kcore"));
}

TEST_CASE("/sys is there only when it is asked for") {
  World world;
  CHECK(position(world.plan(), "/sys") == -1);
  world.profile.files.sysfs.value = true;
  CHECK(step_at<Sysfs>(world.plan(), "/sys"));
}

TEST_CASE("/sys with the host's network is refused, since the kernel would show the host's") {
  World world;
  world.profile.files.sysfs.value = true;
  world.profile.network.mode.value = profile::NetworkMode::kHost;
  CHECK(world.refusal().status() == ExitStatus::kFeatureMissing);
}

TEST_CASE("the session's accounts replace the host's") {
  const auto passwd = step_at<File>(World().plan(), "/etc/passwd");
  REQUIRE(passwd);
  CHECK(passwd->content.find("ann:x:1000:1000:ann:/home/ann:/bin/sh\n") != std::string::npos);
  CHECK(passwd->content.find("root:x:0:0:") == 0);
}

TEST_CASE("a file of the session goes where a link of the host leads") {
  World world;
  world.files.link("/etc/resolv.conf", "../run/resolve/stub.conf");
  CHECK(step_at<File>(world.plan(), "/run/resolve/stub.conf"));
}

TEST_CASE("a file that the host does not have is not made in the host's directory") {
  World world;
  FakeFiles bare;
  World other;
  other.files = bare;
  for (const char* path : {"/usr", "/usr/bin", "/usr/lib", "/etc", "/home", "/home/ann", "/home/ann/project"})
    other.files.directory(path, 1000);
  other.files.link("/bin", "usr/bin");
  other.files.link("/lib", "usr/lib");
  CHECK(!step_at<File>(other.plan(), "/etc/hostname"));
  CHECK(step_at<File>(world.plan(), "/etc/hostname"));
}

TEST_CASE("a hidden /etc/passwd stays hidden") {
  World world;
  world.hide("/etc/passwd");
  const Plan plan = world.plan();
  CHECK(step_at<Cover>(plan, "/etc/passwd"));
  CHECK(!step_at<File>(plan, "/etc/passwd"));
}

TEST_CASE("with the host's network its name servers stay as they are") {
  World world;
  world.files.directory("/run/resolve");
  world.files.file("/run/resolve/stub.conf");
  world.files.link("/etc/resolv.conf", "../run/resolve/stub.conf");
  world.profile.network.mode.value = profile::NetworkMode::kHost;
  CHECK(step_at<Bind>(world.plan(), "/run/resolve/stub.conf"));
}

TEST_CASE("a place inside a tree of the host must exist there") {
  World world;
  world.read("/srv", "/usr/nowhere");
  CHECK(world.refusal().status() == ExitStatus::kPathMissing);
}

TEST_CASE("another root shows its own top-level entries and none of the host's") {
  World world;
  world.files.directory("/srv/root");
  world.files.directory("/srv/root/usr");
  world.files.directory("/srv/root/proc");
  world.files.directory("/srv/root/home");
  world.files.link("/srv/root/bin", "usr/bin");
  world.profile.files.root.value = "/srv/root";
  const Plan plan = world.plan();
  CHECK(step_at<Bind>(plan, "/usr")->source == "/srv/root/usr");
  CHECK(step_at<Symlink>(plan, "/bin")->points_to == "usr/bin");
  CHECK(position(plan, "/etc") == -1);
  CHECK(step_at<Proc>(plan, "/proc"));
  CHECK(step_at<Tmpfs>(plan, "/home/ann"));
}

TEST_CASE("another root that is missing is refused with its line") {
  World world;
  world.profile.files.root = {"/srv/nowhere", {"try.toml", 7}};
  CHECK(world.refusal().status() == ExitStatus::kPathMissing);
  CHECK(std::string(world.refusal().what()).starts_with("try.toml:7"));
}

TEST_CASE("protected files are locked, the way to them is pinned") {
  using Path = clawbox::plan::ProtectedPath;
  World world;
  world.profile.files.protect.push_back({".git/hooks", true, "", "", {"try.toml", 20}});
  world.files.protects({{protected_path(".git", Path::Role::kWay, Path::Kind::kDirectory),
                         protected_path(".git/hooks", Path::Role::kNamed, Path::Kind::kDirectory),
                         protected_path(".git/hooks/x", Path::Role::kInside, Path::Kind::kFile)},
                        {}});
  const Plan plan = world.plan();
  CHECK(step_at<Pin>(plan, "/home/ann/project/.git"));
  CHECK(step_at<Lock>(plan, "/home/ann/project/.git/hooks"));
  CHECK(position(plan, "/home/ann/project/.git/hooks/x") == -1);
}

TEST_CASE("what is locked carries the line and the reason of the rule that names it, not of the first one") {
  using Path = clawbox::plan::ProtectedPath;
  World world;
  world.profile.files.protect.push_back({".git/hooks", true, "", "", {"try.toml", 20}});
  world.profile.files.protect.push_back({".mcp.json", true, "", "servers that an agent starts", {"try.toml", 21}});
  world.files.protects({{protected_path(".mcp.json", Path::Role::kNamed, Path::Kind::kFile, ".mcp.json"),
                         protected_path("closed", Path::Role::kNamed, Path::Kind::kDirectory)},
                        {}});
  const Plan plan = world.plan();
  const MountStep& step = plan.mounts.at(static_cast<std::size_t>(position(plan, "/home/ann/project/.mcp.json")));
  CHECK(to_string(step.origin) == "try.toml:21");
  CHECK(step.reason == "servers that an agent starts");
  const MountStep& closed = plan.mounts.at(static_cast<std::size_t>(position(plan, "/home/ann/project/closed")));
  CHECK(to_string(closed.origin) == "default");
}

TEST_CASE("a protected name that is a link is watched, and that is said") {
  using Path = clawbox::plan::ProtectedPath;
  World world;
  world.profile.files.protect.push_back({".mcp.json", true, "", "", {"try.toml", 20}});
  world.files.protects({{protected_path(".mcp.json", Path::Role::kNamed, Path::Kind::kSymlink)}, {}});
  const Plan plan = world.plan();
  CHECK(!step_at<Lock>(plan, "/home/ann/project/.mcp.json"));
  CHECK(has_shortfall(plan, "watched"));
}

TEST_CASE("a search that stopped early is told") {
  World world;
  world.profile.files.protect.push_back({".vscode", true, "", "", {"try.toml", 20}});
  clawbox::plan::ProtectedState state;
  state.walk = clawbox::plan::ProtectedState::Walk::kCutShort;
  world.files.protects(state);
  CHECK(has_shortfall(world.plan(), "files.protect"));
}
