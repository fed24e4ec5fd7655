// Whether nf_tables can be used at all: nft(8), Linux 3.13, through libmnl.
#pragma once

namespace clawbox::net {

/// Makes one empty table in the caller's network namespace, in one batch as the kernel demands. Needs CAP_NET_ADMIN
/// there. The table stays: meant for a namespace that ends with its process.
void make_probe_table();

}  // namespace clawbox::net
