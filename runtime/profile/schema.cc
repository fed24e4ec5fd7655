#include <algorithm>

#include "base/json.h"
#include "profile/checks.h"
#include "profile/keys.h"

namespace clawbox::profile {
namespace {

constexpr const char* kSizePattern = R"(^(0|[0-9]+(\.[0-9]+)?(B|KiB|MiB|GiB|TiB|K|M|G|T|KB|MB|GB|TB))$)";
constexpr const char* kDurationPattern = "^(0|[0-9]+(\\.[0-9]+)?(ms|s|m|h|d))$";
constexpr const char* kPercentPattern = "^[0-9]+%$";
// TOML's numbers end here, and so do those of most readers of JSON.
constexpr uint64_t kLargestNumber = INT64_MAX;

Json text() { return {{"type", "string"}}; }
Json matching(const char* pattern) { return {{"type", "string"}, {"pattern", pattern}}; }
Json list_of(Json item) { return {{"type", "array"}, {"items", std::move(item)}}; }

Json object(Json properties, Json required) {
  return {{"type", "object"},
          {"additionalProperties", false},
          {"properties", std::move(properties)},
          {"required", std::move(required)}};
}

Json string_or(Json table) { return {{"anyOf", Json::array({text(), std::move(table)})}}; }

Json one_of(std::span<const std::string_view> choices) {
  Json names = Json::array();
  for (const std::string_view choice : choices) names.push_back(choice);
  return {{"enum", std::move(names)}};
}

Json number(uint64_t least, uint64_t most) {
  return {{"type", "integer"}, {"minimum", least}, {"maximum", std::min(most, kLargestNumber)}};
}

Json name_entry(const Json& name) {
  return {{"anyOf", Json::array({name, object({{"name", name}, {"reason", text()}}, {"name"})})}};
}

Json path_entry(Kind kind) {
  Json fields = {{"path", text()}, {"reason", text()}};
  if (kind == Kind::kPaths) {
    const Json flag = {{"type", "boolean"}};
    fields.update({{"optional", flag}, {"at", text()}, {"no_links", flag}});
  }
  return string_or(object(std::move(fields), {"path"}));
}

Json syscall_entry(const Key& key) {
  const Json any_number = number(0, kLargestNumber);
  const Json argument = {{"arg", number(0, 5)}, {"mask", any_number}, {"equals", any_number}};
  Json fields = {{"call", text()}, {"reason", text()}, {"args", list_of(object(argument, {"arg", "equals"}))}};
  fields.update(argument);
  if (key.name == "syscalls.refuse") fields["error"] = one_of(refusals());
  return string_or(object(std::move(fields), {"call"}));
}

Json host_entry() {
  const Json port = {{"anyOf", Json::array({number(1, 65535), matching("^[0-9]+(-[0-9]+)?$")})}};
  const Json flag = {{"type", "boolean"}};
  const Json fields = {{"host", text()},
                       {"address", text()},
                       {"preset", one_of(presets())},
                       {"ports", {{"type", "array"}, {"items", port}, {"minItems", 1}}},
                       {"udp", flag},
                       {"speaks", one_of(protocols())},
                       {"optional", flag},
                       {"reason", text()}};
  return string_or(object(fields, Json::array()));
}

Json test_list() {
  const Json arguments = list_of(number(0, kLargestNumber));
  Json fields = {{"path", text()}, {"syscall", text()}, {"args", arguments}, {"expect", text()}};
  return list_of(object(std::move(fields), {"expect"}));
}

Json value_schema(const Key& key) {
  switch (key.kind) {
    case Kind::kVersion:
      return {{"const", 1}};
    case Kind::kParents:
      return {{"anyOf", Json::array({text(), list_of(text())})}};
    case Kind::kBool:
      return {{"type", "boolean"}};
    case Kind::kCount:
      return number(key.range.least, key.range.most);
    case Kind::kSize:
      return matching(kSizePattern);
    case Kind::kDuration:
      return matching(kDurationPattern);
    case Kind::kPercent:
      return matching(kPercentPattern);
    case Kind::kChoice:
      return one_of(key.choices);
    case Kind::kNames:
      return list_of(name_entry(key.choices.empty() ? text() : one_of(key.choices)));
    case Kind::kVariables:
      return {{"type", "object"}, {"additionalProperties", text()}};
    case Kind::kPaths:
    case Kind::kPatterns:
      return list_of(path_entry(key.kind));
    case Kind::kSyscalls:
      return list_of(syscall_entry(key));
    case Kind::kHosts:
      return list_of(host_entry());
    case Kind::kMappings:
      return list_of(text());
    case Kind::kPorts:
      return list_of(number(1, 65535));
    case Kind::kLockedKeys:
      return list_of(text());
    case Kind::kTests:
      return test_list();
    default:
      return text();
  }
}

Json& properties_for(Json& root, std::string_view table) {
  if (table.empty()) return root["properties"];
  Json& found = root["properties"][std::string(table)];
  if (found.is_null()) found = object(Json::object(), Json::array());
  return found["properties"];
}

}  // namespace

std::string json_schema() {
  Json root = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "clawbox profile"}};
  root.update(object(Json::object(), {"version"}));
  for (const Key& key : keys()) {
    Json schema = value_schema(key);
    schema["description"] = key.summary;
    Json& properties = properties_for(root, table_of(key.name));
    const std::string name(last_part(key.name));
    properties[name] = schema;
    if (is_list(key.kind)) properties[name + "_add"] = schema;
    if (is_list(key.kind)) properties[name + "_remove"] = schema;
    if (key.kind == Kind::kVariables) properties[name + "_remove"] = list_of(text());
  }
  return root.dump(2) + "\n";
}

}  // namespace clawbox::profile
