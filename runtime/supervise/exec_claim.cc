#include "supervise/exec_claim.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "audit/hostile.h"
#include "base/error.h"
#include "sys/openat2.h"
#include "sys/process_facts.h"

namespace clawbox::supervise {
namespace {

constexpr std::size_t kLongestPath = 4096;  // PATH_MAX: the kernel takes no longer one
constexpr std::size_t kShortPath = 256;
constexpr int kMostStepsUp = 8;
constexpr uint64_t kBareRecord = 1000;  // with that of its end
constexpr sys::VectorLimits kVariables{4096, std::size_t{32} << 10};

std::string unreadable_text(int error) {
  if (error == EPERM) return "the kernel hides the memory of this process";
  if (error == ETIMEDOUT) return "its memory lies in a file that gives no answer";
  return SysError(error, "reading the memory of the process").what();
}

/// That it cannot be read is no accident: the kernel reads what a program may write, we only what it may read.
void note_unreadable(ExecClaim& claim, int error) {
  if (error == 0 || claim.error != 0) return;
  claim.error = error;
  claim.unreadable = unreadable_text(error);
}

void read_environment(ExecClaim& claim, const sys::ProcessMemory& memory, uint64_t address, EnvironmentNames names) {
  if (names == EnvironmentNames::kLeftOut) {
    claim.variables = memory.count_strings(address);
    return;
  }
  const sys::StringVector variables = memory.read_string_vector(address, kVariables);
  note_unreadable(claim, variables.error);
  claim.variables = variables.words.size() + variables.words_left_out;
  for (const std::string& variable : variables.words)
    claim.variable_names.push_back(variable.substr(0, variable.find('=')));
}

std::string link_text(const std::string& path) {
  std::string to(kLongestPath, '\0');
  const ssize_t size = ::readlink(path.c_str(), to.data(), to.size());
  to.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return to;
}

/// The path from the root of the process, as far as its words tell.
std::string absolute(const ExecClaim& claim, pid_t thread) {
  if (claim.path.starts_with('/')) return claim.path;
  if (!claim.descriptor || *claim.descriptor == AT_FDCWD) return claim.directory + "/" + claim.path;
  const std::string to = link_text(fmt::format("/proc/{}/fd/{}", thread, *claim.descriptor));
  return claim.path.empty() ? to : to + "/" + claim.path;
}

bool lies_in_proc(const OwnedFd& directory) {
  return link_text(fmt::format("/proc/self/fd/{}", directory.get())).starts_with("/proc");
}

/// Not by looking for the whole path: a link on it may lead to /proc/self, which is ours there and not the program's.
/// A few steps up are enough for every honest path; a program that makes up others pays for no more of our time.
bool is_absent(sys::FileFinder& files, const OwnedFd& root, std::string path) {
  for (int steps = 0; steps < kMostStepsUp; ++steps) {
    const std::size_t slash = path.rfind('/');
    const std::string name = path.substr(slash + 1);
    if (slash == std::string::npos || name.empty() || name == "." || name == "..") return false;
    const std::string above = slash == 0 ? "/" : path.substr(0, slash);
    const sys::FileFinder::Found parent = files.find(root, above);
    if (parent.file) return !lies_in_proc(parent.file) && files.lacks(parent.file, name);
    if (above == "/") return false;
    path = above;
  }
  return false;
}

/// execveat of an open file: its text may be another file's by now, so the file itself.
OwnedFd open_descriptor(pid_t thread, int descriptor) {
  return sys::try_openat2(AT_FDCWD, fmt::format("/proc/{}/fd/{}", thread, descriptor), O_PATH, 0);
}

}  // namespace

ExecClaim read_claim(const sys::TrappedCall& call, const sys::ProcessMemory& memory, EnvironmentNames names) {
  const bool at = call.number == SYS_execveat;
  const std::size_t first = at ? 1 : 0;  // execveat(2) has a descriptor before the path
  ExecClaim claim;
  if (at) {
    claim.descriptor = static_cast<int>(call.arguments[0]);
    claim.flags = static_cast<int>(call.arguments[4]);
  }
  claim.directory = sys::directory_of(call.thread).path;
  const sys::MemoryString path = memory.read_string(call.arguments[first], kLongestPath);
  if (path.end == sys::MemoryString::End::kUnreadable) {
    note_unreadable(claim, path.error);
    return claim;
  }
  claim.path = path.bytes;
  claim.argv = memory.read_string_vector(call.arguments[first + 1]);
  note_unreadable(claim, claim.argv.error);
  if (claim.error != ETIMEDOUT) read_environment(claim, memory, call.arguments[first + 2], names);
  return claim;
}

uint64_t bytes_in_record(const ExecClaim& claim) {
  // A byte that is not printed takes five: \\xHH, as JSON writes it.
  const auto written = [](const std::string& text) {
    const auto odd = std::count_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; });
    return text.size() + 4 * static_cast<uint64_t>(odd);
  };
  uint64_t bytes = kBareRecord + 2 * written(claim.path) + written(claim.directory);  // and where the path leads
  for (const auto* words : {&claim.argv.words, &claim.variable_names})
    for (const std::string& word : *words) bytes += written(word) + 3;
  return bytes;
}

