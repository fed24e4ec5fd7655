#include "sys/process_facts.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "sys/directories.h"

namespace clawbox::sys {
namespace {

static_assert(kNotInKernel == EOPNOTSUPP);

/// "/proc/PID/NAME" without allocating.
class ProcPath {
 public:
  ProcPath(pid_t pid, std::string_view name) { *fmt::format_to(path_, "/proc/{}/{}", pid, name) = '\0'; }
  const char* get() const { return path_; }

 private:
  char path_[48];
};

bool means_gone(int error) { return error == ENOENT || error == ESRCH; }

/// The file by one read: /proc makes these files whole. Nothing: the process is gone, or may not be looked at.
template <std::size_t size>
std::optional<std::string_view> read_small(const ProcPath& path, std::array<char, size>& buffer) {
  const OwnedFd file(::open(path.get(), O_RDONLY | O_CLOEXEC));
  const ssize_t got = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  if (got >= 0) return std::string_view(buffer.data(), static_cast<std::size_t>(got));
  if (means_gone(errno) || errno == EACCES || errno == EPERM) return std::nullopt;
  throw_errno("reading {}", path.get());
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The words of a text, one at a time, without copies.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}
  std::string_view next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size()));
    const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t\n"));
    rest_.remove_prefix(word.size());
    return word;
  }

 private:
  std::string_view rest_;
};

/// What follows "\nNAME:\t", to the end of the line. Names in status cannot be forged: it writes a newline in comm as
/// "\n".
std::optional<std::string_view> line_of(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + name.size());
  return text.substr(0, text.find('\n'));
}

template <class Number>
std::optional<Number> number_of(std::string_view text, std::string_view name) {
  const auto line = line_of(text, name);
  return line ? parse_number<Number>(Words(*line).next()) : std::nullopt;
}

std::vector<pid_t> pids_of(std::string_view text, std::string_view name) {
  std::vector<pid_t> pids;
  const auto line = line_of(text, name);
  if (!line) return pids;
  Words words(*line);
  while (const auto pid = parse_number<pid_t>(words.next())) pids.push_back(*pid);
  return pids;
}

