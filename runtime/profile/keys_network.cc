#include "profile/key_tables.h"

namespace clawbox::profile {
namespace {

using P = Profile;

constexpr std::string_view kNetworkModes[] = {"none", "allowlist", "host"};
constexpr std::string_view kEchPolicies[] = {"refuse", "allow"};

constexpr Key kKeys[] = {
    {"network.mode",
     Kind::kChoice,
     choice<&P::network, &P::Network::mode>,
     "mode = \"none\"",
     "No network, named hosts only, or everything that the host reaches.",
     {},
     kNetworkModes},
    {"network.allow", Kind::kHosts, field<&P::network, &P::Network::allow>,
     "allow = [{ host = \"git.example.org\", ports = [22, 443], reason = \"clone and fetch\" }, { preset = \"npm\" }]",
     "With `mode = \"allowlist\"`, what can be reached: a `host` (`*.example.org` is every name below it), an "
     "`address` or a prefix, or the hosts that a tool of the caller is configured for (`preset`). An empty list means "
     "nothing."},
    {"network.ech",
     Kind::kChoice,
     choice<&P::network, &P::Network::ech>,
     "ech = \"refuse\"",
     "Whether a TLS client may hide the name of the server it wants.",
     {},
     kEchPolicies},
    {"network.publish", Kind::kMappings, field<&P::network, &P::Network::publish>,
     "publish = [\"127.0.0.1:8080:3000\"]",
     "Ports of the host that end at ports of the session: ADDRESS:PORT:INSIDE, or PORT:INSIDE on 127.0.0.1."},
    {"network.host_ports", Kind::kPorts, field<&P::network, &P::Network::host_ports>, "host_ports = [5432]",
     "Ports of the host's 127.0.0.1 that the session finds at its own 127.0.0.1."},
    {"network.bytes", Kind::kSize, field<&P::network, &P::Network::bytes>, "bytes = \"2GiB\"",
     "What all connections of the session together may carry, both ways; after that they end.", kMemory},
    {"network.connections",
     Kind::kCount,
     field<&P::network, &P::Network::connections>,
     "connections = 1024",
     "Connections at one time; 1024 where nothing is said.",
     {1, 100000}},
    {"network.total_connections",
     Kind::kCount,
     field<&P::network, &P::Network::total_connections>,
     "total_connections = 100000",
     "Connections in the life of a session.",
     {1, 1ULL << 40}},
    {"network.name_length",
     Kind::kCount,
     field<&P::network, &P::Network::name_length>,
     "name_length = 64",
     "Letters of a name before the part that a wildcard states: names can carry secrets to a domain's own name "
     "servers. 64 where nothing is said.",
     {1, 250}},
    {"network.names",
     Kind::kCount,
     field<&P::network, &P::Network::names>,
     "names = 1000",
     "Different names below wildcards in the life of a session; 1000 where nothing is said.",
     {1, 100000}},
    {"network.name_rate",
     Kind::kCount,
     field<&P::network, &P::Network::name_rate>,
     "name_rate = 120",
     "New names below wildcards a minute; 120 where nothing is said.",
     {1, 100000}},
};

}  // namespace

std::span<const Key> network_keys() { return kKeys; }

}  // namespace clawbox::profile
