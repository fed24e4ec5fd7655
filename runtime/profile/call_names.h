// The names that a rule about system calls may use, collected when clawbox is built: tools/embed_call_names.py.
#pragma once

#include <span>
#include <string_view>

namespace clawbox::profile {

/// Of every architecture that libseccomp knows, and what runtime/seccomp knows beyond it. Sorted.
std::span<const std::string_view> call_names();
/// With their "@". Sorted.
std::span<const std::string_view> group_names();

}  // namespace clawbox::profile
