#include "base/error.h"
#include "plan/themes.h"

namespace clawbox::plan {

Chosen<Network> choose_network(const Inputs& inputs) {
  const auto& mode = inputs.profile.network.mode;
  Chosen<Network> chosen;
  chosen.value.origin = mode.origin;
  switch (mode.value) {
    case profile::NetworkMode::kNone:
      return chosen;
    case profile::NetworkMode::kAllowlist:
      throw Error(ExitStatus::kNotSupported,
                  fmt::format("{}: network.mode = \"allowlist\" comes with a later release", to_string(mode.origin)),
                  "use network.mode = \"none\" or \"host\"");
    case profile::NetworkMode::kHost:
      break;
  }
  chosen.value.mode = Network::Mode::kHost;
  chosen.shortfalls.push_back({"network is open",
                               "network.mode = \"host\": the session reaches every address that the host reaches, the "
                               "host's loopback services and its abstract sockets",
                               "network.mode = \"none\"", mode.origin, Shortfall::Weight::kLoud});
  return chosen;
}

}  // namespace clawbox::plan
