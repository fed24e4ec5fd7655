// Whether a session's network can be steered with nf_tables: nft(8), through libmnl.
#pragma once

namespace clawbox::net {

/// Makes, in the caller's network namespace, all that steering is made of: addresses, rules with tproxy, a log of
/// refused packets, a transparent listener. Throws what the kernel refused. Needs CAP_NET_ADMIN there. It all stays:
/// meant for a namespace that ends with its process.
void try_steering();

}  // namespace clawbox::net
