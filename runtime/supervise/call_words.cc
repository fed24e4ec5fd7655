#include "supervise/call_words.h"

#include <fmt/format.h>

#include "base/text.h"
#include "supervise/call_text.h"

namespace clawbox::supervise {

std::string hex_text(uint64_t value) { return fmt::format("{:#x}", value); }

std::string quoted(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : escaped(bytes, kMostText)) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + '"';
}

const Name* find_name(std::span<const Name> table, uint64_t value) {
  const auto found = std::find_if(table.begin(), table.end(), [=](const Name& name) { return name.value == value; });
  return found == table.end() ? nullptr : &*found;
}

std::string names_text(uint64_t value, const Names& names) {
  std::string out;
  uint64_t rest = value & ~names.mask;
  const Name* const choice = find_name(names.choices, value & names.mask);
  if (choice != nullptr)
    out = choice->text;
  else
    rest = value;
  for (const Name& flag : names.flags) {
    if (flag.value == 0 || (rest & flag.value) != flag.value) continue;
    out.append(out.empty() ? "" : "|").append(flag.text);
    rest &= ~flag.value;
  }
  if (rest != 0) out.append(out.empty() ? "" : "|").append(hex_text(rest));
  return out.empty() ? "0" : out;
}

}  // namespace clawbox::supervise
