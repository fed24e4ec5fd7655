#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "profile/checks.h"
#include "profile/values.h"

namespace clawbox::profile {
namespace {

using Read = std::optional<ReadValue>;

Read wrong(const Key& key, const toml::node& node, Context& context, std::string_view must) {
  context.mistake(node,
                  fmt::format("'{}' must be {} such as `{}`, not {}", key.name, must, key.example, shape_of(node)));
  return {};
}

template <class T>
Read value(T read) {
  return ReadValue{Value(std::move(read)), {}};
}

bool in_range(const Key& key, uint64_t number, const toml::node& node, Context& context) {
  if (number >= key.range.least && number <= key.range.most) return true;
  context.mistake(node, fmt::format("'{}' must be from {}", key.name, range_text(key)));
  return false;
}

Read read_bool(const Key& key, const toml::node& node, Context& context) {
  if (const auto* flag = node.as_boolean()) return value(flag->get());
  return wrong(key, node, context, "true or false,");
}

Read read_count(const Key& key, const toml::node& node, Context& context) {
  const auto* number = node.as_integer();
  if (number == nullptr) return wrong(key, node, context, "a whole number");
  if (!in_range(key, number->get() < 0 ? UINT64_MAX : static_cast<uint64_t>(number->get()), node, context)) return {};
  return value(static_cast<uint64_t>(number->get()));
}

// `parsed` is what the text means in the unit of the key's range.
Read with_unit(const Key& key, const toml::node& node, Context& context, std::optional<uint64_t> parsed) {
  if (!parsed) {
    context.mistake(node, fmt::format("{} is no value of '{}': write a number and a unit, as in `{}`",
                                      in_quotes(node.as_string()->get()), key.name, key.example));
    return {};
  }
  if (!in_range(key, *parsed, node, context)) return {};
  if (key.kind == Kind::kDuration) return value(Milliseconds(*parsed));
  return value(*parsed);
}

std::optional<uint64_t> number_in(Kind kind, const std::string& text) {
  if (kind == Kind::kSize) return parse_size(text);
  if (kind == Kind::kPercent) return parse_percent(text);
  const auto time = parse_duration(text);
  return time ? std::optional(static_cast<uint64_t>(time->count())) : std::nullopt;
}

Read read_measure(const Key& key, const toml::node& node, Context& context) {
  if (const auto* text = node.as_string()) return with_unit(key, node, context, number_in(key.kind, text->get()));
  if (!node.is_number()) return wrong(key, node, context, "a string with a unit");
  context.mistake(
      node, fmt::format("'{}' needs a unit, as in `{}`: a bare number does not say which one", key.name, key.example));
  return {};
}

Read read_choice(const Key& key, const toml::node& node, Context& context) {
  const auto* text = node.as_string();
  if (text == nullptr) return wrong(key, node, context, "a string");
  const auto found = std::find(key.choices.begin(), key.choices.end(), text->get());
  if (found != key.choices.end()) return value(static_cast<uint64_t>(found - key.choices.begin()));
  context.mistake(node, unknown(fmt::format("value of '{}'", key.name), text->get(), key.choices) +
                            fmt::format(" ({})", fmt::join(key.choices, ", ")));
  return {};
}

Objection objection_to_word(const Key& key, const std::string& text) {
  if (key.kind == Kind::kHostname) return objection_to_hostname(text);
  if (key.kind == Kind::kText) return objection_to_text(text);
  if (std::find(key.choices.begin(), key.choices.end(), text) != key.choices.end()) return {};
  return key.kind == Kind::kProcessors ? objection_to_processors(text) : objection_to_place(text);
}

Read read_text(const Key& key, const toml::node& node, Context& context) {
  const auto* text = node.as_string();
  if (text == nullptr) return wrong(key, node, context, "a string");
  const Objection objection = objection_to_word(key, text->get());
  if (!objection) return value(text->get());
  context.mistake(node, fmt::format("'{}': {}", key.name, *objection));
  return {};
}

}  // namespace

std::string_view shape_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::string unknown(std::string_view what, std::string_view name, std::span<const std::string_view> known) {
  const std::vector<std::string> candidates(known.begin(), known.end());
  return fmt::format("unknown {} {}{}", what, in_quotes(name), did_you_mean(name, candidates));
}

Read read_scalar(const Key& key, const toml::node& node, Context& context) {
  switch (key.kind) {
    case Kind::kBool:
      return read_bool(key, node, context);
    case Kind::kCount:
      return read_count(key, node, context);
    case Kind::kSize:
    case Kind::kDuration:
    case Kind::kPercent:
      return read_measure(key, node, context);
    case Kind::kChoice:
      return read_choice(key, node, context);
    default:
      return read_text(key, node, context);
  }
}

}  // namespace clawbox::profile
