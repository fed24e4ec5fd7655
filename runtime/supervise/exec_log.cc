#include "supervise/exec_log.h"

#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>

#include "audit/hostile.h"
#include "base/error.h"
#include "sys/file_identity.h"
#include "sys/ready_set.h"

namespace clawbox::supervise {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstLook = 5ms;
constexpr auto kFurtherLooks = 100ms;
constexpr std::size_t kMostProcesses = 16384;
constexpr std::size_t kSparedDescriptors = 256;
// A flood of large arguments would fill the disk: what is over this is cut to some words, and the rest is counted.
constexpr uint64_t kBurst = uint64_t{64} << 20, kBytesPerSecond = uint64_t{1} << 20;
constexpr std::size_t kShortClaim = 256;

/// As many as we may have: each process that is watched takes one. The program has its own limit already.
std::size_t descriptors_to_watch_with() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t most = std::min<std::size_t>(limit.rlim_cur, kMostProcesses);
  return most - std::min(most, kSparedDescriptors);
}

/// What a program may write and not read, the kernel reads and we do not: such a page would hide every word. An honest
/// program has none, so it is answered as if nothing were mapped there. The same with a page that does not come, which
/// would keep its words from us for as long as a file's server likes. Only the kernel itself hides a whole process.
ExecLog::Answer answer_to(const ExecClaim& claim, const Place& place) {
  const bool hidden_whole = claim.error == EPERM || claim.error == ESRCH;
  if (claim.error != 0 && !hidden_whole) return ExecLog::Answer::kFault;
  return place.kind == Place::Kind::kAbsent ? ExecLog::Answer::kAbsent : ExecLog::Answer::kGoOn;
}

std::size_t hash_of(const std::vector<std::string>& words) {
  std::size_t hash = words.size();
  for (const std::string& word : words) hash = hash * 31 + std::hash<std::string>()(word);
  return hash;
}

}  // namespace

ExecLog::ExecLog(sys::Loop& loop, sys::MemoryReader& memory, sys::FileFinder& files, Session session, Write write)
    : loop_(loop),
      memory_(memory),
      files_(files),
      session_(std::move(session)),
      write_(std::move(write)),
      programs_(loop, std::move(session_.digests), write_),
      doubts_(programs_, files_, write_),
      most_watched_(descriptors_to_watch_with()),
      sweep_at_(most_watched_),
      bytes_left_(kBurst) {
  loop_.watch(look_.fd(), EPOLLIN, [this](uint32_t) { settle_due(); });
}

ExecLog::~ExecLog() {
  loop_.forget(look_.fd());
  for (auto& [pid, process] : processes_)
    if (process.pidfd) loop_.forget(process.pidfd.get());
}

ExecLog::Answer ExecLog::asked_to_exec(const sys::TrappedCall& call, const std::function<bool()>& still_waits) {
  const auto status = sys::status_of(call.thread);
  const auto stat = status ? sys::stat_of(status->tgid) : std::nullopt;
  // The first exec of a command is asked for by clawbox's own code inside: it makes nobody wait, and a session of one
  // program starts no helper.
  std::optional<Program> told = program_of_command(status);
  const sys::ProcessMemory memory = told ? sys::ProcessMemory(call.thread) : sys::ProcessMemory(call.thread, memory_);
  ExecClaim claim = read_claim(call, memory, session_.names);
  if (!root_ || session_.roots == Session::Roots::kMany) root_ = root_of(call.thread);
  Place place = look_up(files_, root_, claim, call.thread);
  if (!still_waits()) return Answer::kGoOn;  // killed meanwhile: another process may have its number
  if (!stat) return asked_by_hidden(call);
  const Entry entry = process_of(*status, *stat);
  Process& process = entry->second;
  // Of the thread that asks: its leader may have ended, and then shows nothing.
  const auto of_thread = call.thread == status->tgid ? stat : sys::stat_of(call.thread);
  if (of_thread) settle(entry, call.thread, *of_thread);
  if (told && claim.error == EPERM) place = take_told(claim, *told);
  const std::size_t words = hash_of(claim.argv.words);
  if (process.search && process.search->words != words) give_up_search(process);
  const Answer answer = answer_to(claim, place);
  if (answer == Answer::kAbsent) {
    const unsigned tries = process.search ? process.search->tries + 1 : 1;
    cut(claim.argv, kShortClaim);
    claim.variable_names = {};
    process.search = Search{*status, std::move(claim), words, call, tries};
    return answer;
  }
  if (place.file && session_.files == Session::Files::kServed) files_.refresh(place.file);
  const auto file = place.file ? sys::try_file_status(place.file) : std::nullopt;
  spare(claim);
  const uint64_t id = write_exec(process, *status, call, claim, {place, file, told ? told->command : 0});
  if (answer == Answer::kFault) {
    write_("exec.end", {{"id", id}, {"outcome", "failed"}, {"errno", "EFAULT"}});
    return answer;
  }
  if (file) programs_.started(place.file, file->identity, claim.path);
  claim.argv = {};
  claim.variable_names = {};
  process.asked.push_back(Asked{id, call.thread, of_thread ? sys::identity_of(memory, *of_thread) : sys::Identity{},
                                program_of(program_file(call.thread)), std::move(claim), file, Clock::now()});
  if (!std::exchange(looking_, true)) look_.start(kFirstLook, kFurtherLooks);
  return Answer::kGoOn;
}

