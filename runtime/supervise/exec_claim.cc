#include "supervise/exec_claim.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>

#include "audit/hostile.h"
#include "base/error.h"
#include "sys/file_identity.h"
#include "sys/openat2.h"
#include "sys/process_facts.h"

namespace clawbox::supervise {
namespace {

constexpr std::size_t kLongestPath = 4096;  // PATH_MAX: the kernel takes no longer one
constexpr sys::VectorLimits kVariables{4096, 1024 * 1024};

std::string unreadable_text(int error) {
  if (error == EPERM) return "the kernel hides the memory of this process";
  return SysError(error, "reading the memory of the process").what();
}

void read_environment(ExecClaim& claim, const sys::ProcessMemory& memory, uint64_t address, EnvironmentNames names) {
  const sys::StringVector variables = memory.read_string_vector(address, kVariables);
  claim.variables = variables.words.size() + variables.words_left_out;
  if (names == EnvironmentNames::kLeftOut) return;
  for (const std::string& variable : variables.words)
    claim.variable_names.push_back(variable.substr(0, variable.find('=')));
}

/// The path from the root of the process, as far as its words tell.
std::string absolute(const ExecClaim& claim, pid_t thread) {
  if (claim.path.starts_with('/')) return claim.path;
  if (!claim.descriptor || *claim.descriptor == AT_FDCWD) return claim.directory + "/" + claim.path;
  const std::string link = fmt::format("/proc/{}/fd/{}", thread, *claim.descriptor);
  std::string to(kLongestPath, '\0');
  const ssize_t size = ::readlink(link.c_str(), to.data(), to.size());
  to.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return claim.path.empty() ? to : to + "/" + claim.path;
}

}  // namespace

ExecClaim read_claim(const sys::TrappedCall& call, EnvironmentNames names) {
  const bool at = call.number == SYS_execveat;
  const std::size_t first = at ? 1 : 0;  // execveat(2) has a descriptor before the path
  const sys::ProcessMemory memory(call.thread);
  ExecClaim claim;
  if (at) {
    claim.descriptor = static_cast<int>(call.arguments[0]);
    claim.flags = static_cast<int>(call.arguments[4]);
  }
  claim.directory = sys::directory_of(call.thread).path;
  const sys::MemoryString path = memory.read_string(call.arguments[first], kLongestPath);
  if (path.end == sys::MemoryString::End::kUnreadable) {
    claim.unreadable = unreadable_text(path.error);
    return claim;
  }
  claim.path = path.bytes;
  claim.argv = memory.read_string_vector(call.arguments[first + 1]);
  read_environment(claim, memory, call.arguments[first + 2], names);
  return claim;
}

void add_fields(Json& record, const ExecClaim& claim, const sys::TrappedCall& call) {
  record["call"] = call.number == SYS_execveat ? "execveat" : "execve";
  if (claim.descriptor) record["dirfd"] = *claim.descriptor;
  if (claim.flags) record["flags"] = *claim.flags;
  if (!claim.unreadable.empty()) record["unreadable"] = claim.unreadable;
  if (claim.unreadable.empty() || !claim.path.empty()) record["path"] = audit::hostile(claim.path);
  Json& argv = record["argv"] = Json::array();
  for (const std::string& word : claim.argv.words) argv.push_back(audit::hostile(word));
  if (claim.argv.bytes_left_out > 0 || claim.argv.words_left_out > 0)
    record["argv_cut"] = {{"words", claim.argv.words_left_out}, {"bytes", claim.argv.bytes_left_out}};
  if (claim.unreadable.empty()) record["env"] = claim.variables;
  if (!claim.variable_names.empty()) {
    Json& names = record["env_names"] = Json::array();
    for (const std::string& name : claim.variable_names) names.push_back(audit::hostile(name));
  }
  record["cwd"] = audit::hostile(claim.directory);
}

Place look_up(const ExecClaim& claim, pid_t thread) {
  if (!claim.unreadable.empty()) return {};
  const OwnedFd root = sys::try_openat2(AT_FDCWD, fmt::format("/proc/{}/root", thread), O_PATH | O_DIRECTORY, 0);
  if (!root) return {};
  sys::CachedLookup found = sys::look_up_cached(root, absolute(claim, thread));
  if (found.file) return {Place::Kind::kFound, std::move(found.file)};
  // A relative path is only as good as the text of its directory, which may be gone or have another name by now.
  const bool absent = (found.error == ENOENT || found.error == ENOTDIR) && claim.path.starts_with('/');
  return {absent ? Place::Kind::kAbsent : Place::Kind::kUnknown, {}};
}

}  // namespace clawbox::supervise
