#include "networked.h"
#include "plan/explain.h"

namespace clawbox::plan {

using test::contains;
using test::Networked;

TEST_CASE("an empty list is a network of nothing, never of everything") {
  Networked world;
  CHECK(world.list().rules.empty());
  CHECK(world.plan().network.mode == Network::Mode::kAllowlist);
  CHECK(contains(explained(world.plan()), "the list is empty"));
}

TEST_CASE("a host has the web's ports unless it says others") {
  Networked world;
  world.host("a.example");
  world.host("b.example", {{22, 22}});
  CHECK(world.rules() == "a.example:80,443 from try.toml:51\nb.example:22 from try.toml:51\n");
}

TEST_CASE("other modes have no list, and say when ports would be published in vain") {
  Networked world;
  world.profile.network.mode = {profile::NetworkMode::kNone, {"try.toml", 50}};
  world.host("a.example");
  CHECK_FALSE(world.plan().network.allowlist);
  CHECK_FALSE(test::has_shortfall(world.plan(), "network.publish"));
  world.profile.network.publish.push_back({*parse_port_mapping("8080:3000"), {"try.toml", 60}});
  CHECK(test::has_shortfall(world.plan(), "network.publish is not used"));
}

TEST_CASE("the caller's proxy is in the plan, without its password in what is explained") {
  Networked world;
  world.environment("https_proxy", "http://user:secret@proxy.example:3128/");
  world.environment("no_proxy", "localhost, .corp.example,10.0.0.0/8");
  const auto upstream = world.list().upstream;
  REQUIRE(upstream);
  CHECK(upstream->host == "proxy.example");
  CHECK(upstream->port == 3128);
  CHECK(upstream->credentials == "user:secret");
  CHECK(upstream->no_proxy == std::vector<std::string>{"localhost", "corp.example", "10.0.0.0/8"});
  CHECK_FALSE(contains(json_text(explained_as_json(world.plan())["network"]), "secret"));
  CHECK(contains(explained(world.plan()), "proxy.example:3128"));
}

TEST_CASE("user and password of a proxy are what the URL's escapes stand for, and other signs stay") {
  Networked world;
  world.environment("https_proxy", "http://us%40er:p%3Aw%2f%4g%@proxy.example:3128");
  REQUIRE(world.list().upstream);
  CHECK(world.list().upstream->credentials == "us@er:p:w/%4g%");
  CHECK(world.list().upstream->host == "proxy.example");
}

TEST_CASE("a proxy on the host itself is explained with what it may reach") {
  const auto url = GENERATE(as<std::string>{}, "http://127.0.0.1:3128", "http://localhost:3128", "http://[::1]:3128");
  Networked world;
  world.environment("https_proxy", url);
  CHECK(contains(explained(world.plan()), "on this host"));
}

TEST_CASE("a proxy of another kind is said not to be used") {
  Networked world;
  world.environment("https_proxy", "socks5://proxy.example:1080");
  CHECK_FALSE(world.list().upstream);
  CHECK(test::has_shortfall(world.plan(), "the caller's proxy is not used"));
}

TEST_CASE("a very wide prefix is said loudly") {
  Networked world;
  profile::NetworkWish wish;
  wish.target = *parse_ip_prefix("0.0.0.0/0");
  world.profile.network.allow.push_back(wish);
  CHECK(test::has_shortfall(world.plan(), "network.allow 0.0.0.0/0 is wide"));
}

TEST_CASE("a port that is published twice is refused") {
  Networked world;
  world.profile.network.publish = {{*parse_port_mapping("8080:3000"), {"try.toml", 60}},
                                   {*parse_port_mapping("8080:4000"), {"try.toml", 61}}};
  CHECK(contains(world.refusal().what(), "try.toml:61: port 8080 of 127.0.0.1 is published twice (try.toml:60)"));
}

TEST_CASE("ports of the command line come after those of the profile") {
  Networked world;
  world.host("a.example");
  world.profile.network.publish.push_back({*parse_port_mapping("8080:3000"), {"try.toml", 60}});
  world.request.publish = {*parse_port_mapping("127.0.0.1:9090:3000")};
  const NetworkAllowlist list = world.list();
  REQUIRE(list.publish.size() == 2);
  CHECK(list.publish[1].port == 9090);
  CHECK(to_string(list.publish[1].origin) == "command line");
  CHECK(list.rules.size() == 1);
  world.request.publish = {*parse_port_mapping("8080:3001")};
  CHECK(contains(world.refusal().what(), "is published twice"));
}

TEST_CASE("a session without a network that publishes still reaches nothing, also of a list that was switched off") {
  Networked world;
  world.profile.network.mode = {profile::NetworkMode::kNone, {"try.toml", 50}};
  world.host("a.example");
  world.profile.network.host_ports = {{5432, {"try.toml", 61}}};
  world.request.publish = {*parse_port_mapping("3000")};
  const NetworkAllowlist list = world.list();
  CHECK(list.rules.empty());
  CHECK(list.host_ports.empty());
  CHECK(list.publish.size() == 1);
  world.profile.network.mode.value = profile::NetworkMode::kHost;
  CHECK(world.refusal().status() == ExitStatus::kUsage);
}

TEST_CASE("without nf_tables connections are steered by addresses, and what that costs is said with its reason") {
  Networked world;
  world.host("a.example");
  CHECK(world.list().steering == NetworkAllowlist::Steering::kTproxy);
  world.World::host.no_tproxy = "making an nf_tables table: Operation not supported";
  CHECK(world.list().steering == NetworkAllowlist::Steering::kAnyIp);
  CHECK(test::has_shortfall(world.plan(), "prefix"));
  CHECK(contains(explained(world.plan()), "anyip"));
}

TEST_CASE("the session's own name server is its only one") {
  Networked world;
  world.files.file("/etc/nsswitch.conf");
  const Plan made = world.plan();
  const auto resolver = test::step_at<File>(made, "/etc/resolv.conf"),
             names = test::step_at<File>(made, "/etc/nsswitch.conf");
  REQUIRE(resolver);
  REQUIRE(names);
  CHECK(contains(resolver->content, "nameserver 198.18.0.1"));
  CHECK(contains(names->content, "hosts: files dns"));
}

TEST_CASE("rules, limits and where they come from are explained") {
  Networked world;
  world.host("a.example", {{22, 22}});
  world.profile.network.bytes = {1ULL << 30, {"try.toml", 70}};
  const std::string text = explained(world.plan());
  CHECK(contains(text, "NETWORK, nothing else can be reached"));
  CHECK(contains(text, "allowed     a.example:22"));
  CHECK(contains(text, "1GiB"));
  const Json json = explained_as_json(world.plan())["network"];
  CHECK(json["mode"] == "allowlist");
  CHECK(json["rules"][0]["target"] == "a.example");
  CHECK(json["rules"][0]["origin"] == "try.toml:51");
}

}  // namespace clawbox::plan
