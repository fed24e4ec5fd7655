#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "plan/paths.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

constexpr uint32_t kWholeRange = 65536;

enum class Ids { kUsers, kGroups };

bool plain_name(const std::string& name) {
  const auto odd = [](char c) { return c == ':' || static_cast<unsigned char>(c) <= ' '; };
  return !name.empty() && std::none_of(name.begin(), name.end(), odd);
}

// The caller's id keeps its place and the subordinate ones fill the rest of 0–65535 around it.
std::vector<IdRange> filled_map(uint32_t inside, uint32_t caller, const SubordinateIds& ids) {
  std::vector<IdRange> map;
  const uint32_t before = std::min(inside, ids.count);
  if (before > 0) map.push_back({0, ids.start, std::min(before, kWholeRange)});
  map.push_back({inside, caller, 1});
  if (inside + 1 < kWholeRange && ids.count > before)
    map.push_back({inside + 1, ids.start + before, std::min(ids.count - before, kWholeRange - inside - 1)});
  return map;
}

void require_subordinate_ids(const Inputs& inputs) {
  const Origin& origin = inputs.profile.identity.subordinate_ids.origin;
  const Host& host = inputs.host;
  if (host.caller == Host::Caller::kRoot)
    throw Error(ExitStatus::kNotSupported,
                fmt::format("{}: identity.subordinate_ids is for ordinary callers", to_string(origin)),
                "root's sessions have a host id of their own: leave the key out");
  if (!host.id_map_programs)
    throw Error(ExitStatus::kFeatureMissing,
                fmt::format("{}: identity.subordinate_ids needs newuidmap and newgidmap", to_string(origin)),
                "install the package 'uidmap' (Debian, Ubuntu) or 'shadow-utils' (Fedora), or leave the key out");
  if (!host.subordinate_uids || !host.subordinate_gids)
    throw Error(ExitStatus::kFeatureMissing,
                fmt::format("{}: identity.subordinate_ids: {} has no range in {}", to_string(origin),
                            in_quotes(host.user), host.subordinate_uids ? "/etc/subgid" : "/etc/subuid"),
                fmt::format("as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {}", host.user));
}

void map_with_helper(Identity& identity, const Inputs& inputs) {
  require_subordinate_ids(inputs);
  identity.writer = Identity::Writer::kHelper;
  identity.groups = Identity::Groups::kDropped;
  identity.uid_map = filled_map(identity.uid, inputs.host.uid, *inputs.host.subordinate_uids);
  identity.gid_map = filled_map(identity.gid, inputs.host.gid, *inputs.host.subordinate_gids);
}

Chosen<Identity> ordinary(const Inputs& inputs) {
  const Host& host = inputs.host;
  const auto& wish = inputs.profile.identity;
  Chosen<Identity> chosen;
  Identity& identity = chosen.value;
  identity.uid = wish.as_root.value ? 0 : host.uid;
  identity.gid = wish.as_root.value ? 0 : host.gid;
  identity.user = host.user;
  if (wish.subordinate_ids.value) {
    map_with_helper(identity, inputs);
    return chosen;
  }
  identity.uid_map = {{identity.uid, host.uid, 1}};
  identity.gid_map = {{identity.gid, host.gid, 1}};
  if (host.groups.empty()) return chosen;
  std::vector<std::string> numbers;
  numbers.reserve(host.groups.size());
  for (const gid_t group : host.groups) numbers.push_back(std::to_string(group));
  // user_namespaces(7): without privilege a gid map may be written only after setgroups(2) was given up.
  chosen.shortfalls.push_back(
      {"supplementary groups of the caller stay",
       fmt::format("the kernel lets only a privileged helper drop them; they are shown as nobody: {}",
                   joined(numbers, ", ")),
       "identity.subordinate_ids = true, where newuidmap and newgidmap exist", kByHost});
  return chosen;
}

