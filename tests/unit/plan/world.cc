#include "world.h"

#include <fnmatch.h>
#include <sys/resource.h>

#include <algorithm>

#include "plan/paths.h"
#include "support/catch.h"

namespace clawbox::plan::test {

void FakeFiles::directory(const std::string& path, uid_t owner) { entries_[path] = {FileKind::kDirectory, owner, ""}; }
void FakeFiles::file(const std::string& path, uid_t owner) { entries_[path] = {FileKind::kFile, owner, ""}; }
void FakeFiles::content(const std::string& path, const std::string& text, uid_t owner) {
  for (std::string above = parent_of(path); above != "/"; above = parent_of(above))
    entries_.try_emplace(above, Entry{FileKind::kDirectory, owner, ""});
  entries_[path] = {FileKind::kFile, owner, text};
}
void FakeFiles::link(const std::string& path, const std::string& text) {
  entries_[path] = {FileKind::kSymlink, 0, text};
}
void FakeFiles::unreachable(const std::string& path) { entries_[path] = {FileKind::kUnreachable, 0, ""}; }

FileFacts FakeFiles::look(const std::string& path) const {
  if (path == "/") return {FileKind::kDirectory};
  FileFacts facts;
  std::string place = path;
  const std::optional<std::string> parent = real_path(parent_of(path));
  if (parent && *parent != parent_of(path)) {
    facts.way = FileFacts::Way::kThroughLinks;
    place = normal_path(name_of(path), *parent);
  }
  const auto entry = entries_.find(place);
  if (entry == entries_.end()) return facts;
  facts.kind = entry->second.kind;
  facts.owner = facts.group = entry->second.owner;
  return facts;
}

std::string FakeFiles::link_text(const std::string& path) const {
  const auto entry = entries_.find(path);
  return entry == entries_.end() ? "" : entry->second.text;
}

std::optional<std::string> FakeFiles::real_path(const std::string& path) const {
  std::string real = "/";
  for (const std::string& part : parts_of(path)) {
    real = normal_path(part, real);
    for (int links = 0; links < 9; ++links) {
      const auto entry = entries_.find(real);
      if (real != "/" && (entry == entries_.end() || entry->second.kind == FileKind::kUnreachable)) return std::nullopt;
      if (real == "/" || entry->second.kind != FileKind::kSymlink) break;
      real = normal_path(entry->second.text, parent_of(real));
    }
  }
  return real;
}

std::vector<std::string> FakeFiles::matches(const std::string& pattern) const {
  std::vector<std::string> found;
  for (const auto& [path, entry] : entries_)
    if (::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0) found.push_back(path);
  return found;
}

std::optional<std::string> FakeFiles::text_of(const std::string& path) const {
  const auto entry = entries_.find(path);
  if (entry == entries_.end() || entry->second.kind != FileKind::kFile) return std::nullopt;
  return entry->second.text;
}

std::vector<std::string> FakeFiles::names_in(const std::string& directory) const {
  std::vector<std::string> names;
  for (const auto& [path, entry] : entries_)
    if (parent_of(path) == directory) names.push_back(name_of(path));
  return names;
}

bool FakeFiles::can_enter(const std::string& directory) const {
  return std::find(closed_.begin(), closed_.end(), directory) == closed_.end();
}

std::optional<std::string> FakeFiles::user_name(uid_t uid) const {
  const auto user = users_.find(uid);
  if (user == users_.end()) return std::nullopt;
  return user->second;
}

Disk FakeFiles::disk_behind(const std::string& path) const {
  const auto disk = disks_.find(path);
  return disk == disks_.end() ? Disk{"8:0", "sda"} : disk->second;
}

World::World() {
  for (const char* path : {"/usr", "/usr/bin", "/usr/local", "/usr/local/bin", "/usr/lib", "/etc", "/home", "/tmp",
                           "/var", "/root", "/srv", "/run", "/opt"})
    files.directory(path);
  for (const char* path :
       {"/etc/passwd", "/etc/group", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/shadow", "/usr/bin/bash"})
    files.file(path);
  files.link("/bin", "usr/bin");
  files.link("/lib", "usr/lib");
  for (const char* path : {"/home/ann", "/home/ann/project", "/home/ann/project/src", "/home/ann/.ssh"})
    files.directory(path, 1000);
  files.user(1000, "ann");

  host.uid = host.gid = 1000;
  host.pid = 4242;
  host.user = "ann";
  host.home = "/home/ann";
  host.shell = "/bin/bash";
  host.directory = "/home/ann/project";
  host.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/home/ann"}, {"LANG", "C.UTF-8"}};
  host.state_dirs = {"/home/ann/.config/clawbox", "/home/ann/.local/state/clawbox"};
  host.hard_limits = {{RLIMIT_NOFILE, 1 << 20}};
  host.kernel = "6.1.0-18-amd64";
  host.stores = {{Storage::Backing::kFuse, ""}};
  host.time_namespaces = true;
  host.landlock_abi = 2;
  host.control_groups = {
      true,  "/run/user/1000/systemd/private", "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service", true,
      false, {"cpu", "memory", "pids"}};

  profile.name = "try";
  profile.origin = {"try.toml", 0};
  profile.sources = {"try.toml"};
  profile.workspace.mode = {profile::WorkspaceMode::kReadWrite, {"try.toml", 3}};
  for (const char* path : {"/usr", "/bin", "/lib", "/etc"}) read(path);
  for (const char* path : {"/tmp", "/var/tmp", "/run"}) tmpfs(path);
  request.argv = {"make"};
}

Error World::refusal() const {
  try {
    plan();
  } catch (const Error& error) {
    return error;
  }
  FAIL("the plan was made");
  return Error(ExitStatus::kOk, "");
}

void World::read(const std::string& path, const std::string& at) {
  profile.files.read.push_back({path, false, at, "", {"try.toml", 10}});
}
void World::read_if_there(const std::string& path) {
  profile.files.read.push_back({path, true, "", "", {"try.toml", 11}});
}
void World::write(const std::string& path) { profile.files.write.push_back({path, false, "", "", {"try.toml", 12}}); }
void World::hide(const std::string& path) { profile.files.hide.push_back({path, true, "", "", {"try.toml", 13}}); }
void World::tmpfs(const std::string& path) { profile.files.tmpfs.push_back({path, false, "", "", {"try.toml", 14}}); }

void World::become_root() {
  host.caller = Host::Caller::kRoot;
  host.uid = host.gid = 0;
  host.user = "root";
  host.home = "/root";
  host.control_groups = {true, "", "/sys/fs/cgroup", true, false, {"cpuset", "cpu", "io", "memory", "hugetlb", "pids"}};
}

int position(const Plan& plan, const std::string& target) {
  for (std::size_t at = 0; at < plan.mounts.size(); ++at)
    if (target_of(plan.mounts[at].action) == target) return static_cast<int>(at);
  return -1;
}

std::optional<std::string> variable(const Plan& plan, const std::string& name) {
  for (const auto& [key, value] : plan.command.environment)
    if (key == name) return value;
  return std::nullopt;
}

bool has_shortfall(const Plan& plan, const std::string& part) {
  return std::any_of(plan.shortfalls.begin(), plan.shortfalls.end(),
                     [&](const Shortfall& one) { return one.what.find(part) != std::string::npos; });
}

bool has_absent(const Plan& plan, const std::string& path) {
  return std::any_of(plan.absent.begin(), plan.absent.end(), [&](const Note& note) { return note.what == path; });
}

ProtectedPath protected_path(const std::string& path, ProtectedPath::Role role, ProtectedPath::Kind kind,
                             const std::string& pattern) {
  ProtectedPath found;
  found.path = path;
  found.role = role;
  found.kind = kind;
  found.pattern = pattern;
  return found;
}

}  // namespace clawbox::plan::test
