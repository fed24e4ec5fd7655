#include "plan/host.h"

#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "plan/file_view.h"
#include "plan/paths.h"
#include "sys/landlock.h"

extern char** environ;

namespace clawbox::plan {
namespace {

template <class Number>
std::optional<Number> number_in(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

// First the file: the name service switch may load libraries and ask the network, which costs more than the whole plan.
std::optional<Account> account_in_file(uid_t uid) {
  std::ifstream file("/etc/passwd");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() >= 7 && number_in<uid_t>(fields[2]) == uid) return Account{fields[0], fields[5], fields[6]};
  }
  return std::nullopt;
}

std::optional<SubordinateIds> subordinate_ids_in(const char* path, const std::string& user, uid_t uid) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() != 3 || (fields[0] != user && fields[0] != std::to_string(uid))) continue;
    const auto start = number_in<uint32_t>(fields[1]), count = number_in<uint32_t>(fields[2]);
    if (start && count && *count > 0) return SubordinateIds{*start, *count};
  }
  return std::nullopt;
}

// CAP_SYS_ADMIN in a user namespace of somebody's own is not root: only the initial one maps every id to itself.
Host::Caller caller_kind() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, data) != 0) throw_errno("asking for the capabilities of clawbox itself");
  if ((data[0].effective & (1U << CAP_SYS_ADMIN)) == 0) return Host::Caller::kOrdinary;
  std::ifstream map("/proc/self/uid_map");
  uint64_t inside = 1, outside = 1, count = 0;
  map >> inside >> outside >> count;
  return inside == 0 && outside == 0 && count == 4294967295ULL ? Host::Caller::kRoot : Host::Caller::kOrdinary;
}

std::vector<gid_t> supplementary_groups(gid_t gid) {
  const int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(count, 0)));
  if (count > 0 && ::getgroups(count, groups.data()) < 0) throw_errno("asking for the caller's groups");
  std::erase(groups, gid);
  return groups;
}

std::vector<std::pair<std::string, std::string>> caller_environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view text(*at);
    const std::size_t equals = text.find('=', 1);
    if (equals != std::string_view::npos) variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::string variable(const Host& host, std::string_view name) {
  for (const auto& [key, value] : host.environment)
    if (key == name) return value;
  return "";
}

// $HOME may say anything; a directory of somebody else would show his files as if they were the caller's.
std::string home_of(const Host& host, const std::optional<Account>& account) {
  struct stat found {};
  std::string claimed = variable(host, "HOME");
  if (claimed.starts_with('/') && ::stat(claimed.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
      found.st_uid == host.uid)
    return claimed;
  return account ? account->home : "/nonexistent";
}

std::string real_as_far_as_it_exists(const FileView& files, const std::string& path) {
  for (std::string known = normal_path(path);; known = parent_of(known)) {
    if (const auto real = files.real_path(known)) return moved(normal_path(path), known, *real);
    if (known == "/") return normal_path(path);
  }
}

std::string base_directory(const Host& host, std::string_view name, const std::string& otherwise) {
  const std::string said = variable(host, name);
  return said.starts_with('/') ? said : otherwise;
}

std::vector<std::string> own_directories(const Host& host, const FileView& files) {
  std::vector<std::string> bases{base_directory(host, "XDG_CONFIG_HOME", host.home + "/.config"),
                                 base_directory(host, "XDG_STATE_HOME", host.home + "/.local/state"),
                                 base_directory(host, "XDG_CACHE_HOME", host.home + "/.cache"),
                                 base_directory(host, "XDG_RUNTIME_DIR", "/run/user/" + std::to_string(host.uid))};
  for (const char* system : {"/etc", "/var/lib", "/var/log", "/var/cache", "/run"}) bases.emplace_back(system);
  std::vector<std::string> directories;
  directories.reserve(bases.size());
  for (const std::string& base : bases) directories.push_back(real_as_far_as_it_exists(files, base + "/clawbox"));
  std::sort(directories.begin(), directories.end());
  directories.erase(std::unique(directories.begin(), directories.end()), directories.end());
  return directories;
}

std::map<int, uint64_t> hard_limits() {
  std::map<int, uint64_t> limits;
  for (int resource = 0; resource < static_cast<int>(RLIM_NLIMITS); ++resource) {
    rlimit found{};
    if (::getrlimit(static_cast<__rlimit_resource>(resource), &found) == 0) limits[resource] = found.rlim_max;
  }
  return limits;
}

bool are_core_dumps_piped() {
  std::ifstream pattern("/proc/sys/kernel/core_pattern");
  return pattern.get() == '|';
}

bool runnable_somewhere(const std::string& program) {
  for (const char* directory : {"/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/local/bin/"})
    if (::access((directory + program).c_str(), X_OK) == 0) return true;
  return false;
}

std::string current_directory() {
  char text[PATH_MAX];
  if (::getcwd(text, sizeof text) == nullptr) throw_errno("asking for the current directory");
  return text;
}

void fill_in_caller(Host& host, const FileView& files) {
  host.uid = ::geteuid();
  host.gid = ::getegid();
  host.pid = ::getpid();
  host.caller = caller_kind();
  host.groups = supplementary_groups(host.gid);
  host.environment = caller_environment();
  const std::optional<Account> account = account_of(host.uid);
  host.user = account ? account->name : std::to_string(host.uid);
  host.shell = account ? account->shell : "/bin/sh";
  host.home = real_as_far_as_it_exists(files, home_of(host, account));
  host.directory = current_directory();
}

}  // namespace

std::optional<Account> account_of(uid_t uid) {
  if (auto account = account_in_file(uid)) return account;
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> space(16384);
  if (::getpwuid_r(uid, &entry, space.data(), space.size(), &found) != 0 || found == nullptr) return std::nullopt;
  return Account{entry.pw_name, entry.pw_dir, entry.pw_shell};
}

uint32_t session_id_for_root(const Host& host) {
  // systemd's containers end at 1,879,048,191 and its foreign range begins at 2,147,352,576 (systemd's UIDS-GIDS
  // document); distributions give /etc/subuid ranges from 100,000 upward in steps of 65,536. Process ids stay below
  // 2^22, so a pid keeps two sessions apart.
  constexpr uint32_t kFirst = 1'900'000'000;
  return kFirst + static_cast<uint32_t>(host.pid);
}

bool kernel_at_least(const std::string& release, int major, int minor) {
  int have_major = 0, have_minor = 0;
  char dot = 0;
  std::istringstream text(release);
  if (!(text >> have_major >> dot >> have_minor) || dot != '.') return false;
  return have_major > major || (have_major == major && have_minor >= minor);
}

Host look_at_host() {
  Host host;
  const HostFiles files;
  fill_in_caller(host, files);
  host.state_dirs = own_directories(host, files);
  host.hard_limits = hard_limits();
  utsname names{};
  if (::uname(&names) != 0) throw_errno("asking for the kernel's release");
  host.kernel = names.release;
  host.time_namespaces = ::access("/proc/self/ns/time", F_OK) == 0;
  host.landlock_abi = sys::landlock_abi();
  host.page_size = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  host.core_dumps_piped = are_core_dumps_piped();
  host.subordinate_uids = subordinate_ids_in("/etc/subuid", host.user, host.uid);
  host.subordinate_gids = subordinate_ids_in("/etc/subgid", host.user, host.uid);
  host.id_map_programs = runnable_somewhere("newuidmap") && runnable_somewhere("newgidmap");
  return host;
}

}  // namespace clawbox::plan
