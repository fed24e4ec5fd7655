#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "profile/checks.h"
#include "profile/values.h"

namespace clawbox::profile {
namespace {

constexpr std::string_view kNameFields[] = {"name", "reason"};
constexpr std::string_view kPathFields[] = {"path", "optional", "at", "no_links", "reason"};
constexpr std::string_view kPatternFields[] = {"path", "reason"};
constexpr std::string_view kAllowFields[] = {"call", "arg", "mask", "equals", "args", "reason"};
constexpr std::string_view kRefuseFields[] = {"call", "arg", "mask", "equals", "args", "error", "reason"};
constexpr std::string_view kArgumentFields[] = {"arg", "mask", "equals"};

// `key` and what it stands in, so that an entry can be read without a long list of parameters.
struct Entry {
  const Key& key;
  const toml::node& node;
  Context& context;

  void mistake(std::string_view what) const { context.mistake(node, fmt::format("'{}': {}", key.name, what)); }
  bool accepts(const Objection& objection) const {
    if (objection) mistake(*objection);
    return !objection;
  }
};

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

bool take_mark(std::string& path) {
  if (path.size() < 2 || !path.ends_with('?')) return false;
  path.pop_back();
  return true;
}

PathRule path_fields(const Entry& entry) {
  PathRule rule;
  if (const auto* text = entry.node.as_string()) {
    rule.path = text->get();
  } else if (const auto* table = entry.node.as_table()) {
    const auto known = entry.key.kind == Kind::kPaths ? std::span<const std::string_view>(kPathFields)
                                                      : std::span<const std::string_view>(kPatternFields);
    const Fields fields(*table, known, entry.key.name, entry.context);
    rule = {fields.text("path"),    fields.flag("optional"), fields.text("at"), fields.text("reason"), {},
            fields.flag("no_links")};
  }
  return rule;
}

std::optional<PathRule> read_entry(const Entry& entry, PathRule*) {
  PathRule rule = path_fields(entry);
  rule.origin = entry.context.at(entry.node).origin();
  rule.optional = take_mark(rule.path) || rule.optional;
  rule.path = without_trailing_slash(std::move(rule.path));
  const bool pattern = entry.key.kind == Kind::kPatterns;
  if (!entry.accepts(pattern ? objection_to_pattern(rule.path) : objection_to_path(rule.path))) return {};
  if (!rule.at.empty() && !entry.accepts(objection_to_path(rule.at))) return {};
  return entry.accepts(objection_to_text(rule.reason)) ? std::optional(rule) : std::nullopt;
}

std::optional<Decided<std::string>> read_entry(const Entry& entry, Decided<std::string>*) {
  std::string name;
  if (const auto* text = entry.node.as_string()) name = text->get();
  if (const auto* table = entry.node.as_table())
    name = Fields(*table, kNameFields, entry.key.name, entry.context).text("name");
  const auto& known = entry.key.choices;
  if (known.empty() && !entry.accepts(objection_to_passed(name))) return {};
  if (!known.empty() && std::find(known.begin(), known.end(), name) == known.end())
    return entry.mistake(unknown("cap", name, known)), std::nullopt;
  return Decided<std::string>{name, entry.context.at(entry.node).origin()};
}

std::optional<ArgumentTest> read_argument(const Entry& entry, const Fields& fields) {
  const auto index = fields.number("arg");
  const auto equals = fields.number("equals");
  if (!index || !equals) return entry.mistake("a test of an argument needs 'arg' (0 to 5) and 'equals'"), std::nullopt;
  if (*index > 5) return entry.mistake("'arg' is 0 to 5"), std::nullopt;
  const bool wide = *equals > 0xffffffff;
  const uint64_t mask = fields.number("mask").value_or(wide ? UINT64_MAX : 0xffffffff);
  if ((*equals & ~mask) != 0) return entry.mistake("'equals' has bits outside of 'mask': it never holds"), std::nullopt;
  return ArgumentTest{static_cast<unsigned>(*index), mask, *equals};
}

std::vector<ArgumentTest> read_argument_list(const Entry& entry, const toml::node& list) {
  std::vector<ArgumentTest> tests;
  const auto* array = list.as_array();
  if (array == nullptr || array->empty())
    return entry.mistake("'args' must be a list such as [{ arg = 0, equals = 2 }]"), tests;
  for (const toml::node& node : *array) {
    const auto* table = node.as_table();
    if (table == nullptr) {
      entry.mistake("'args' must hold tables such as { arg = 0, equals = 2 }");
      continue;
    }
    const Fields fields(*table, kArgumentFields, "args", entry.context);
    if (const auto test = read_argument(Entry{entry.key, node, entry.context}, fields)) tests.push_back(*test);
  }
  return tests;
}

std::vector<ArgumentTest> read_arguments(const Entry& entry, const Fields& fields) {
  const bool single = fields.has("arg") || fields.has("equals") || fields.has("mask");
  if (single && fields.has("args")) return entry.mistake("has both 'arg' and 'args'"), std::vector<ArgumentTest>{};
  if (fields.has("args")) return read_argument_list(entry, *fields.node("args"));
  if (!single) return {};
  const auto test = read_argument(entry, fields);
  return test ? std::vector{*test} : std::vector<ArgumentTest>{};
}

std::optional<SyscallRule> read_entry(const Entry& entry, SyscallRule*) {
  SyscallRule rule;
  rule.origin = entry.context.at(entry.node).origin();
  if (const auto* text = entry.node.as_string()) rule.call = text->get();
  if (const auto* table = entry.node.as_table()) {
    const bool refuse = entry.key.name == "syscalls.refuse";
    const Fields fields(*table, refuse ? std::span<const std::string_view>(kRefuseFields) : kAllowFields,
                        entry.key.name, entry.context);
    rule.call = fields.text("call");
    rule.reason = fields.text("reason");
    rule.tests = read_arguments(entry, fields);
    if (fields.has("error")) rule.error = fields.text("error");
  }
  if (std::find(refusals().begin(), refusals().end(), rule.error) == refusals().end())
    return entry.mistake(unknown("error", rule.error, refusals())), std::nullopt;
  // A group's members have different arguments.
  if (rule.call.starts_with('@') && !rule.tests.empty())
    return entry.mistake("a group takes no test of an argument"), std::nullopt;
  if (!entry.accepts(objection_to_call(rule.call)) || !entry.accepts(objection_to_text(rule.reason))) return {};
  return rule;
}

template <class Rule>
std::optional<ReadValue> read_rules(const Key& key, const toml::array& array, Context& context) {
  std::vector<Rule> rules;
  std::vector<Place> places;
  for (const toml::node& node : array) {
    if (!node.is_string() && !node.is_table()) {
      context.mistake(node, fmt::format("'{}' must hold strings or tables, not {}", key.name, shape_of(node)));
      continue;
    }
    if (auto rule = read_entry(Entry{key, node, context}, static_cast<Rule*>(nullptr))) {
      rules.push_back(std::move(*rule));
      places.push_back(context.at(node));
    }
  }
  return ReadValue{Value(std::move(rules)), std::move(places)};
}

// Variables are removed by name only.
std::optional<ReadValue> read_removed_variables(const Key& key, const toml::array& array, Context& context) {
  return read_rules<Decided<std::string>>(key, array, context);
}

}  // namespace

std::optional<ReadValue> read_list(const Key& key, Edit edit, const toml::node& node, Context& context) {
  const auto* array = node.as_array();
  if (array == nullptr) {
    context.mistake(node,
                    fmt::format("'{}' must be a list such as `{}`, not {}", key.name, key.example, shape_of(node)));
    return {};
  }
  if (edit == Edit::kRemove && key.kind == Kind::kVariables) return read_removed_variables(key, *array, context);
  if (key.kind == Kind::kNames) return read_rules<Decided<std::string>>(key, *array, context);
  if (key.kind == Kind::kHosts || key.kind == Kind::kMappings || key.kind == Kind::kPorts)
    return read_network_list(key, *array, context);
  if (key.kind == Kind::kSyscalls) return read_rules<SyscallRule>(key, *array, context);
  return read_rules<PathRule>(key, *array, context);
}

std::optional<ReadValue> read_variables(const Key& key, const toml::node& node, Context& context) {
  const auto* table = node.as_table();
  if (table == nullptr) {
    context.mistake(node,
                    fmt::format("'{}' must be a table such as `{}`, not {}", key.name, key.example, shape_of(node)));
    return {};
  }
  Variables variables;
  for (const auto& [name, value] : *table) {
    const Entry entry{key, value, context};
    const auto* text = value.as_string();
    if (!entry.accepts(objection_to_variable(name.str()))) continue;
    if (text == nullptr) {
      entry.mistake(fmt::format("the value of {} must be a string, not {}", name.str(), shape_of(value)));
    } else if (text->get().find('\0') != std::string::npos) {
      entry.mistake(fmt::format("the value of {} holds a NUL byte", name.str()));
    } else {
      variables[std::string(name.str())] = {text->get(), context.at(value).origin()};
    }
  }
  return ReadValue{Value(std::move(variables)), {}};
}

}  // namespace clawbox::profile
