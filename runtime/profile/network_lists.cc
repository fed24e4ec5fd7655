// The lists of the table `network`: what may be reached, and ports.
#include <fmt/format.h>

#include <algorithm>

#include "base/host_name.h"
#include "base/text.h"
#include "profile/checks.h"
#include "profile/values.h"

namespace clawbox::profile {
namespace {

constexpr std::string_view kHostFields[] = {"host", "address", "preset",   "ports",
                                            "udp",  "speaks",  "optional", "reason"};
constexpr std::size_t kMaxPorts = 64;

// `key` and what it stands in, so that an entry can be read without a long list of parameters.
struct Entry {
  const Key& key;
  const toml::node& node;
  Context& context;

  void mistake(const toml::node& at, std::string_view what) const {
    context.mistake(at, fmt::format("'{}': {}", key.name, what));
  }
  void mistake(std::string_view what) const { mistake(node, what); }
};

struct Target {
  std::optional<NetworkTarget> target;
  std::string objection;
};

// What people write who think of a URL.
std::optional<std::string> url_words(const std::string& text) {
  if (text.find("://") != std::string::npos) return fmt::format("{} is a URL: name its host alone", in_quotes(text));
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon != text.rfind(':')) return {};
  return fmt::format("{} has a port: write {{ host = \"{}\", ports = [{}] }}", in_quotes(text),
                     escaped(text.substr(0, colon)), escaped(text.substr(colon + 1)));
}

Target host_target(const std::string& text) {
  const bool star = text.starts_with("*.");
  HostNameReading read = read_host_name(star ? std::string_view(text).substr(2) : text);
  if (text == "*" || (read.name && star && read.name->find('.') == std::string::npos))
    return {{},
            fmt::format("{} is too wide: name a domain of two parts at least, such as *.example.org", in_quotes(text))};
  if (!read.name) return {{}, url_words(text).value_or(read.objection)};
  if (*read.name == "localhost" || is_below(*read.name, "localhost"))
    return {{}, "inside, 'localhost' is the session itself: 'network.host_ports' shows ports of the host"};
  if (star) return {Subdomains{std::move(*read.name)}, {}};
  return {ExactHost{std::move(*read.name)}, {}};
}

Target address_target(const std::string& text) {
  if (const auto prefix = parse_ip_prefix(text)) return {*prefix, {}};
  return {{},
          fmt::format("{} is neither an address nor a prefix such as 10.0.0.0/8 (without bits beyond its length)",
                      in_quotes(text))};
}

// A bare string: addresses look like nothing else.
Target any_target(const std::string& text) {
  if (const auto prefix = parse_ip_prefix(text)) return {*prefix, {}};
  return host_target(text);
}

std::optional<PortRange> read_port(const toml::node& node) {
  if (const auto* number = node.as_integer())
    return number->get() > 0 ? parse_port_range(std::to_string(number->get())) : std::nullopt;
  const auto* text = node.as_string();
  return text == nullptr ? std::nullopt : parse_port_range(text->get());
}

// Ascending, and those that touch or overlap as one.
std::vector<PortRange> in_order(std::vector<PortRange> ports) {
  std::sort(ports.begin(), ports.end(), [](const PortRange& a, const PortRange& b) { return a.first < b.first; });
  std::vector<PortRange> merged;
  for (const PortRange& range : ports) {
    if (!merged.empty() && range.first <= merged.back().last + 1)
      merged.back().last = std::max(merged.back().last, range.last);
    else
      merged.push_back(range);
  }
  return merged;
}

std::optional<std::vector<PortRange>> read_ports(const Entry& entry, const toml::node& node) {
  const auto* array = node.as_array();
  if (array == nullptr || array->empty() || array->size() > kMaxPorts)
    return entry.mistake(node, "'ports' must be a list such as [443, \"8000-8010\"]"), std::nullopt;
  std::vector<PortRange> ports;
  for (const toml::node& one : *array) {
    const auto range = read_port(one);
    if (!range)
      return entry.mistake(one, "a port is 1 to 65535, and a range a string such as \"8000-8010\""), std::nullopt;
    ports.push_back(*range);
  }
  return in_order(std::move(ports));
}

std::optional<Speaks> read_speaks(const Entry& entry, const Fields& fields) {
  if (!fields.has("speaks")) return Speaks::kAuto;
  const std::string word = fields.text("speaks");
  const auto known = protocols();
  const auto found = std::find(known.begin(), known.end(), word);
  if (found == known.end())
    return entry.mistake(*fields.node("speaks"), unknown("protocol", word, known)), std::nullopt;
  return static_cast<Speaks>(found - known.begin());
}

std::optional<NetworkWish> read_preset(const Entry& entry, const Fields& fields) {
  NetworkWish wish;
  wish.preset = fields.text("preset");
  wish.optional = fields.flag("optional");
  const auto known = presets();
  if (std::find(known.begin(), known.end(), wish.preset) == known.end())
    return entry.mistake(*fields.node("preset"), unknown("preset", wish.preset, known)), std::nullopt;
  for (const char* field : {"ports", "udp", "speaks"})
    if (fields.has(field))
      return entry.mistake(*fields.node(field), "a preset brings its own ports: they are in the tool's configuration"),
             std::nullopt;
  return wish;
}

std::optional<NetworkWish> read_host(const Entry& entry, const Fields& fields) {
  const char* word = fields.has("host") ? "host" : "address";
  Target read = fields.has("host") ? host_target(fields.text("host")) : address_target(fields.text("address"));
  if (!read.target) return entry.mistake(*fields.node(word), read.objection), std::nullopt;
  if (fields.has("optional"))
    return entry.mistake(*fields.node("optional"), "only a preset can be optional"), std::nullopt;
  NetworkWish wish;
  wish.target = std::move(read.target);
  wish.udp = fields.flag("udp");
  const auto speaks = read_speaks(entry, fields);
  const auto ports = fields.has("ports") ? read_ports(entry, *fields.node("ports")) : std::vector<PortRange>{};
  if (!speaks || !ports) return {};
  wish.speaks = *speaks;
  wish.ports = *ports;
  return wish;
}

std::optional<NetworkWish> read_table(const Entry& entry, const toml::table& table) {
  const Fields fields(table, kHostFields, entry.key.name, entry.context);
  const int subjects = (fields.has("host") ? 1 : 0) + (fields.has("address") ? 1 : 0) + (fields.has("preset") ? 1 : 0);
  if (subjects != 1) return entry.mistake("an entry needs one of 'host', 'address' and 'preset'"), std::nullopt;
  auto wish = fields.has("preset") ? read_preset(entry, fields) : read_host(entry, fields);
  if (!wish) return {};
  wish->reason = fields.text("reason");
  if (const auto objection = objection_to_text(wish->reason))
    return entry.mistake(*fields.node("reason"), *objection), std::nullopt;
  return wish;
}

std::optional<NetworkWish> read_entry(const Entry& entry, NetworkWish*) {
  std::optional<NetworkWish> wish;
  if (const auto* table = entry.node.as_table()) {
    wish = read_table(entry, *table);
  } else if (const auto* text = entry.node.as_string()) {
    Target read = any_target(text->get());
    if (!read.target) return entry.mistake(read.objection), std::nullopt;
    wish = NetworkWish{};
    wish->target = std::move(read.target);
  } else {
    entry.mistake(fmt::format("must hold strings or tables, not {}", shape_of(entry.node)));
  }
  if (wish) wish->origin = entry.context.at(entry.node).origin();
  return wish;
}

std::optional<Decided<PortMapping>> read_entry(const Entry& entry, Decided<PortMapping>*) {
  const auto* text = entry.node.as_string();
  const auto mapping = text == nullptr ? std::nullopt : parse_port_mapping(text->get());
  if (!mapping)
    return entry.mistake("must hold strings such as \"127.0.0.1:8080:3000\" or \"8080:3000\""), std::nullopt;
  return Decided<PortMapping>{*mapping, entry.context.at(entry.node).origin()};
}

std::optional<Decided<uint16_t>> read_entry(const Entry& entry, Decided<uint16_t>*) {
  const auto port = entry.node.is_integer() ? read_port(entry.node) : std::nullopt;
  if (!port) return entry.mistake("must hold ports, 1 to 65535"), std::nullopt;
  return Decided<uint16_t>{port->first, entry.context.at(entry.node).origin()};
}

template <class Rule>
ReadValue read_all(const Key& key, const toml::array& array, Context& context) {
  std::vector<Rule> rules;
  std::vector<Place> places;
  for (const toml::node& node : array) {
    auto rule = read_entry(Entry{key, node, context}, static_cast<Rule*>(nullptr));
    if (!rule) continue;
    rules.push_back(std::move(*rule));
    places.push_back(context.at(node));
  }
  return {Value(std::move(rules)), std::move(places)};
}

}  // namespace

std::optional<ReadValue> read_network_list(const Key& key, const toml::array& array, Context& context) {
  if (key.kind == Kind::kMappings) return read_all<Decided<PortMapping>>(key, array, context);
  if (key.kind == Kind::kPorts) return read_all<Decided<uint16_t>>(key, array, context);
  return read_all<NetworkWish>(key, array, context);
}

}  // namespace clawbox::profile
