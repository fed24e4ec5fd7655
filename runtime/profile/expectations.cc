#include <fmt/format.h>

#include <algorithm>

#include "profile/checks.h"
#include "profile/values.h"

namespace clawbox::profile {
namespace {

constexpr std::string_view kTestFields[] = {"path", "syscall", "args", "expect"};
constexpr std::string_view kPathAnswers[] = {"hidden", "read-only", "writable"};

std::vector<std::string_view> syscall_answers() {
  std::vector<std::string_view> answers{"allow"};
  answers.insert(answers.end(), refusals().begin(), refusals().end());
  return answers;
}

std::vector<uint64_t> arguments(const toml::table& table, Context& context) {
  std::vector<uint64_t> numbers;
  const toml::node* node = table.get("args");
  if (node == nullptr) return numbers;
  const auto* array = node->as_array();
  const auto fits = [](const toml::node& entry) { return entry.is_integer() && entry.as_integer()->get() >= 0; };
  if (array == nullptr || array->size() > 6 || !std::all_of(array->begin(), array->end(), fits)) {
    context.mistake(*node, "'test': 'args' must be a list of at most 6 whole numbers");
    return numbers;
  }
  for (const toml::node& entry : *array) numbers.push_back(static_cast<uint64_t>(entry.as_integer()->get()));
  return numbers;
}

std::optional<Expectation> read_expectation(const toml::table& table, Context& context) {
  const Fields fields(table, kTestFields, "test", context);
  if (fields.has("path") == fields.has("syscall")) {
    context.mistake(table, "'test' needs either 'path' or 'syscall'");
    return {};
  }
  if (!fields.has("expect")) return context.mistake(table, "'test' needs 'expect'"), std::nullopt;

  const bool path = fields.has("path");
  Expectation test{path ? Expectation::Subject::kPath : Expectation::Subject::kSyscall,
                   fields.text(path ? "path" : "syscall"), arguments(table, context), fields.text("expect"),
                   context.at(table).origin()};
  if (const auto objection = path ? objection_to_path(test.what) : objection_to_call(test.what)) {
    context.mistake(*fields.node(path ? "path" : "syscall"), fmt::format("'test': {}", *objection));
    return {};
  }
  const std::vector<std::string_view> syscalls = syscall_answers();
  const std::span<const std::string_view> answers = path ? std::span<const std::string_view>(kPathAnswers) : syscalls;
  if (std::find(answers.begin(), answers.end(), test.expect) == answers.end()) {
    context.mistake(*fields.node("expect"), "'test': " + unknown("expectation", test.expect, answers));
    return {};
  }
  return test;
}

}  // namespace

std::optional<ReadValue> read_tests(const Key& key, const toml::node& node, Context& context) {
  const auto* array = node.as_array();
  if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
    context.mistake(node, fmt::format("'{0}' must be written as [[{0}]]", key.name));
    return {};
  }
  std::vector<Expectation> tests;
  for (const toml::node& entry : *array)
    if (auto test = read_expectation(*entry.as_table(), context)) tests.push_back(std::move(*test));
  return ReadValue{Value(std::move(tests)), {}};
}

}  // namespace clawbox::profile
