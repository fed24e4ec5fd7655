#include <string.h>
#include <array>

#include <fmt/format.h>

#include <map>

#include "plan/explain.h"
#include "plan/explain_network.h"
#include "plan/seen.h"

namespace clawbox::plan {
namespace {

const char* access_word(Access access) {
  if (access == Access::kCopyOnWrite) return "overlay";
  return access == Access::kReadWrite ? "rw" : "ro";
}

Json json_of(const Bind& bind) {
  return {{"step", "bind"},
          {"target", bind.target},
          {"source", bind.source},
          {"access", access_word(bind.access)},
          {"mapped", bind.ownership == Ownership::kMapped}};
}
Json json_of(const Tmpfs& tmpfs) {
  return {{"step", "tmpfs"},
          {"target", tmpfs.target},
          {"size", tmpfs.size},
          {"inodes", tmpfs.inodes},
          {"mode", fmt::format("{:04o}", tmpfs.mode)}};
}
Json json_of(const Proc& proc) {
  return {{"step", "proc"}, {"target", proc.target}, {"only_processes", proc.only_processes}};
}
Json json_of(const Sysfs& sysfs) { return {{"step", "sysfs"}, {"target", sysfs.target}}; }
Json json_of(const Devices& devices) {
  return {{"step", "devices"}, {"target", devices.target}, {"nodes", devices.nodes}, {"shm_size", devices.shm_size}};
}
Json json_of(const File& file) { return {{"step", "file"}, {"target", file.target}, {"content", file.content}}; }
Json json_of(const Symlink& link) {
  return {{"step", "symlink"}, {"target", link.target}, {"points_to", link.points_to}};
}
Json json_of(const Cover& cover) {
  return {{"step", "cover"}, {"target", cover.target}, {"may_be_absent", cover.may_be_absent}};
}
Json json_of(const Lock& lock) {
  return {{"step", "lock"}, {"target", lock.target}, {"may_be_absent", lock.may_be_absent}};
}
Json json_of(const Pin& pin) { return {{"step", "pin"}, {"target", pin.target}}; }

Json json_of(const MountStep& step) {
  Json json = std::visit([](const auto& action) { return json_of(action); }, step.action);
  json["origin"] = to_string(step.origin);
  json["reason"] = step.reason;
  return json;
}

Json json_of(const IdRange& range) { return {{"inside", range.inside}, {"host", range.host}, {"count", range.count}}; }

Json json_of(const Note& note) { return {{"what", note.what}, {"why", note.why}, {"origin", to_string(note.origin)}}; }

Json json_of(const Shortfall& shortfall) {
  return {{"what", shortfall.what},
          {"why", shortfall.why},
          {"remedy", shortfall.remedy},
          {"origin", to_string(shortfall.origin)}};
}

Json json_of(const ArgumentTest& test) { return {{"index", test.index}, {"mask", test.mask}, {"equals", test.equals}}; }

template <class T>
Json list_of(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(json_of(value));
  return list;
}

enum class List { kAllow, kRefuse };

Json rules_json(const std::vector<SyscallRule>& rules, List list) {
  Json json = Json::array();
  for (const SyscallRule& rule : rules) {
    Json one{{"call", rule.call}, {"tests", list_of(rule.tests)}};
    if (list == List::kRefuse) one["error"] = error_name(rule.error);
    one["reason"] = rule.reason;
    one["origin"] = to_string(rule.origin);
    json.push_back(std::move(one));
  }
  return json;
}

Json audit_json(const Plan& plan) {
  static constexpr std::array<const char*, 3> kSyncs{"none", "end", "each"};
  const Audit& audit = plan.audit;
  return {{"required", audit.required},
          {"level", level_name(audit.level)},
          {"environment_names", audit.environment_names},
          {"journal", audit.journal},
          {"sync", kSyncs.at(static_cast<std::size_t>(audit.sync))},
          {"rotate", audit.rotate},
          {"keep_ms", audit.keep.count()},
          {"keep_size", audit.keep_size},
          {"origin", to_string(audit.origin)}};
}

std::map<std::string, const Note*> notes_by_name(const Plan& plan) {
  std::map<std::string, const Note*> notes;
  for (const Note& note : plan.notes) notes.emplace(note.what, &note);
  return notes;
}

Json command_json(const Plan& plan) {
  const auto notes = notes_by_name(plan);
  Json environment = Json::array();
  for (const auto& [name, value] : plan.command.environment) {
    Json one{{"name", name}, {"value", value}};
    const auto note = notes.find("environment " + name);
    one["why"] = note == notes.end() ? "" : note->second->why;
    one["origin"] = note == notes.end() ? "" : to_string(note->second->origin);
    environment.push_back(std::move(one));
  }
  return {{"argv", plan.command.argv}, {"directory", plan.command.directory}, {"environment", environment}};
}

Json workspace_json(const Workspace& workspace) {
  constexpr std::array kModes = {"none", "ro", "rw", "overlay"};
  return {{"mode", kModes.at(static_cast<std::size_t>(workspace.mode))},
          {"host", workspace.host},
          {"inside", workspace.inside},
          {"protect", workspace.protect},
          {"origin", to_string(workspace.origin)}};
}

Json identity_origins(const Plan& plan) {
  const auto notes = notes_by_name(plan);
  Json origins = Json::object();
  for (const char* key : {"as_root", "ids", "home", "hostname", "nested_user_namespaces"}) {
    const auto note = notes.find(std::string("identity ") + key);
    if (note != notes.end()) origins[key] = to_string(note->second->origin);
  }
  return origins;
}

Json identity_json(const Plan& plan) {
  const Identity& identity = plan.identity;
  const char* writer = identity.writer == Identity::Writer::kSelf     ? "self"
                       : identity.writer == Identity::Writer::kHelper ? "helper"
                                                                      : "root";
  Json json{{"uid", identity.uid},
            {"gid", identity.gid},
            {"user", identity.user},
            {"home", identity.home},
            {"hostname", identity.hostname},
            {"uid_map", list_of(identity.uid_map)},
            {"gid_map", list_of(identity.gid_map)},
            {"writer", writer}};
  json["groups"] = identity.groups == Identity::Groups::kDropped ? "dropped" : "kept";
  json["file_owner"] = identity.file_owner ? json_of(*identity.file_owner) : Json();
  json["file_group"] = identity.file_group ? json_of(*identity.file_group) : Json();
  json["nested_user_namespaces"] = identity.nested_user_namespaces;
  json["time_namespace"] = identity.time_namespace;
  json["origins"] = identity_origins(plan);
  return json;
}

Json time_json(const std::optional<Decided<std::chrono::milliseconds>>& time) {
  if (!time) return Json();
  return {{"value", time->value.count()}, {"origin", to_string(time->origin)}};
}

Json group_json(const ControlGroup& group) {
  static constexpr std::array<const char*, 3> kMakers{"none", "direct", "delegated"};
  Json caps = Json::array();
  for (const GroupCap& cap : group.caps)
    caps.push_back({{"name", cap.name}, {"file", cap.file}, {"value", cap.value}, {"origin", to_string(cap.origin)}});
  return {{"maker", kMakers.at(static_cast<std::size_t>(group.maker))},
          {"directory", group.directory},
          {"controllers", group.controllers},
          {"caps", caps},
          {"origin", to_string(group.origin)}};
}

Json size_json(const std::optional<Decided<uint64_t>>& size) {
  if (!size) return Json();
  return {{"value", size->value}, {"origin", to_string(size->origin)}};
}

Json storage_json(const std::optional<Storage>& storage) {
  if (!storage) return nullptr;
  Json json = store_json(*storage);
  json["bytes"] = storage->bytes;
  json["files"] = storage->files;
  json["origin"] = to_string(storage->origin);
  return json;
}

Json limits_json(const Plan& plan) {
  const auto notes = notes_by_name(plan);
  Json rlimits = Json::array();
  for (const Rlimit& limit : plan.limits.rlimits) {
    const auto note = notes.find("limit " + limit.name);
    rlimits.push_back({{"name", limit.name},
                       {"value", limit.value},
                       {"why", note == notes.end() ? "" : note->second->why},
                       {"origin", to_string(limit.origin)}});
  }
  return {{"rlimits", rlimits},
          {"time_ms", time_json(plan.limits.time)},
          {"cpu_time_ms", time_json(plan.limits.cpu_time)},
          {"reserve", size_json(plan.limits.reserve)},
          {"storage", storage_json(plan.storage)},
          {"group", group_json(plan.limits.group)}};
}

}  // namespace

Json store_json(const Storage& storage) {
  Json passed_over = Json::array();
  for (const Storage::PassedOver& one : storage.passed_over)
    passed_over.push_back({{"backing", backing_name(one.backing)}, {"why", one.why}});
  return {{"backing", backing_name(storage.backing)},
          {"hard", storage.backing != Storage::Backing::kWatch},
          {"passed_over", passed_over}};
}

std::string error_name(int number) {
  if (number == kKillProcess) return "kill";
  const char* known = ::strerrorname_np(number);
  return known ? known : std::to_string(number);
}

Json explained_as_json(const Plan& plan) {
  Json json;
  json["format"] = 1;
  json["profile"] = {
      {"name", plan.profile.name}, {"description", plan.profile.description}, {"sources", plan.profile.sources}};
  json["command"] = command_json(plan);
  json["workspace"] = workspace_json(plan.workspace);
  json["mounts"] = list_of(plan.mounts);
  json["identity"] = identity_json(plan);
  json["network"] = network_json(plan.network);
  json["syscalls"] = {{"allow", rules_json(plan.syscalls.allow, List::kAllow)},
                      {"refuse", rules_json(plan.syscalls.refuse, List::kRefuse)},
                      {"noted", rules_json(plan.syscalls.noted, List::kAllow)}};
  json["landlock"] = {{"fence", plan.landlock.fence == Landlock::Fence::kOn ? "on" : "off"},
                      {"writable", plan.landlock.writable}};
  json["limits"] = limits_json(plan);
  json["audit"] = audit_json(plan);
  json["shortfalls"] = list_of(plan.shortfalls);
  json["absent"] = list_of(plan.absent);
  json["notes"] = list_of(plan.notes);
  return json;
}

std::string json_text(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace clawbox::plan