std::string_view in_record(std::string_view path, const ExecClaim& claim) {
  return claim.is_short ? path.substr(0, kShortPath) : path;
}

void add_fields(Json& record, const ExecClaim& claim, const sys::TrappedCall& call) {
  record["call"] = call.number == SYS_execveat ? "execveat" : "execve";
  if (claim.descriptor) record["dirfd"] = *claim.descriptor;
  if (claim.flags) record["flags"] = *claim.flags;
  if (!claim.unreadable.empty()) record["unreadable"] = claim.unreadable;
  if (claim.error == 0 || !claim.path.empty()) record["path"] = audit::hostile(in_record(claim.path, claim));
  Json& argv = record["argv"] = Json::array();
  for (const std::string& word : claim.argv.words) argv.push_back(audit::hostile(word));
  if (claim.argv.bytes_left_out > 0 || claim.argv.words_left_out > 0)
    record["argv_cut"] = {{"words", claim.argv.words_left_out}, {"bytes", claim.argv.bytes_left_out}};
  if (claim.error == 0) record["env"] = claim.variables;
  if (!claim.variable_names.empty()) {
    Json& names = record["env_names"] = Json::array();
    for (const std::string& name : claim.variable_names) names.push_back(audit::hostile(name));
  }
  record["cwd"] = audit::hostile(in_record(claim.directory, claim));
  if (claim.is_short) record["cut"] = true;
}

void cut(sys::StringVector& words, std::size_t bytes) {
  std::size_t kept = 0;
  for (auto word = words.words.begin(); word != words.words.end(); ++word) {
    const std::size_t room = bytes - std::min(bytes, kept);
    kept += word->size();
    if (word->size() <= room) continue;
    words.bytes_left_out += word->size() - room;
    word->resize(room);
    for (auto rest = word + 1; rest != words.words.end(); ++rest) words.bytes_left_out += rest->size();
    words.words_left_out += static_cast<uint64_t>(words.words.end() - word - 1);
    words.words.erase(word + 1, words.words.end());
    return;
  }
}

OwnedFd root_of(pid_t thread) {
  return sys::try_openat2(AT_FDCWD, fmt::format("/proc/{}/root", thread), O_PATH | O_DIRECTORY, 0);
}

Place look_up(sys::FileFinder& files, const OwnedFd& root, const ExecClaim& claim, pid_t thread) {
  if (!root || claim.error != 0) return {};
  if (claim.path.empty() && claim.descriptor) {
    OwnedFd file = open_descriptor(thread, *claim.descriptor);
    return {file ? Place::Kind::kFound : Place::Kind::kUnknown, std::move(file)};
  }
  const std::string path = absolute(claim, thread);
  sys::FileFinder::Found found = files.find(root, path);
  if (found.file) return {Place::Kind::kFound, std::move(found.file)};
  // A relative path is only as good as the text of its directory, which may be gone or have another name by now.
  const bool absent = claim.path.starts_with('/') && is_absent(files, root, path);
  return {absent ? Place::Kind::kAbsent : Place::Kind::kUnknown, {}, found.error};
}

std::string resolved_path(const Place& place) {
  return place.file ? link_text(fmt::format("/proc/self/fd/{}", place.file.get())) : "";
}

}  // namespace clawbox::supervise
