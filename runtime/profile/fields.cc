#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "profile/values.h"

namespace clawbox::profile {

Fields::Fields(const toml::table& table, std::span<const std::string_view> known, std::string_view what,
               Context& context)
    : table_(table), what_(what), context_(context) {
  for (const auto& [name, value] : table)
    if (std::find(known.begin(), known.end(), name.str()) == known.end())
      context_.mistakes.add(context_.at(name.source()),
                            fmt::format("'{}': {}", what, unknown("field", name.str(), known)));
}

std::string Fields::text(std::string_view name) const {
  const toml::node* found = node(name);
  if (found == nullptr) return {};
  if (const auto* text = found->as_string()) return text->get();
  context_.mistake(*found, fmt::format("'{}': '{}' must be a string, not {}", what_, name, shape_of(*found)));
  return {};
}

bool Fields::flag(std::string_view name) const {
  const toml::node* found = node(name);
  if (found == nullptr) return false;
  if (const auto* flag = found->as_boolean()) return flag->get();
  context_.mistake(*found, fmt::format("'{}': '{}' must be true or false, not {}", what_, name, shape_of(*found)));
  return false;
}

std::optional<uint64_t> Fields::number(std::string_view name) const {
  const toml::node* found = node(name);
  if (found == nullptr) return {};
  const auto* number = found->as_integer();
  if (number != nullptr && number->get() >= 0) return static_cast<uint64_t>(number->get());
  context_.mistake(*found, fmt::format("'{}': '{}' must be a whole number of at least 0", what_, name));
  return {};
}

std::vector<Named> read_names(std::string_view key, const toml::node& node, Context& context) {
  constexpr std::size_t kMaxNames = 64;
  if (const auto* text = node.as_string()) return {{text->get(), context.at(node)}};
  std::vector<Named> names;
  const auto* array = node.as_array();
  if (array == nullptr || array->size() > kMaxNames) {
    context.mistake(node, fmt::format("'{}' must be a string or a list of at most {} strings", key, kMaxNames));
    return names;
  }
  for (const toml::node& entry : *array) {
    if (const auto* text = entry.as_string())
      names.push_back({text->get(), context.at(entry)});
    else
      context.mistake(entry, fmt::format("'{}' must hold strings, not {}", key, shape_of(entry)));
  }
  return names;
}

}  // namespace clawbox::profile
