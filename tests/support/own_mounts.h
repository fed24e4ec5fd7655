// Mounts that only one command and what it starts can see: for Command::before_exec.
//
// In a mount namespace of the command's own; an ordinary user gets a user namespace for it, in which the ids stay what
// they are. So the command has no more privileges than before. user_namespaces(7), mount_namespaces(7).
#pragma once

#include <string>
#include <vector>

namespace clawbox::test {

/// Whether this kernel lets us; it may be forbidden to ordinary users.
bool may_have_own_mounts();

// In the child only. What fails ends it, with a word on standard error.
void enter_own_mounts();
void mount_here(const char* source, const char* target, const char* type, unsigned long flags, const char* data);
/// /dev as it is, but for /dev/log: that is `socket`, or nothing when it is empty. `scratch` is an empty directory.
void replace_dev_log(const std::string& socket, const std::string& scratch);

}  // namespace clawbox::test
