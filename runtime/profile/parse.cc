#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

#include "base/text.h"
#include "profile/layer.h"
#include "profile/scan.h"
#include "profile/values.h"

namespace clawbox::profile {
namespace {

constexpr std::string_view kAdd = "_add";
constexpr std::string_view kRemove = "_remove";

// The rules about programs: designed, and not done yet.
constexpr std::string_view kLater[] = {"exec"};

struct Target {
  const Key* key = nullptr;
  Edit edit = Edit::kSet;
};

bool knows(const Key& key, Edit edit) {
  if (edit == Edit::kSet) return true;
  return is_list(key.kind) || (edit == Edit::kRemove && key.kind == Kind::kVariables);
}

Target target_of(std::string_view name) {
  if (const Key* key = find_key(name)) return {key, Edit::kSet};
  for (const auto& [ending, edit] : {std::pair{kAdd, Edit::kAdd}, std::pair{kRemove, Edit::kRemove}}) {
    if (!name.ends_with(ending)) continue;
    return {find_key(name.substr(0, name.size() - ending.size())), edit};
  }
  return {};
}

bool is_table_name(std::string_view name) {
  const auto inside = [&](const Key& key) { return table_of(key.name) == name; };
  return !name.empty() && std::any_of(keys().begin(), keys().end(), inside);
}

// The keys and tables that may stand where `name` stands.
std::vector<std::string> siblings(std::string_view table) {
  std::vector<std::string> names;
  for (const Key& key : keys()) {
    if (table_of(key.name) == table) {
      names.emplace_back(key.name);
      if (knows(key, Edit::kAdd)) names.push_back(std::string(key.name) + std::string(kAdd));
      if (knows(key, Edit::kRemove)) names.push_back(std::string(key.name) + std::string(kRemove));
    } else if (table.empty()) {
      names.emplace_back(table_of(key.name));
    }
  }
  return names;
}

// "memory" at the top of the file is near to nothing there, but is a key of another table.
std::string suggestion(std::string_view name) {
  std::string near = did_you_mean(name, siblings(table_of(name)));
  if (!near.empty()) return near;
  for (const Key& key : keys())
    if (last_part(key.name) == last_part(name)) return fmt::format(", did you mean '{}'?", key.name);
  return {};
}

class Reader {
 public:
  explicit Reader(std::string file) { context_.file = std::move(file); }

  Parsed read(std::string_view text) {
    Scan scanned = scan(text);
    if (scanned.mistake) {
      ScanMistake& mistake = *scanned.mistake;
      context_.mistakes.add({context_.file, mistake.line, mistake.column}, std::move(mistake.what));
      return finished();
    }
    try {
      const toml::table root = toml::parse(std::string_view(scanned.text));
      if (!root.contains("version")) context_.mistakes.add({context_.file, 1, 1}, "`version = 1` is missing");
      read_table("", root);
    } catch (const toml::parse_error& error) {  // the parser's way to say that the text is no TOML
      context_.mistakes.add(context_.at(error.source()), syntax_text(error.description()));
    }
    return finished();
  }

 private:
  static std::string syntax_text(std::string_view description) {
    return fmt::format("is not TOML: {}", escaped(description));
  }

  void read_table(const std::string& prefix, const toml::table& table) {
    for (const auto& [name, node] : table)
      read_node(prefix.empty() ? std::string(name.str()) : fmt::format("{}.{}", prefix, name.str()), name, node);
  }

  void read_node(const std::string& name, const toml::key& key, const toml::node& node) {
    const Target target = target_of(name);
    if (target.key != nullptr && knows(*target.key, target.edit)) return read_key(target, key, node);
    if (is_table_name(name)) {
      if (const toml::table* table = node.as_table()) return read_table(name, *table);
      return context_.mistake(node, fmt::format("'{0}' must be a table: [{0}]", name));
    }
    if (target.key != nullptr)
      return note(key, fmt::format("'{0}' is no list that could be edited: set '{0}'", target.key->name));
    if (std::find(std::begin(kLater), std::end(kLater), name) != std::end(kLater))
      return context_.mistakes.postpone(context_.at(key.source()), in_quotes(name));
    note(key, fmt::format("unknown {} {}{}", node.is_table() ? "table" : "key", in_quotes(name), suggestion(name)));
  }

  void note(const toml::key& key, std::string what) {
    context_.mistakes.add(context_.at(key.source()), std::move(what));
  }

  void read_key(Target target, const toml::key& key, const toml::node& node) {
    switch (target.key->kind) {
      case Kind::kVersion:
        return read_version(node);
      case Kind::kParents:
        parsed_.layer.parents = read_names(target.key->name, node, context_);
        return;
      case Kind::kLockedKeys:
        return read_locks(node);
      default:
        break;
    }
    std::optional<ReadValue> read = read_value(target, node);
    if (!read) return;
    if (target.key->kind == Kind::kText) parsed_.layer.description = std::get<std::string>(read->value);
    parsed_.layer.settings.push_back(
        {target.key, target.edit, std::move(read->value), context_.at(key.source()), std::move(read->entries)});
  }

  std::optional<ReadValue> read_value(Target target, const toml::node& node) {
    if (is_list(target.key->kind) || target.edit == Edit::kRemove)
      return read_list(*target.key, target.edit, node, context_);
    if (target.key->kind == Kind::kVariables) return read_variables(*target.key, node, context_);
    if (target.key->kind == Kind::kTests) return read_tests(*target.key, node, context_);
    return read_scalar(*target.key, node, context_);
  }

  void read_version(const toml::node& node) {
    const auto* number = node.as_integer();
    if (number == nullptr || number->get() != 1) context_.mistake(node, "this clawbox reads `version = 1` only");
  }

  void read_locks(const toml::node& node) {
    for (Named& locked : read_names("lock.keys", node, context_)) {
      const Key* key = find_key(locked.name);
      if (key != nullptr && !std::holds_alternative<std::monostate>(key->slot) && key->kind != Kind::kTests)
        parsed_.layer.locked.push_back(std::move(locked));
      else
        context_.mistakes.add(locked.place, fmt::format("'lock.keys': {} is no key that can be locked{}",
                                                        in_quotes(locked.name), suggestion(locked.name)));
    }
  }

  Parsed finished() {
    const auto by_place = [](const Diagnostic& a, const Diagnostic& b) {
      return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    };
    const auto by_edit = [](const Setting& a, const Setting& b) {
      return std::tie(a.edit, a.place.line, a.place.column) < std::tie(b.edit, b.place.line, b.place.column);
    };
    parsed_.mistakes = context_.mistakes.found();
    std::stable_sort(parsed_.mistakes.begin(), parsed_.mistakes.end(), by_place);
    std::stable_sort(parsed_.layer.settings.begin(), parsed_.layer.settings.end(), by_edit);
    return std::move(parsed_);
  }

  Context context_;
  Parsed parsed_;
};

}  // namespace

Parsed parse(const std::string& file, std::string_view text) { return Reader(file).read(text); }

}  // namespace clawbox::profile
