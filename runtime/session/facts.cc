#include "session/facts.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string_view>

#include "audit/hostile.h"
#include "audit/segment_names.h"
#include "audit/sha256.h"
#include "base/error.h"
#include "base/text.h"
#include "plan/explain.h"
#include "plan/host.h"

namespace clawbox::session {
namespace {

constexpr std::size_t kLongestName = 64;

/// What a word of the command line means instead: `clawbox discard latest`.
constexpr std::string_view kReserved = "latest";

bool may_be_in_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

[[noreturn]] void throw_no_name(const char* option, const std::string& name, const char* also) {
  throw Error(ExitStatus::kUsage, fmt::format("{} {}: not a name for a session", option, in_quotes(name.substr(0, 80))),
              fmt::format("letters, digits, {}, at most {}, beginning with a letter, a digit or '_'; 'latest' and "
                          "'index' mean something else",
                          also, kLongestName));
}

void leave_out(Json& json, std::initializer_list<const char*> keys) {
  if (json.is_object())
    for (const char* key : keys) json.erase(key);
  if (json.is_structured())
    for (Json& inner : json) leave_out(inner, keys);
}

template <class Condition>
void leave_out_elements(Json& list, const Condition& condition) {
  Json rest = Json::array();
  for (Json& one : list)
    if (!condition(one)) rest.push_back(std::move(one));
  list = std::move(rest);
}

bool is_written(const Json& variable) {
  return variable.at("why") == plan::kWhySet || variable.at("why") == plan::kWhyAsked;
}

/// What `files.protect` made of a file that is there.
bool is_guard(const Json& step, const std::string& workspace) {
  return (step.at("step") == "lock" || step.at("step") == "pin") &&
         step.at("target").get_ref<const std::string&>().starts_with(workspace + '/');
}

void move_host_id(Identity& identity, uint32_t to) {
  if (identity.writer != Identity::Writer::kRoot) return;
  const uint32_t from = identity.uid_map.front().host;
  for (std::vector<IdRange>* map : {&identity.uid_map, &identity.gid_map})
    for (IdRange& range : *map)
      if (range.host == from) range.host = to;
  for (std::optional<IdRange>* owner : {&identity.file_owner, &identity.file_group})
    if (*owner && (*owner)->inside == from) (*owner)->inside = to;
}

Json as_json(const Worktree& worktree) {
  return {{"directory", audit::hostile(worktree.directory)},
          {"repository", audit::hostile(worktree.repository)},
          {"branch", audit::hostile(worktree.branch)},
          {"base", worktree.base},
          {"protect", worktree.protect}};
}

std::optional<Worktree> worktree_in(const Json& json) {
  if (!json.contains("worktree")) return std::nullopt;
  const Json& worktree = json.at("worktree");
  const auto bytes = [&](const char* name) { return audit::original_bytes(worktree.at(name)).value_or(""); };
  return Worktree{bytes("directory"), bytes("repository"), bytes("branch"), worktree.at("base").get<std::string>(),
                  worktree.value("protect", std::vector<std::string>())};
}

}  // namespace

int64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string new_id() {
  uint32_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) throw_errno("asking for random bytes");
  return fmt::format("{:x}-{:08x}", now_ms() / 1000, random);
}

Facts facts_of(const Plan& plan, const Wish& wish) {
  Facts facts;
  facts.id = wish.id.empty() ? new_id() : wish.id;
  facts.name = wish.name;
  facts.labels = wish.labels;
  facts.worktree = wish.worktree;
  if (facts.worktree) facts.worktree->protect = plan.workspace.protect;
  facts.care = as_json(wish.care);
  facts.profile = plan.profile.name;
  facts.workspace = plan.workspace.host;
  facts.created = now_ms();
  facts.supervisor = ::getpid();
  return facts;
}

Json as_json(const Facts& facts) {
  Json json{{"id", facts.id},
            {"name", facts.name},
            {"profile", facts.profile},
            {"workspace", escaped(facts.workspace, 4096)},
            {"labels", facts.labels},
            {"kind", facts.kind == Facts::Kind::kRun ? "run" : "lasting"},
            {"created_ms", facts.created},
            {"supervisor", facts.supervisor},
            {"plan_hash", facts.plan_hash}};
  if (facts.kind == Facts::Kind::kLasting) json["care"] = facts.care;
  if (facts.worktree) json["worktree"] = as_json(*facts.worktree);
  return json;
}

std::optional<Facts> facts_in(const Json& json) try {
  Facts facts;
  facts.id = json.at("id").get<std::string>();
  facts.name = json.at("name").get<std::string>();
  facts.profile = json.at("profile").get<std::string>();
  facts.workspace = json.at("workspace").get<std::string>();
  if (!is_name(facts.id) || (!facts.name.empty() && !is_name(facts.name))) return std::nullopt;
  facts.labels = json.at("labels").get<std::map<std::string, std::string>>();
  facts.kind = json.at("kind") == "run" ? Facts::Kind::kRun : Facts::Kind::kLasting;
  facts.created = json.at("created_ms").get<int64_t>();
  facts.supervisor = json.at("supervisor").get<pid_t>();
  facts.plan_hash = json.at("plan_hash").get<std::string>();
  facts.care = json.value("care", Json());
  facts.worktree = worktree_in(json);
  return facts;
} catch (const Json::exception&) {
  return std::nullopt;
}

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && name != kReserved && name.front() != '.' &&
         name.front() != '-' && std::all_of(name.begin(), name.end(), may_be_in_a_name);
}

void check_name(const std::string& name) {
  if (!is_name(name)) throw_no_name("--name", name, "'-', '_' and '.'");
}

void check_id(const std::string& id) {
  if (!is_name(id) || !audit::is_session_name(id)) throw_no_name("--id", id, "'-' and '_'");
}

Json explained(const Plan& plan) {
  Plan same = plan;
  move_host_id(same.identity, 0);
  return plan::explained_as_json(same);
}

Json comparable(Json explained) {
  for (const char* told : {"notes", "absent", "shortfalls"}) explained.erase(told);
  const std::string workspace = explained.at("workspace").at("inside").get<std::string>();
  leave_out_elements(explained.at("mounts"), [&](const Json& step) { return is_guard(step, workspace); });
  leave_out_elements(explained.at("command").at("environment"), [](const Json& one) { return !is_written(one); });
  for (const char* of_the_caller : {"maker", "directory"}) explained.at("limits").at("group").erase(of_the_caller);
  leave_out(explained, {"origin", "origins", "sources", "why"});
  return explained;
}

std::string hash_of(const Plan& plan) { return audit::hex_of(audit::sha256(comparable(explained(plan)).dump())); }

void move_to_own_host_id(Plan& plan) {
  plan::Host host;
  host.pid = ::getpid();
  move_host_id(plan.identity, plan::session_id_for_root(host));
}

}  // namespace clawbox::session
