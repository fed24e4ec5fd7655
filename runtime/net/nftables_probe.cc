#include "net/nftables_probe.h"

#include "net/link.h"
#include "net/listeners.h"
#include "net/steering.h"

namespace clawbox::net {

void try_steering() {
  NetworkAllowlist list;
  list.synthetic = {*parse_ip_prefix("198.18.0.0/15"), *parse_ip_prefix("fdc1:a3b0:c1a0:1::/64")};
  NetworkRule rule;
  rule.ports = {{443, 443}};
  list.rules.push_back(rule);
  const Ipv6 ipv6 = make_every_address_local(list.synthetic);
  steer(list, ipv6);
  open_listeners(list, ipv6);
}

}  // namespace clawbox::net
