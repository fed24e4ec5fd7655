#include "profile/keys.h"

#include <algorithm>
#include <initializer_list>

#include "profile/key_tables.h"

namespace clawbox::profile {
namespace {

std::vector<Key> joined(std::initializer_list<std::span<const Key>> parts) {
  std::vector<Key> all;
  for (const std::span<const Key> part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

bool is_list(Kind kind) {
  switch (kind) {
    case Kind::kNames:
    case Kind::kPaths:
    case Kind::kPatterns:
    case Kind::kSyscalls:
    case Kind::kHosts:
    case Kind::kMappings:
    case Kind::kPorts:
      return true;
    default:
      return false;
  }
}

std::span<const Key> keys() {
  static const std::vector<Key> all = joined({view_keys(), limit_keys(), network_keys(), other_keys()});
  return all;
}

const Key* find_key(std::string_view name) {
  const auto found = std::find_if(keys().begin(), keys().end(), [&](const Key& key) { return key.name == name; });
  return found == keys().end() ? nullptr : &*found;
}

std::string_view table_of(std::string_view key) {
  const std::size_t dot = key.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : key.substr(0, dot);
}

std::string_view last_part(std::string_view key) {
  const std::size_t dot = key.rfind('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

}  // namespace clawbox::profile
