#include "base/network_rule.h"

#include <fmt/format.h>

#include "base/text.h"

namespace clawbox {
namespace {

struct Text {
  std::string operator()(const ExactHost& host) const { return host.name; }
  std::string operator()(const Subdomains& below) const { return "*." + below.domain; }
  std::string operator()(const IpPrefix& prefix) const { return to_string(prefix); }
};

std::string listed(const std::vector<PortRange>& ports, std::string_view between) {
  std::vector<std::string> words;
  words.reserve(ports.size());
  for (const PortRange& range : ports)
    words.push_back(range.first == range.last ? fmt::format("{}", range.first)
                                              : fmt::format("{}-{}", range.first, range.last));
  return joined(words, between);
}

}  // namespace

std::string to_string(const NetworkTarget& target) { return std::visit(Text{}, target); }

std::string to_string(const std::vector<PortRange>& ports) { return listed(ports, ", "); }

std::string to_string(const NetworkRule& rule) {
  const auto* prefix = std::get_if<IpPrefix>(&rule.target);
  const bool brackets = prefix != nullptr && !prefix->address.is_v4();
  const std::string target = to_string(rule.target);
  return fmt::format("{}:{}", brackets ? "[" + target + "]" : target, listed(rule.ports, ","));
}

}  // namespace clawbox
