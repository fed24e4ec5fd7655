// The words of which the text of a call is made; see supervise/call_text.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "supervise/call_tables.h"
#include "sys/process_memory.h"

namespace clawbox::supervise {

std::string hex_text(uint64_t value);

/// Escaped, and unable to end its quotes.
std::string quoted(std::string_view bytes);

const Name* find_name(std::span<const Name> table, uint64_t value);

/// Bits without a name are a number at the end.
std::string names_text(uint64_t value, const Names& names);

/// A structure of which the program says how long it is: what is not there is 0, as in the kernel.
template <class Structure>
std::optional<Structure> structure_at(uint64_t address, uint64_t size, const sys::ProcessMemory& memory) {
  Structure value{};
  const std::size_t wanted = std::min<uint64_t>(size, sizeof value);
  const auto bytes = std::span(reinterpret_cast<char*>(&value), wanted);
  if (address == 0 || wanted == 0 || memory.read(address, bytes).error != 0) return std::nullopt;
  return value;
}

}  // namespace clawbox::supervise
