#include <fmt/format.h>

#include "plan/themes.h"

namespace clawbox::plan {
namespace {

// Somebody who publishes a port and forgot the mode would look for it in vain. A list of hosts is no such wish: a
// profile may inherit one and switch the network off.
void note_unused(const profile::Profile::Network& wish, Chosen<Network>& chosen) {
  const auto note = [&](const char* key, const Origin& origin) {
    chosen.shortfalls.push_back({fmt::format("network.{} is not used", key), "it needs network.mode = \"allowlist\"",
                                 "network.mode = \"allowlist\", whose list may be empty", origin,
                                 Shortfall::Weight::kUsual});
  };
  if (!wish.publish.empty()) note("publish", wish.publish.front().origin);
  if (!wish.host_ports.empty()) note("host_ports", wish.host_ports.front().origin);
}

}  // namespace

Chosen<Network> choose_network(const Inputs& inputs) {
  const auto& mode = inputs.profile.network.mode;
  Chosen<Network> chosen;
  chosen.value.origin = mode.origin;
  switch (mode.value) {
    case profile::NetworkMode::kNone:
      note_unused(inputs.profile.network, chosen);
      return chosen;
    case profile::NetworkMode::kAllowlist:
      chosen.value.mode = Network::Mode::kAllowlist;
      return chosen;
    case profile::NetworkMode::kHost:
      break;
  }
  chosen.value.mode = Network::Mode::kHost;
  note_unused(inputs.profile.network, chosen);
  chosen.shortfalls.push_back({"network is open",
                               "network.mode = \"host\": the session reaches every address that the host reaches, the "
                               "host's loopback services and its abstract sockets",
                               "network.mode = \"none\"", mode.origin, Shortfall::Weight::kLoud});
  return chosen;
}

}  // namespace clawbox::plan
