// What a cached program looks like as bytes.
//
//   u64 FNV-1a of all that follows | u32 length of the text | u32 number of filters | text
//   per filter: u32 number of instructions | the instructions
// In the machine's own byte order: the text names the architecture.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plan/plan.h"
#include "seccomp/compile.h"

namespace clawbox::seccomp {

/// Everything that the program depends on, as text.
std::string canonical_text(const SyscallPolicy& policy);
/// FNV-1a, 64 bits: finds files and damage, keeps nobody out.
uint64_t fnv1a(std::string_view bytes, uint64_t start = 0xcbf29ce484222325);

std::string to_bytes(const Program& program, std::string_view text);
/// Nothing: damaged, or the program of another text.
std::optional<Program> from_bytes(std::string_view bytes, std::string_view text);

}  // namespace clawbox::seccomp
