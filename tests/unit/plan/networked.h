// A plan with a list of hosts, for tests.
#pragma once

#include <string>
#include <vector>

#include "support/catch.h"
#include "world.h"

namespace clawbox::plan::test {

struct Networked : World {
  Networked() { profile.network.mode = {profile::NetworkMode::kAllowlist, {"try.toml", 50}}; }

  void host(const std::string& name, std::vector<PortRange> ports = {}) {
    profile::NetworkWish wish;
    wish.target = ExactHost{name};
    wish.ports = std::move(ports);
    wish.origin = {"try.toml", 51};
    profile.network.allow.push_back(wish);
  }
  void preset(const std::string& name) {
    profile::NetworkWish wish;
    wish.preset = name;
    wish.origin = {"try.toml", 52};
    profile.network.allow.push_back(wish);
  }
  NetworkAllowlist list() const {
    const Plan made = plan();
    REQUIRE(made.network.allowlist);
    return *made.network.allowlist;
  }
  /// "host:port from file:line" of each rule.
  std::string rules() const {
    std::string text;
    for (const NetworkRule& rule : list().rules) text += to_string(rule) + " from " + to_string(rule.origin) + "\n";
    return text;
  }
  void environment(const std::string& name, const std::string& value) {
    World::host.environment.emplace_back(name, value);
  }
};

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace clawbox::plan::test
