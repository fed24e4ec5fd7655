#include <fmt/format.h>
#include <fmt/ranges.h>

#include "profile/keys.h"
#include "profile/render.h"

namespace clawbox::profile {
namespace {

std::string kind_text(const Key& key) {
  switch (key.kind) {
    case Kind::kVersion:
    case Kind::kCount:
      return "whole number";
    case Kind::kParents:
      return "name or list of names";
    case Kind::kBool:
      return "true or false";
    case Kind::kSize:
      return "size";
    case Kind::kDuration:
      return "time";
    case Kind::kPercent:
      return "percentage";
    case Kind::kChoice:
      return fmt::format("`{}`", fmt::join(key.choices, "`, `"));
    case Kind::kPlace:
      return fmt::format("`{}` or a path", key.choices.front());
    case Kind::kProcessors:
      return fmt::format("`{}` or a list of numbers", key.choices.front());
    case Kind::kNames:
      return key.choices.empty() ? "list of names" : fmt::format("list of `{}`", fmt::join(key.choices, "`, `"));
    case Kind::kVariables:
      return "table of strings";
    case Kind::kPaths:
      return "list of paths";
    case Kind::kPatterns:
      return "list of paths below the workspace";
    case Kind::kSyscalls:
      return "list of system calls";
    case Kind::kHosts:
      return "list of hosts, addresses and presets";
    case Kind::kMappings:
      return "list of ADDRESS:PORT:INSIDE";
    case Kind::kPorts:
      return "list of ports";
    case Kind::kLockedKeys:
      return "list of keys";
    case Kind::kTests:
      return "list of tables";
    default:
      return "text";
  }
}

std::string default_text(const Key& key) {
  const std::vector<ShownValue> values = shown_key(key, Profile{});
  return values.empty() ? "–" : fmt::format("`{}`", values.front().value);
}

}  // namespace

std::string keys_as_markdown() {
  std::string text = "| key | what it means | value | default | example |\n|---|---|---|---|---|\n";
  for (const Key& key : keys())
    text += fmt::format("| `{}` | {} | {} | {} | `{}` |\n", key.name, key.summary, kind_text(key), default_text(key),
                        key.example);
  return text;
}

}  // namespace clawbox::profile
