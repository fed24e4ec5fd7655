#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "plan/host.h"

namespace clawbox::plan {
namespace {

// Where systemd mounts it, and container engines too. A hybrid of both versions has a cgroup2 elsewhere, without
// controllers.
constexpr const char* kMount = "/sys/fs/cgroup";

bool is_group(const std::string& directory) {
  struct statfs found {};
  return ::statfs(directory.c_str(), &found) == 0 && found.f_type == CGROUP2_SUPER_MAGIC;
}

/// To make a group in it, to give it controllers, and to move a process into it.
bool is_writable(const std::string& directory) {
  for (const char* file : {"", "/cgroup.subtree_control", "/cgroup.procs"})
    if (::access((directory + file).c_str(), W_OK) != 0) return false;
  return true;
}

std::string manager_socket(const Host& host) {
  for (const auto& [name, value] : host.environment) {
    if (name != "XDG_RUNTIME_DIR" || !value.starts_with('/')) continue;
    std::string socket = value + "/systemd/private";
    return ::access(socket.c_str(), R_OK | W_OK) == 0 ? socket : "";
  }
  return "";
}

std::string manager_group(const Host& host) {
  return fmt::format("{0}/user.slice/user-{1}.slice/user@{1}.service", kMount, host.uid);
}

std::vector<std::string> words_in(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> words;
  for (std::string word; file >> word;) words.push_back(word);
  return words;
}

}  // namespace

GroupFacts group_facts(const Host& host, const std::string& wanted) {
  GroupFacts facts;
  facts.unified = is_group(kMount);
  if (!facts.unified) return facts;
  const bool own_choice = wanted == "auto";
  const bool delegated = own_choice && host.caller != Host::Caller::kRoot;
  if (delegated) facts.manager = manager_socket(host);
  facts.directory = !own_choice ? wanted : delegated ? manager_group(host) : kMount;
  facts.is_group = is_group(facts.directory);
  facts.writable = is_writable(facts.directory);
  // Of all groups only the root of the whole tree has no type, and it may have processes and give at the same time.
  const bool is_root = ::access((facts.directory + "/cgroup.type").c_str(), F_OK) != 0;
  facts.populated = !delegated && !is_root && !words_in(facts.directory + "/cgroup.procs").empty();
  facts.controllers = words_in(facts.directory + (facts.populated ? "/cgroup.subtree_control" : "/cgroup.controllers"));
  return facts;
}

}  // namespace clawbox::plan