/// A process of very many groups has a longer status than any buffer on the stack.
std::optional<ProcessStatus> long_status_of(pid_t pid) {
  constexpr std::size_t kLongest = std::size_t{1} << 20;  // NGROUPS_MAX is 65536
  const OwnedFd file(::open(ProcPath(pid, "status").get(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text(kLongest, '\0');
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  return got < 0 ? std::nullopt : parse_status(std::string_view(text).substr(0, static_cast<std::size_t>(got)));
}

std::optional<uint64_t> random_address_of(pid_t pid) {
  std::array<char, 1024> buffer;  // about 20 pairs
  const auto bytes = read_small(ProcPath(pid, "auxv"), buffer);
  if (!bytes) return std::nullopt;
  for (std::size_t at = 0; at + sizeof(Elf64_auxv_t) <= bytes->size(); at += sizeof(Elf64_auxv_t)) {
    Elf64_auxv_t pair;
    std::memcpy(&pair, bytes->data() + at, sizeof pair);
    if (pair.a_type == AT_RANDOM) return pair.a_un.a_val;
  }
  return std::nullopt;
}

std::optional<std::array<char, 16>> random_of(const ProcessMemory& memory) {
  const auto address = random_address_of(memory.pid());
  std::array<char, 16> bytes;
  if (!address || memory.read(*address, bytes).error != 0) return std::nullopt;
  return bytes;
}

constexpr std::string_view kDeletedMark = " (deleted)";

/// By the magic link, which needs no path, and without asking a file system that may not answer (AT_STATX_DONT_SYNC).
bool has_no_name_left(const ProcPath& link) {
  struct statx status {};
  return ::statx(AT_FDCWD, link.get(), AT_STATX_DONT_SYNC, STATX_NLINK, &status) == 0 && status.stx_nlink == 0;
}

ProcessLink link_of(pid_t pid, std::string_view name) {
  const ProcPath link(pid, name);
  char buffer[4096 + kDeletedMark.size()];
  const ssize_t length = ::readlink(link.get(), buffer, sizeof buffer);
  if (length < 0) return {"", ProcessLink::Deleted::kNo, errno == ESRCH ? ENOENT : errno};
  ProcessLink result{std::string(buffer, static_cast<std::size_t>(length))};
  if (!result.path.ends_with(kDeletedMark)) return result;
  const bool deleted = has_no_name_left(link);
  result.deleted = deleted ? ProcessLink::Deleted::kYes : ProcessLink::Deleted::kPerhaps;
  if (deleted) result.path.resize(result.path.size() - kDeletedMark.size());
  return result;
}

// include/uapi/linux/pidfd.h of Linux 6.15, as of PIDFD_INFO_SIZE_VER0; headers of distributions are older.
struct KernelPidfdInfo {
  uint64_t mask, cgroup;
  uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  int32_t exit_code;
};
static_assert(sizeof(KernelPidfdInfo) == 64);
constexpr uint64_t kInfoPid = 1 << 0, kInfoCredentials = 1 << 1, kInfoExit = 1 << 3;
constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, KernelPidfdInfo);

}  // namespace

std::optional<ProcessStatus> parse_status(std::string_view text) {
  const auto tgid = number_of<pid_t>(text, "\nTgid:\t"), parent = number_of<pid_t>(text, "\nPPid:\t");
  const auto uids = line_of(text, "\nUid:\t"), state = line_of(text, "\nState:\t");
  if (!tgid || !parent || !uids || !state || state->empty()) return std::nullopt;
  Words words(*uids);
  const auto uid = parse_number<uid_t>(words.next()), effective = parse_number<uid_t>(words.next());
  if (!uid || !effective) return std::nullopt;
  return ProcessStatus{.tgid = *tgid,
                       .parent = *parent,
                       .uid = *uid,
                       .effective_uid = *effective,
                       .state = state->front(),
                       .pids = pids_of(text, "\nNSpid:\t"),
                       .tgids = pids_of(text, "\nNStgid:\t")};
}

std::optional<ProcessStatus> status_of(pid_t pid) {
  std::array<char, 4096> buffer;
  const auto text = read_small(ProcPath(pid, "status"), buffer);
  if (!text) return std::nullopt;
  return text->size() < buffer.size() ? parse_status(*text) : long_status_of(pid);
}

std::optional<ProcessStat> parse_stat(std::string_view text) {
  const std::size_t begin = text.find('('), end = text.rfind(')');  // the name may hold both, and newlines
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return std::nullopt;
  constexpr std::size_t kFirst = 3, kLast = 48;  // proc_pid_stat(5) numbers the fields from 1
  std::array<std::string_view, kLast + 1> fields;
  Words words(text.substr(end + 1));
  for (std::size_t field = kFirst; field <= kLast; ++field) fields[field] = words.next();
  const auto number = [&](std::size_t field) { return parse_number<uint64_t>(fields[field]); };
  const auto amount = [&](std::size_t field) { return number(field).value_or(0); };
  if (fields[3].size() != 1 || !number(4) || !number(6) || !number(22) || !number(26) || !number(28) || !number(kLast))
    return std::nullopt;
  return ProcessStat{.name = std::string(text.substr(begin + 1, end - begin - 1)),
                     .state = fields[3].front(),
                     .parent = static_cast<pid_t>(*number(4)),
                     .session = static_cast<pid_t>(*number(6)),
                     .start_time = *number(22),
                     .start_code = *number(26),
                     .start_stack = *number(28),
                     .arg_start = *number(kLast),
                     .cpu_ticks = amount(14) + amount(15) + amount(16) + amount(17),
                     .resident_pages = amount(24)};
}

std::optional<ProcessStat> stat_of(pid_t pid) {
  std::array<char, 2048> buffer;  // 52 numbers of at most 20 digits
  const auto text = read_small(ProcPath(pid, "stat"), buffer);
  return text ? parse_stat(*text) : std::nullopt;
}

Identity identity_of(const ProcessMemory& memory, const ProcessStat& stat) {
  return {stat.start_code, stat.start_stack, stat.arg_start, random_of(memory)};
}

std::optional<Identity> identity_of(pid_t pid) {
  const auto stat = stat_of(pid);
  if (!stat) return std::nullopt;
  return identity_of(ProcessMemory(pid), *stat);
}

std::chrono::nanoseconds cpu_time_of(pid_t pid) {
  clockid_t clock;
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

ProcessLink executable_of(pid_t pid) { return link_of(pid, "exe"); }
ProcessLink directory_of(pid_t pid) { return link_of(pid, "cwd"); }

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> result;
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  Listing listing(tasks);
  while (const dirent* entry = listing.next()) {
    std::ifstream children(fmt::format("{}/{}/children", tasks, entry->d_name));
    for (pid_t child = 0; children >> child;) result.push_back(child);
  }
  return result;
}

std::optional<OwnedFd> pidfd_of(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd >= 0) return OwnedFd(static_cast<int>(fd));
  if (errno == ESRCH) return std::nullopt;
  throw_errno("opening a pidfd of process {}", pid);
}

PidfdInfo pidfd_info(const OwnedFd& pidfd) {
  KernelPidfdInfo info{};
  info.mask = kInfoPid | kInfoCredentials | kInfoExit;
  if (::ioctl(pidfd.get(), kGetInfo, &info) < 0)
    return {.error = errno == ENOTTY || errno == EINVAL ? kNotInKernel : errno};
  PidfdInfo result{.pid = static_cast<pid_t>(info.pid),
                   .tgid = static_cast<pid_t>(info.tgid),
                   .parent = static_cast<pid_t>(info.ppid),
                   .uid = info.ruid,
                   .effective_uid = info.euid};
  if ((info.mask & kInfoExit) != 0) result.wait_status = info.exit_code;
  return result;
}

}  // namespace clawbox::sys
