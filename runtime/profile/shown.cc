#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "profile/keys.h"
#include "profile/render.h"

namespace clawbox::profile {
namespace {

using Values = std::vector<ShownValue>;

std::string measure_text(Kind kind, uint64_t number) {
  if (kind == Kind::kSize) return toml_string(size_text(number));
  if (kind == Kind::kPercent) return toml_string(fmt::format("{}%", number));
  return fmt::format("{}", number);
}

std::string reason_text(const std::string& reason) {
  return reason.empty() ? "" : fmt::format(", reason = {}", toml_string(reason));
}

std::string rule_text(const PathRule& rule) {
  std::string path = toml_string(rule.path + (rule.optional ? "?" : ""));
  if (rule.at.empty() && rule.reason.empty() && !rule.no_links) return path;
  const std::string at = rule.at.empty() ? "" : fmt::format(", at = {}", toml_string(rule.at));
  const char* links = rule.no_links ? ", no_links = true" : "";
  return fmt::format("{{ path = {}{}{}{} }}", path, at, links, reason_text(rule.reason));
}

std::string test_text(const ArgumentTest& test) {
  const uint64_t usual = test.equals > 0xffffffff ? UINT64_MAX : 0xffffffff;
  // TOML's numbers end at 2^63 - 1: the mask of all bits is what a reader gets by leaving it out.
  const std::string mask = test.mask == usual ? "" : fmt::format(", mask = {:#x}", test.mask);
  return fmt::format("arg = {}{}, equals = {:#x}", test.index, mask, test.equals);
}

std::string tests_text(const std::vector<ArgumentTest>& tests) {
  if (tests.empty()) return "";
  if (tests.size() == 1) return ", " + test_text(tests.front());
  std::vector<std::string> parts;
  parts.reserve(tests.size());
  for (const ArgumentTest& test : tests) parts.push_back(fmt::format("{{ {} }}", test_text(test)));
  return fmt::format(", args = [{}]", joined(parts, ", "));
}

std::string rule_text(const SyscallRule& rule) {
  const std::string error = rule.error == "EPERM" ? "" : fmt::format(", error = {}", toml_string(rule.error));
  const std::string rest = tests_text(rule.tests) + error + reason_text(rule.reason);
  return rest.empty() ? toml_string(rule.call) : fmt::format("{{ call = {}{} }}", toml_string(rule.call), rest);
}

std::string port_text(const PortRange& range) {
  if (range.first == range.last) return fmt::format("{}", range.first);
  return toml_string(fmt::format("{}-{}", range.first, range.last));
}

std::string target_text(const NetworkWish& wish) {
  if (!wish.target) return fmt::format("preset = {}", toml_string(wish.preset));
  const char* word = std::holds_alternative<IpPrefix>(*wish.target) ? "address" : "host";
  return fmt::format("{} = {}", word, toml_string(to_string(*wish.target)));
}

std::string rule_text(const NetworkWish& wish) {
  std::string text = target_text(wish);
  std::vector<std::string> ports;
  ports.reserve(wish.ports.size());
  for (const PortRange& range : wish.ports) ports.push_back(port_text(range));
  if (!ports.empty()) text += fmt::format(", ports = [{}]", joined(ports, ", "));
  if (wish.udp) text += ", udp = true";
  if (wish.speaks != Speaks::kAuto) text += fmt::format(", speaks = {}", toml_string(word_for(wish.speaks)));
  if (wish.optional) text += ", optional = true";
  return fmt::format("{{ {}{} }}", text, reason_text(wish.reason));
}

std::string rule_text(const Decided<PortMapping>& mapping) { return toml_string(to_string(mapping.value)); }
std::string rule_text(const Decided<uint16_t>& port) { return fmt::format("{}", port.value); }
std::string rule_text(const Decided<std::string>& name) { return toml_string(name.value); }

std::string rule_text(const Expectation& test) {
  const char* subject = test.subject == Expectation::Subject::kPath ? "path" : "syscall";
  const std::string arguments =
      test.arguments.empty() ? "" : fmt::format(", args = [{}]", fmt::join(test.arguments, ", "));
  return fmt::format("{{ {} = {}{}, expect = {} }}", subject, toml_string(test.what), arguments,
                     toml_string(test.expect));
}

const Origin& origin_of(const Decided<std::string>& name) { return name.origin; }
template <class Rule>
const Origin& origin_of(const Rule& rule) {
  return rule.origin;
}

struct Show {
  const Key& key;
  Profile& profile;

  Values one(std::string value, const Origin& origin) const {
    return {{std::string(key.name), std::move(value), origin}};
  }
  std::string text(bool value) const { return value ? "true" : "false"; }
  std::string text(uint64_t value) const { return measure_text(key.kind, value); }
  std::string text(Milliseconds value) const { return toml_string(duration_text(value)); }
  std::string text(const std::string& value) const { return toml_string(value); }

  Values operator()(std::monostate) const { return {}; }
  Values operator()(Field<std::string> field) const {
    const std::string& value = field(profile);
    return value.empty() ? Values{} : one(toml_string(value), profile.origin);
  }
  template <class T>
  Values operator()(Decided<T>& (*field)(Profile&)) const {
    return one(text(field(profile).value), field(profile).origin);
  }
  template <class T>
  Values operator()(std::optional<Decided<T>>& (*field)(Profile&)) const {
    const auto& decided = field(profile);
    return decided ? one(text(decided->value), decided->origin) : Values{};
  }
  Values operator()(const ChoiceField& field) const {
    const Decided<uint64_t> chosen = field.get(profile);
    return one(toml_string(key.choices[chosen.value]), chosen.origin);
  }
  Values operator()(Field<Variables> field) const {
    Values values;
    for (const auto& [name, value] : field(profile))
      values.push_back({fmt::format("{}.{}", key.name, name), toml_string(value.value), value.origin});
    return values;
  }
  template <class Rule>
  Values operator()(std::vector<Rule>& (*field)(Profile&)) const {
    Values values;
    for (const Rule& rule : field(profile)) values.push_back({std::string(key.name), rule_text(rule), origin_of(rule)});
    return values;
  }
};

}  // namespace

std::string toml_string(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') literal += '\\';
    if (byte < 0x20 || byte == 0x7f)
      literal += fmt::format("\\u{:04X}", byte);
    else
      literal += c;
  }
  return literal + '"';
}

std::vector<ShownValue> shown_key(const Key& key, const Profile& profile) {
  Profile copy = profile;  // the table's fields are references that can be written through
  return std::visit(Show{key, copy}, key.slot);
}

std::vector<ShownValue> shown(const Profile& profile) {
  Profile copy = profile;
  Values all;
  for (const Key& key : keys())
    for (ShownValue& value : std::visit(Show{key, copy}, key.slot)) all.push_back(std::move(value));
  return all;
}

}  // namespace clawbox::profile
