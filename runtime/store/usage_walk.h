// What a directory holds already, as the quota counts it: blocks and inodes, a file with several names once; of
// attributes only what blocks tell.
#pragma once

#include "base/owned_fd.h"
#include "store/charges.h"
#include "store/quota.h"

namespace clawbox::store {

/// `root`: a directory open for reading; itself counted too. Takes one descriptor and memory by the names of the
/// directories on the way, whatever the tree's depth. Throws SysError. Nothing else may move directories meanwhile.
Usage usage_below(const OwnedFd& root, Charges charges = Charges());

}  // namespace clawbox::store
