// From TOML nodes to values: one function for each shape. Mistakes go to the Context, which knows the file.
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "profile/layer.h"

namespace clawbox::profile {

struct Context {
  std::string file;
  Mistakes mistakes;

  Place at(const toml::source_region& source) const {
    return {file, static_cast<int>(source.begin.line), static_cast<int>(source.begin.column)};
  }
  Place at(const toml::node& node) const { return at(node.source()); }
  void mistake(const toml::node& node, std::string what) { mistakes.add(at(node), std::move(what)); }
};

/// "a list", "a number": what a node is, for messages.
std::string_view shape_of(const toml::node& node);

/// "unknown X 'name', did you mean 'nearest'?"
std::string unknown(std::string_view what, std::string_view name, std::span<const std::string_view> known);

/// A value with its entries' places; nothing where a mistake was noted.
struct ReadValue {
  Value value;
  std::vector<Place> entries;
};
std::optional<ReadValue> read_scalar(const Key& key, const toml::node& node, Context& context);
std::optional<ReadValue> read_list(const Key& key, Edit edit, const toml::node& node, Context& context);
/// `network.allow`, `publish` and `host_ports`: network_lists.cc
std::optional<ReadValue> read_network_list(const Key& key, const toml::array& array, Context& context);
std::optional<ReadValue> read_variables(const Key& key, const toml::node& node, Context& context);
std::optional<ReadValue> read_tests(const Key& key, const toml::node& node, Context& context);

/// The strings of a list of plain strings, or of one string alone.
std::vector<Named> read_names(std::string_view key, const toml::node& node, Context& context);

/// The fields of one inline table. Unknown ones are noted at once; the rest is read by name.
class Fields {
 public:
  Fields(const toml::table& table, std::span<const std::string_view> known, std::string_view what, Context& context);

  bool has(std::string_view name) const { return table_.contains(name); }
  std::string text(std::string_view name) const;  // "" where there is none
  bool flag(std::string_view name) const;
  std::optional<uint64_t> number(std::string_view name) const;
  const toml::node* node(std::string_view name) const { return table_.get(name); }

 private:
  const toml::table& table_;
  std::string_view what_;
  Context& context_;
};

}  // namespace clawbox::profile
