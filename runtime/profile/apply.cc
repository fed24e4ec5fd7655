#include "profile/apply.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace clawbox::profile {
namespace {

using Missing = std::vector<Diagnostic>;

bool same(const PathRule& a, const PathRule& b) { return a.path == b.path && a.at == b.at; }
bool same(const ArgumentTest& a, const ArgumentTest& b) {
  return a.index == b.index && a.mask == b.mask && a.equals == b.equals;
}
bool same(const SyscallRule& a, const SyscallRule& b) {
  return a.call == b.call && std::equal(a.tests.begin(), a.tests.end(), b.tests.begin(), b.tests.end(),
                                        [](const auto& x, const auto& y) { return same(x, y); });
}

bool same(const NetworkWish& a, const NetworkWish& b) {
  return a.target == b.target && a.preset == b.preset && a.ports == b.ports;
}
template <class T>
bool same(const Decided<T>& a, const Decided<T>& b) {
  return a.value == b.value;
}

// What is removed may be said more shortly than it was added: a bare name stands for all rules of that name.
template <class T>
bool removes(const Decided<T>& a, const Decided<T>& b) {
  return same(a, b);
}
bool removes(const NetworkWish& a, const NetworkWish& b) {
  return a.target == b.target && a.preset == b.preset && (a.ports.empty() || a.ports == b.ports);
}
bool removes(const PathRule& a, const PathRule& b) { return a.path == b.path && (a.at.empty() || a.at == b.at); }
bool removes(const SyscallRule& a, const SyscallRule& b) { return a.call == b.call && (a.tests.empty() || same(a, b)); }

std::string name_of(const Decided<std::string>& rule) { return rule.value; }
std::string name_of(const PathRule& rule) { return rule.path; }
std::string name_of(const SyscallRule& rule) { return rule.call; }
std::string name_of(const NetworkWish& rule) { return rule.target ? to_string(*rule.target) : rule.preset; }
std::string name_of(const Decided<PortMapping>& rule) { return to_string(rule.value); }
std::string name_of(const Decided<uint16_t>& rule) { return std::to_string(rule.value); }

Diagnostic not_there(const Setting& setting, std::size_t entry, const std::string& name) {
  const Place& place = setting.entries[entry];
  return {place.file, place.line, place.column,
          fmt::format("'{}_remove': {} is not there", setting.key->name, in_quotes(name))};
}

template <class Rule>
void add(const Rule& rule, std::vector<Rule>& list) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const Rule& other) { return same(rule, other); });
  if (found == list.end())
    list.push_back(rule);
  else
    *found = rule;
}

struct Application {
  const Setting& setting;
  Profile& profile;

  Missing operator()(std::monostate) const { return {}; }
  Missing operator()(Field<std::string> field) const {
    field(profile) = std::get<std::string>(setting.value);
    return {};
  }
  template <class T>
  Missing operator()(Decided<T>& (*field)(Profile&)) const {
    field(profile) = {std::get<T>(setting.value), setting.place.origin()};
    return {};
  }
  template <class T>
  Missing operator()(std::optional<Decided<T>>& (*field)(Profile&)) const {
    field(profile) = Decided<T>{std::get<T>(setting.value), setting.place.origin()};
    return {};
  }
  Missing operator()(const ChoiceField& field) const {
    field.set(profile, std::get<uint64_t>(setting.value), setting.place.origin());
    return {};
  }
  Missing operator()(Field<std::vector<Expectation>> field) const {
    field(profile) = std::get<std::vector<Expectation>>(setting.value);
    return {};
  }

  Missing operator()(Field<Variables> field) const {
    Variables& variables = field(profile);
    if (setting.edit == Edit::kSet) {
      for (const auto& [name, value] : std::get<Variables>(setting.value)) variables[name] = value;
      return {};
    }
    Missing missing;
    const Names& names = std::get<Names>(setting.value);
    for (std::size_t i = 0; i < names.size(); ++i)
      if (variables.erase(names[i].value) == 0) missing.push_back(not_there(setting, i, names[i].value));
    return missing;
  }

  template <class Rule>
  Missing operator()(std::vector<Rule>& (*field)(Profile&)) const {
    std::vector<Rule>& list = field(profile);
    const auto& rules = std::get<std::vector<Rule>>(setting.value);
    if (setting.edit == Edit::kRemove) return remove(rules, list);
    if (setting.edit == Edit::kSet) list.clear();
    for (const Rule& rule : rules) add(rule, list);
    return {};
  }

  template <class Rule>
  Missing remove(const std::vector<Rule>& rules, std::vector<Rule>& list) const {
    Missing missing;
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (std::erase_if(list, [&](const Rule& other) { return removes(rules[i], other); }) == 0)
        missing.push_back(not_there(setting, i, name_of(rules[i])));
    return missing;
  }
};

}  // namespace

std::vector<Diagnostic> apply(const Setting& setting, Profile& profile) {
  return std::visit(Application{setting, profile}, setting.key->slot);
}

}  // namespace clawbox::profile
