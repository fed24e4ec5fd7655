#include "plan/presets.h"

#include <algorithm>

#include "networked.h"

namespace clawbox::plan {
namespace {

using test::contains;
using test::Networked;

/// With a repository that the session cannot write, and the preset git.
struct Repository : Networked {
  Repository() {
    profile.workspace.mode = {profile::WorkspaceMode::kReadOnly, {"try.toml", 3}};
    files.directory("/home/ann/project/.git", 1000);
    preset("git");
  }
  void config(const std::string& text) { files.content("/home/ann/project/.git/config", text, 1000); }
};

std::string place(const std::string& url) {
  const auto host = host_of(url);
  return host ? to_string(host->target) + " " + std::to_string(host->port) : "none";
}

struct Url {
  std::string url, place;
};

}  // namespace

TEST_CASE("where a URL leads") {
  const auto [url, expected] = GENERATE(values<Url>({
      {"https://Registry.Example/npm/", "registry.example 443"},
      {"http://u:p@mirror.example:8081/x?y", "mirror.example 8081"},
      {"ssh://git@git.example/repo", "git.example 22"},
      {"git@git.example:team/repo.git", "none"},
      {"git://git.example/x", "git.example 9418"},
      {"sparse+https://index.example/", "index.example 443"},
      {"https://10.0.0.5:8443/", "10.0.0.5 8443"},
      {"https://[2001:db8::1]:8443/", "2001:db8::1 8443"},
      {"/srv/git/x.git", "none"},
      {"../x", "none"},
      {"./a:b", "none"},
      {"file:///srv/x", "none"},
      {"cdrom:[Debian]/", "none"},
      {"https://", "none"},
      {"https://a.example:0/", "none"},
      {"https://127.1/", "none"},
      {"direct", "none"},
  }));
  CAPTURE(url);
  CHECK(place(url) == expected);
}

TEST_CASE("npm: the nearest registry of each scope, with variables replaced") {
  Networked world;
  world.environment("MIRROR", "mirror.example");
  world.environment("NPM_CONFIG_REGISTRY", "");  // npm takes an empty one for none
  world.files.content(
      "/home/ann/.npmrc",
      "; mine\nregistry = "
      "https://${MIRROR}/npm/\n@corp:registry=https://corp.example:8443/\n//mirror.example/:_authToken=x\n",
      1000);
  world.files.content("/etc/npmrc", "registry=https://far.example/\n@far:registry=http://scope.example/\n");
  world.preset("npm");
  CHECK(world.rules() ==
        "mirror.example:443 from /home/ann/.npmrc:2\ncorp.example:8443 from /home/ann/.npmrc:3\nscope.example:80 from "
        "/etc/npmrc:2\n");
  world.environment("npm_config_registry", "https://env.example");
  CHECK(contains(world.rules(), "env.example:443 from environment npm_config_registry\ncorp.example"));
  CHECK(world.list().presets.at(0).sources.size() == 3);
}

TEST_CASE("pip: the index and its further ones, in values of several lines") {
  Networked world;
  world.environment("PIP_EXTRA_INDEX_URL", "");  // as above
  world.files.content(
      "/home/ann/.config/pip/pip.conf",
      "[global]\nindex_url = https://pypi.example/simple\nextra-index-url =\n    https://one.example/x\n    "
      "https://two.example:8080/\ntimeout = 3\n[search]\nindex-url = https://no.example\n",
      1000);
  world.files.content("/etc/pip.conf", "[global]\nindex-url = https://far.example/\n");
  world.preset("pip");
  CHECK(world.rules() ==
        "pypi.example:443 from /home/ann/.config/pip/pip.conf:2\none.example:443 from "
        "/home/ann/.config/pip/pip.conf:4\ntwo.example:8080 from /home/ann/.config/pip/pip.conf:5\n");
  world.environment("PIP_INDEX_URL", "https://env.example/simple");
  CHECK(contains(world.rules(), "env.example:443 from environment PIP_INDEX_URL\none.example"));
}

TEST_CASE("go: proxies, without the words that are no hosts") {
  Networked world;
  world.files.content("/home/ann/.config/go/env",
                      "GOFLAGS=-mod=mod\nGOPROXY=https://proxy.example|https://two.example,direct\n", 1000);
  world.preset("go");
  CHECK(world.rules() ==
        "proxy.example:443 from /home/ann/.config/go/env:2\ntwo.example:443 from /home/ann/.config/go/env:2\n");
}

TEST_CASE("cargo: replaced sources and registries") {
  Networked world;
  world.files.content(
      "/home/ann/.cargo/config.toml",
      "[source.crates-io]\nreplace-with = 'corp'\n[source.corp]\nregistry = "
      "'sparse+https://crates.example/index/'\n[registries.own]\nindex = 'https://own.example:8443/git'\n",
      1000);
  world.preset("cargo");
  CHECK(
      world.rules() ==
      "crates.example:443 from /home/ann/.cargo/config.toml:4\nown.example:8443 from /home/ann/.cargo/config.toml:6\n");
  world.files.content("/home/ann/.cargo/config.toml", "[source", 1000);
  CHECK(contains(world.refusal().what(), "cannot read '/home/ann/.cargo/config.toml'"));
}

TEST_CASE("apt: lines, and stanzas that are enabled") {
  Networked world;
  world.files.content("/etc/apt/sources.list",
                      "# deb http://no.example/ x\ndeb [arch=amd64 signed-by=/x] http://deb.example/debian stable "
                      "main\ndeb cdrom:[x]/ stable main\n");
  world.files.directory("/etc/apt/sources.list.d");
  world.files.content("/etc/apt/sources.list.d/a.sources",
                      "Types: deb\nURIs: https://one.example/debian\n https://two.example/\nSuites: x\n\nEnabled: "
                      "no\nURIs: http://off.example/\n");
  world.files.content("/etc/apt/sources.list.d/b.list", "deb-src https://src.example:8443/x y z\n");
  world.files.content("/etc/apt/sources.list.d/c.save", "deb http://no.example/ x\n");
  world.preset("apt");
  CHECK(world.rules() ==
        "deb.example:80 from /etc/apt/sources.list:2\none.example:443 from /etc/apt/sources.list.d/a.sources:2\n"
        "two.example:443 from /etc/apt/sources.list.d/a.sources:3\nsrc.example:8443 from "
        "/etc/apt/sources.list.d/b.list:1\n");
}

TEST_CASE("git: the remotes of the workspace, as the caller's git rewrites them") {
  Networked world;
  world.profile.workspace.mode = {profile::WorkspaceMode::kReadOnly, {"try.toml", 3}};
  world.files.directory("/home/ann/project/.git", 1000);
  world.files.content(
      "/home/ann/project/.git/config",
      "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = https://git.example/a.git ; mine\n\tpushurl = "
      "git@push.example:a.git\n[remote \"up\"]\n\turl = \"short:team/a\"\n[remote \"disk\"]\n\turl = /srv/a.git\n",
      1000);
  world.files.content("/home/ann/.gitconfig", "[url \"ssh://git@long.example:2222/\"]\n\tinsteadOf = short:\n", 1000);
  world.preset("git");
  CHECK(world.rules() ==
        "git.example:443 from /home/ann/project/.git/config:4\npush.example:22 from /home/ann/project/.git/config:5\n"
        "long.example:2222 from /home/ann/project/.git/config:7\n");
}

TEST_CASE("git: each host is told with its place in the workspace, until a rule of the profile names it") {
  Repository world;
  world.config("[remote \"origin\"]\n\turl = https://git.example/a.git\n[remote \"b\"]\n\turl = ssh://evil.example/\n");
  const std::string file = "/home/ann/project/.git/config";
  CHECK(test::has_shortfall(world.plan(), "the preset git opens git.example:443 (" + file + ":2)"));
  CHECK(test::has_shortfall(world.plan(), "the preset git opens evil.example:22 (" + file + ":4)"));
  world.host("git.example", {{443, 443}});
  CHECK_FALSE(test::has_shortfall(world.plan(), "git.example:443"));
  CHECK(test::has_shortfall(world.plan(), "evil.example:22"));
}

TEST_CASE("git: a remote opens no address, public or not") {
  const auto host = GENERATE(as<std::string>{}, "127.0.0.1:6379", "[::1]:6379", "169.254.169.254:80", "10.0.0.5:22",
                             "8.8.8.8:22", "[2606:4700::1111]:22");
  CAPTURE(host);
  Repository world;
  world.config("[remote \"origin\"]\n\turl = git://" + host + "/\n");
  CHECK(world.rules().empty());
  CHECK(test::has_shortfall(world.plan(), "the preset git does not open "));
  CHECK_FALSE(test::has_absent(world.plan(), "preset git"));
}

TEST_CASE("git: more remotes than anybody would read are refused") {
  Repository world;
  std::string remotes;
  for (int i = 0; i < 32; ++i) remotes += "[remote \"x\"]\n\turl = git://h" + std::to_string(i) + ".example/\n";
  world.config(remotes);
  CHECK(world.list().rules.size() == 32);
  world.config(remotes + "[remote \"x\"]\n\turl = git://10.0.0.1/\n");
  CHECK(contains(world.refusal().what(), "try.toml:52: the preset 'git' finds more than 32 hosts"));
}

TEST_CASE("an address that is not public is opened by no preset, with what to write in place of it") {
  const auto [url, remedy] = GENERATE(values<Url>({
      {"https://10.1.2.3:8443/npm", "{ address = '10.1.2.3', ports = [8443] } in network.allow"},
      {"http://[fd00::1]/npm", "{ address = 'fd00::1', ports = [80] } in network.allow"},
      {"http://169.254.7.7/", "{ address = '169.254.7.7', ports = [80] } in network.allow"},
      {"http://127.0.0.1:4873/", "network.host_ports = [4873]"},
      {"http://localhost:4873/", "network.host_ports = [4873]"},
      {"http://npm.localhost:4873/", "network.host_ports = [4873]"},
      {"http://[::1]:4873/", "network.host_ports = [4873]"},
      {"http://169.254.169.254/", "credentials"},
      {"http://0.0.0.0/", "configure the tool for a host"},
  }));
  CAPTURE(url);
  Networked world;
  world.files.content("/home/ann/.npmrc", "registry=" + url + "\n", 1000);
  world.preset("npm");
  CHECK(world.rules().empty());
  const Plan made = world.plan();
  const auto told = std::find_if(made.shortfalls.begin(), made.shortfalls.end(), [](const Shortfall& shortfall) {
    return shortfall.what.starts_with("the preset npm does not open ") &&
           shortfall.what.ends_with(" (/home/ann/.npmrc:1)");
  });
  REQUIRE(told != made.shortfalls.end());
  CHECK(contains(told->remedy, remedy));
}

TEST_CASE("what was written beside a preset as it says is not told again") {
  Networked world;
  world.files.content("/home/ann/.npmrc", "registry=https://10.1.2.3/\n@a:registry=http://127.0.0.1:4873/\n", 1000);
  world.preset("npm");
  CHECK(test::has_shortfall(world.plan(), "does not open 10.1.2.3:443"));
  CHECK(test::has_shortfall(world.plan(), "does not open 127.0.0.1:4873"));
  profile::NetworkWish wish;
  wish.target = *parse_ip_prefix("10.1.2.3");
  wish.ports = {{443, 443}};
  world.profile.network.allow.push_back(wish);
  world.profile.network.host_ports = {{4873, {"try.toml", 61}}};
  CHECK_FALSE(test::has_shortfall(world.plan(), "the preset npm"));
  CHECK(world.list().rules.size() == 1);
}

TEST_CASE("a public address of the caller's own configuration is opened, of a file in the workspace it is not") {
  Networked world;
  world.files.content("/home/ann/.npmrc", "registry=https://93.184.216.34/\n", 1000);
  world.preset("npm");
  CHECK(world.rules() == "93.184.216.34:443 from /home/ann/.npmrc:1\n");
  CHECK_FALSE(test::has_shortfall(world.plan(), "the preset npm"));
  world.profile.workspace.mode = {profile::WorkspaceMode::kReadOnly, {"try.toml", 3}};
  world.files.content("/home/ann/project/npmrc", "registry=https://93.184.216.34/\n@a:registry=http://a.example/\n",
                      1000);
  world.environment("npm_config_userconfig", "/home/ann/project/npmrc");
  CHECK(world.rules() == "a.example:80 from /home/ann/project/npmrc:2\n");
  CHECK(test::has_shortfall(world.plan(), "the preset npm opens a.example:80 (/home/ann/project/npmrc:2)"));
  CHECK(test::has_shortfall(world.plan(), "the preset npm does not open 93.184.216.34:443"));
}

TEST_CASE("git: a configuration that the session could write is not believed") {
  Networked world;
  world.files.directory("/home/ann/project/.git", 1000);
  world.files.content("/home/ann/project/.git/config", "[remote \"origin\"]\n\turl = https://git.example/a.git\n",
                      1000);
  world.preset("git");
  CHECK(contains(world.refusal().what(), "which the session can write"));
}

TEST_CASE("git: a workspace without remotes brings nothing and is no mistake") {
  Networked world;
  world.preset("git");
  CHECK(world.list().rules.empty());
  CHECK(test::has_absent(world.plan(), "preset git"));
}

TEST_CASE("a tool that is not configured is a mistake that says which key to set, unless the preset is optional") {
  const auto tool = GENERATE(as<std::string>{}, "npm", "pip", "cargo", "go", "apt");
  Networked world;
  world.preset(tool);
  const Error refusal = world.refusal();
  CHECK(refusal.status() == ExitStatus::kProfileInvalid);
  CHECK(contains(refusal.what(), "try.toml:52: the preset '" + tool + "' finds no host"));
  CHECK_FALSE(refusal.remedy().empty());
  world.profile.network.allow.back().optional = true;
  CHECK(world.list().rules.empty());
}

}  // namespace clawbox::plan