Chosen<Identity> root(const Inputs& inputs, const Workspace& workspace) {
  if (inputs.profile.identity.subordinate_ids.value) require_subordinate_ids(inputs);
  Chosen<Identity> chosen;
  Identity& identity = chosen.value;
  const uint32_t session = session_id_for_root(inputs.host);
  if (workspace.mode != Workspace::Mode::kNone) {
    const FileFacts facts = inputs.files.look(workspace.host);
    identity.file_owner = IdRange{session, facts.owner, 1};
    identity.file_group = IdRange{session, facts.group, 1};
    if (!inputs.profile.identity.as_root.value) identity.uid = facts.owner;
    if (!inputs.profile.identity.as_root.value) identity.gid = facts.group;
  }
  identity.uid_map = {{identity.uid, session, 1}};
  identity.gid_map = {{identity.gid, session, 1}};
  identity.writer = Identity::Writer::kRoot;
  identity.groups = Identity::Groups::kDropped;
  identity.user = inputs.files.user_name(identity.uid).value_or(std::to_string(identity.uid));
  chosen.notes.push_back(
      {"identity ids", "the caller is root, and root's sessions run on an id that owns nothing on the host", kByHost});
  return chosen;
}

void add_notes(const Inputs& inputs, const Identity& identity, std::vector<Note>& notes) {
  const auto& wish = inputs.profile.identity;
  const char* who = identity.file_owner ? "the owner of the workspace" : "the caller";
  notes.push_back({"identity as_root", wish.as_root.value ? "root inside" : who, wish.as_root.origin});
  if (identity.writer != Identity::Writer::kRoot)
    notes.push_back({"identity ids", wish.subordinate_ids.value ? "with the caller's subordinate ids" : "the caller's",
                     wish.subordinate_ids.origin});
  const bool as_outside = identity.home == inputs.host.home;
  notes.push_back(
      {"identity home", as_outside ? "the caller's" : "the caller's is a directory of the system", kByHost});
  notes.push_back({"identity hostname", identity.hostname, wish.hostname.origin});
  notes.push_back({"identity nested_user_namespaces",
                   identity.nested_user_namespaces ? "the profile allows some" : "the profile allows none",
                   wish.nested_user_namespaces.origin});
}

}  // namespace

std::string home_inside(const Host& host) {
  constexpr std::array kSystem{"/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/proc",
                               "/run", "/sbin", "/sys", "/tmp", "/usr",  "/var", "/opt",   "/srv"};
  const std::string home = normal_path(host.home);
  // Accounts of services live in "/", "/bin" or "/dev": a private home there would cover the system.
  const bool system = std::find(kSystem.begin(), kSystem.end(), home) != kSystem.end();
  const bool kernel = is_at_or_below(home, "/proc") || is_at_or_below(home, "/sys") || is_at_or_below(home, "/dev");
  return home == "/" || system || kernel ? "/home/" + (plain_name(host.user) ? host.user : "user") : home;
}

Chosen<Identity> choose_identity(const Inputs& inputs, const Workspace& workspace) {
  const bool privileged = inputs.host.caller == Host::Caller::kRoot;
  Chosen<Identity> chosen = privileged ? root(inputs, workspace) : ordinary(inputs);
  Identity& identity = chosen.value;
  const auto& wish = inputs.profile.identity;
  if (identity.uid == 0) identity.user = "root";
  if (!plain_name(identity.user)) identity.user = "user";
  identity.home = home_inside(inputs.host);
  identity.hostname = wish.hostname.value;
  identity.nested_user_namespaces = wish.nested_user_namespaces.value;
  identity.time_namespace = inputs.host.time_namespaces;
  add_notes(inputs, identity, chosen.notes);
  if (identity.nested_user_namespaces)
    chosen.shortfalls.push_back({"nested user namespaces are open",
                                 "the profile asks for them; they open kernel code that only root reaches otherwise",
                                 "identity.nested_user_namespaces = false", wish.nested_user_namespaces.origin});
  return chosen;
}

}  // namespace clawbox::plan
