// Giving up privileges, and looking whether it worked. capabilities(7), prctl(2); through libcap.
#pragma once

namespace clawbox::sys {

/// Every capability set of this process is emptied and the secure bits are locked, so that uid 0 gains nothing by exec.
void drop_capabilities();
/// Every set but the bounding set, which takes a capability to change: for a process that executes nothing.
void empty_capabilities();
/// Throws if any of the five sets holds anything, or if a secure bit is missing: verification, not hope.
void require_no_capabilities();
void set_no_new_privileges();

}  // namespace clawbox::sys