/// Of a child of pid 1 that has not executed anything yet.
std::optional<ExecLog::Program> ExecLog::program_of_command(const std::optional<sys::ProcessStatus>& status) const {
  if (!status || status->parent != session_.init || status->tgids.size() < 2) return std::nullopt;
  return session_.program(status->tgids[1]);
}

/// The program has our uid and must not read the memory of pid 1, so an ordinary user's supervisor may not either. Who
/// asks is clawbox's own code, which has told what it asks for.
Place ExecLog::take_told(ExecClaim& claim, Program& program) {
  claim = std::move(program.claim);
  return {program.file ? Place::Kind::kFound : Place::Kind::kUnknown, std::move(program.file)};
}

/// It waits, and /proc does not show it (hidepid): on record all the same.
ExecLog::Answer ExecLog::asked_by_hidden(const sys::TrappedCall& call) {
  Json record{{"id", last_id_ + 1}, {"pid", call.thread}};
  ExecClaim claim;
  claim.error = EPERM;
  if (std::optional<Program> told = session_.program(std::nullopt)) take_told(claim, *told);
  claim.unreadable = "/proc hides this process (hidepid)";
  add_fields(record, claim, call);
  ++last_id_;
  write_("exec", record);
  return Answer::kGoOn;
}

void ExecLog::spare(ExecClaim& claim) {
  const auto now = Clock::now();
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - refilled_).count();
  refilled_ += std::chrono::milliseconds(waited);  // the rest of a millisecond counts the next time
  bytes_left_ = std::min(kBurst, bytes_left_ + static_cast<uint64_t>(waited) * kBytesPerSecond / 1000);
  const uint64_t bytes = bytes_in_record(claim);
  claim.is_short = bytes > bytes_left_;
  bytes_left_ -= std::min(bytes, bytes_left_);
  if (!claim.is_short) return;
  cut(claim.argv, kShortClaim);
  claim.variable_names = {};
}

ExecLog::Entry ExecLog::process_of(const sys::ProcessStatus& status, const sys::ProcessStat& stat) {
  const auto known = processes_.find(status.tgid);
  if (known != processes_.end() && known->second.start_time == stat.start_time) return known;
  if (known != processes_.end()) ended(status.tgid);  // its number was given away again
  if (processes_.size() >= sweep_at_) sweep();
  Process process;
  process.start_time = stat.start_time;
  process.parent = status.parent;
  process.parent_exec = exec_above(status.parent);
  const Entry entry = processes_.emplace(status.tgid, std::move(process)).first;
  if (processes_.size() < most_watched_) watch_end(entry->first, entry->second);
  return entry;
}

/// A shell's subshell executes nothing itself: what it forks belongs to the shell's exec.
uint64_t ExecLog::exec_above(pid_t process) {
  for (int steps = 0; process > 1 && process != session_.init && steps < 16; ++steps) {
    if (const uint64_t exec = exec_of(process); exec != 0) return exec;
    const auto status = sys::status_of(process);
    process = status ? status->parent : 0;
  }
  return 0;
}

/// Its number may be another process's by now, before anything has told us of its end.
bool ExecLog::is_there(pid_t pid, const Process& process) {
  if (process.pidfd && !sys::is_readable(process.pidfd.get())) return true;
  const auto stat = sys::stat_of(pid);
  return stat && stat->start_time == process.start_time;
}

uint64_t ExecLog::exec_of(pid_t process) {
  const auto known = processes_.find(process);
  if (known == processes_.end() || !is_there(process, known->second)) return 0;
  look(known);
  return known->second.running ? known->second.running->id : known->second.parent_exec;
}

uid_t ExecLog::inside(uid_t host) const {
  for (const IdRange& range : session_.uids)
    if (host >= range.host && host - range.host < range.count) return range.inside + (host - range.host);
  return host;
}

void ExecLog::watch_end(pid_t pid, Process& process) {
  auto pidfd = sys::pidfd_of(pid);
  if (!pidfd) return;
  process.pidfd = std::move(*pidfd);
  const int fd = process.pidfd.get();
  loop_.watch(fd, EPOLLIN, [this, pid, fd](uint32_t events) {
    const sys::PidfdInfo info = sys::pidfd_info(processes_.at(pid).pidfd);
    const bool told_when_reaped = info.error == 0 && !info.wait_status;
    if (told_when_reaped && (events & EPOLLHUP) == 0) {
      processes_.at(pid).is_over = true;
      return loop_.change(fd, 0);  // EPOLLHUP comes always
    }
    ended(pid);
  });
}

uint64_t ExecLog::write_exec(Process& process, const sys::ProcessStatus& status, const sys::TrappedCall& call,
                             const ExecClaim& claim, const Led& led) {
  Json record;
  record["id"] = ++last_id_;
  record["pid"] = status.tgid;
  record["pid_inside"] = status.tgids.size() > 1 ? status.tgids[1] : 0;
  if (call.thread != status.tgid) record["tid"] = call.thread;
  record["ppid"] = status.parent;
  record["uid"] = inside(status.uid);
  record["parent"] = process.running ? process.running->id : process.parent_exec;
  if (led.command != 0) record["command"] = led.command;
  add_fields(record, claim, call);
  if (const std::string path = resolved_path(led.place); !path.empty() && path != claim.path)
    record["resolved"] = audit::hostile(in_record(path, claim));
  if (led.file) add_place(record, led.file->identity);
  if (process.search) record["tries"] = process.search->tries;
  process.search.reset();
  write_("exec", record);
  return last_id_;
}

}  // namespace clawbox::supervise
