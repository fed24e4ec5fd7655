// The session keyring, which every process inherits: keyrings(7), session-keyring(7). A kernel without keys answers
// ENOSYS, which is fine: it has none to leak.
#pragma once

namespace clawbox::sys {

/// One that holds nothing and in which nobody can put anything; all processes of this user that ask for it by
/// `name` share it. Each
/// keyring takes one of the keys that a user may have: /proc/sys/kernel/keys/maxkeys, 200.
void join_empty_keyring(const char* name);

/// One of its own, empty, which the program may fill.
void join_new_keyring();

}  // namespace clawbox::sys
