// How execs turned out: the second half of exec_log.h.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "audit/hostile.h"
#include "base/error.h"
#include "supervise/exec_log.h"
#include "sys/file_identity.h"
#include "sys/openat2.h"

namespace clawbox::supervise {
namespace {

using namespace std::chrono_literals;

int64_t milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

/// Why the kernel does not start what is there, as far as the path tells; nullptr: not to be seen from here.
const char* error_at(const Place& place) {
  if (place.kind == Place::Kind::kAbsent) return "ENOENT";
  for (const int error : {ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EACCES})
    if (place.error == error) return ::strerrorname_np(error);
  const auto status = place.file ? sys::try_file_status(place.file) : std::nullopt;
  const bool refused = status && (!S_ISREG(status->mode) || (status->mode & 0111) == 0);
  return refused ? "EACCES" : nullptr;
}

}  // namespace

OwnedFd program_file(pid_t pid) { return sys::try_openat2(AT_FDCWD, fmt::format("/proc/{}/exe", pid), O_PATH, 0); }

std::optional<sys::FileIdentity> program_of(const OwnedFd& exe) {
  const auto status = exe ? sys::try_file_status(exe) : std::nullopt;
  return status ? std::optional(status->identity) : std::nullopt;
}

bool ExecLog::has_changed(const Asked& asked, pid_t thread, const sys::ProcessStat& stat) const {
  if (stat.state == 'Z') return false;  // shows nothing
  const sys::Identity& before = asked.before;
  // With address randomisation the places mostly tell, and cost no read of the memory.
  const sys::Identity places{stat.start_code, stat.start_stack, stat.arg_start, before.random};
  if (places.known() && !(places == before)) return true;
  const sys::Identity now = sys::identity_of(sys::ProcessMemory(thread, memory_), stat);
  if (now.known() && now.random && before.random && !(now == before)) return true;
  const OwnedFd exe = program_file(thread);
  // A thread asked: the leader has ended for it, and it has not taken the leader's place yet. execve(2)
  if (!exe && errno == ENOENT) return false;
  return program_of(exe) != asked.program_before;
}

/// `thread` makes its next call. Has what was asked for happened? If not, what that very thread asked for has failed;
/// another one's may still be on its way.
void ExecLog::settle(Entry entry, pid_t thread, const sys::ProcessStat& stat) {
  std::vector<Asked>& asked = entry->second.asked;
  if (asked.empty()) return;
  if (has_changed(asked.front(), thread, stat)) return became(entry, thread);
  const auto own = std::find_if(asked.begin(), asked.end(), [&](const Asked& one) { return one.thread == thread; });
  if (own == asked.end()) return;
  Json record{{"id", own->id}, {"outcome", "failed"}};
  // A program that the kernel hides may have executed itself: that looks like a failure.
  const bool hidden = !own->before.known() && own->file && own->file->identity == own->program_before;
  if (hidden) record["outcome"] = "ended";
  if (const char* error = error_at(look_up(files_, root_, own->claim, thread)); error != nullptr && !hidden)
    record["errno"] = error;
  write_("exec.end", record);
  asked.erase(own);
}

void ExecLog::became(Entry entry, pid_t thread) {
  Process& process = entry->second;
  const std::chrono::nanoseconds used = sys::cpu_time_of(entry->first);
  if (process.running)
    write_end(process, {{"outcome", "replaced"}, {"cpu_ms", milliseconds(used - process.running->cpu_before)}});
  std::vector<Asked> asked = std::exchange(process.asked, {});
  const OwnedFd exe = program_file(thread);
  const auto running = program_of(exe);
  const std::string observed = sys::executable_of(thread).path;
  const auto likely = std::find_if(asked.begin(), asked.end() - 1,
                                   [&](const Asked& one) { return one.file && one.file->identity == running; });
  if (asked.size() > 1) doubt_all(asked, observed);
  for (const Asked& other : asked)
    if (other.id != likely->id) write_("exec.end", {{"id", other.id}, {"outcome", "ended"}});
  process.running = Running{likely->id, likely->since, used, observed};
  process.exit_status.reset();
  check_observed(std::move(*likely), thread, exe, observed);
}

/// Several threads have asked, and one of them has become this.
void ExecLog::doubt_all(const std::vector<Asked>& asked, const std::string& observed) {
  for (const Asked& one : asked)
    doubts_.tell({one.id, one.claim.path, observed, {}, {}, {}},
                 "threads asked at the same time: one of them started this");
}

/// What runs is on record too where it is not what the claim led to.
void ExecLog::check_observed(Asked asked, pid_t thread, const OwnedFd& exe, const std::string& observed) {
  const auto& claimed = asked.file;
  const auto running = exe ? sys::try_file_status(exe) : std::nullopt;
  if (!running || (claimed && claimed->identity == running->identity)) return;
  programs_.started(exe, running->identity, observed);
  if (!claimed || claimed->identity.same_file(running->identity)) return;
  doubts_.add({asked.id, std::move(asked.claim.path), observed, claimed->identity, running->identity, root_of(thread)},
              thread);
}

void ExecLog::asked_to_exit(const sys::TrappedCall& call) {
  if (processes_.empty()) return;
  const auto stat = sys::stat_of(call.thread);
  Entry entry = processes_.find(call.thread);
  if (!stat || entry == processes_.end() || entry->second.start_time != stat->start_time) {
    const auto status = sys::status_of(call.thread);  // a thread that is not the leader, or a fork
    entry = status ? processes_.find(status->tgid) : processes_.end();
    const auto leader = entry != processes_.end() ? sys::stat_of(entry->first) : std::nullopt;
    if (!stat || !leader || entry->second.start_time != leader->start_time) return;
  }
  settle(entry, call.thread, *stat);
  const int status = static_cast<int>(call.arguments[0] & 0xff);
  entry->second.exit_status = status;
  if (!entry->second.asked.empty()) return;  // another thread's exec may come first: the end of the process tells
  Json fields{{"outcome", "exited"}, {"exit_status", status}};
  if (const auto& running = entry->second.running)
    fields["cpu_ms"] = milliseconds(sys::cpu_time_of(entry->first) - running->cpu_before);
  write_end(entry->second, fields);
  forget(entry);
}

void ExecLog::write_end(const Process& process, const Json& fields) {
  if (!process.running) return;
  Json record{{"id", process.running->id}};
  record.update(fields);
  if (!process.running->observed.empty()) record["observed"] = audit::hostile(process.running->observed);
  record["wall_ms"] = milliseconds(Clock::now() - process.running->since);
  write_("exec.end", record);
}

void ExecLog::give_up_search(Process& process) {
  const Search search = std::move(*process.search);
  process.search.reset();
  const uint64_t id = write_exec(process, search.status, search.call, search.claim, {Place(), {}});
  write_("exec.end", {{"id", id}, {"outcome", "failed"}, {"errno", "ENOENT"}, {"tries", search.tries}});
}

/// Nobody knows which of them happened, or whether one did.
void ExecLog::end_asked(Process& process) {
  if (process.asked.empty()) return;
  Json fields{{"outcome", "ended"}};
  if (process.exit_status) fields = {{"outcome", "exited"}, {"exit_status", *process.exit_status}};
  if (process.running) write_end(process, fields);
  for (const Asked& asked : process.asked)
    if (asked.id != process.asked.back().id) write_("exec.end", {{"id", asked.id}, {"outcome", "ended"}});
  process.running = Running{process.asked.back().id, process.asked.back().since, 0ns, ""};
  process.asked.clear();
}

/// Without a call of its own: by a signal, by exit(2), or as a thread group whose leader is gone.
void ExecLog::ended(pid_t pid) {
  const Entry entry = processes_.find(pid);
  if (entry == processes_.end()) return;
  Process& process = entry->second;
  const sys::PidfdInfo info = process.pidfd ? sys::pidfd_info(process.pidfd) : sys::PidfdInfo{};
  Json fields{{"outcome", "ended"}};
  if (info.wait_status && WIFSIGNALED(*info.wait_status))
    fields = {{"outcome", "signaled"}, {"signal", WTERMSIG(*info.wait_status)}};
  // With a question open another thread may have ended it first: then the status is that of the program before.
  if (info.wait_status && WIFEXITED(*info.wait_status) && process.asked.empty())
    fields = {{"outcome", "exited"}, {"exit_status", WEXITSTATUS(*info.wait_status)}};
  end_asked(process);
  write_end(process, fields);
  forget(entry);
}

void ExecLog::forget(Entry entry) {
  if (entry->second.search) give_up_search(entry->second);
  if (entry->second.pidfd) loop_.forget(entry->second.pidfd.get());
  const pid_t pid = entry->first;
  processes_.erase(entry);
  if (session_.ended) session_.ended(pid);
}

/// Nothing tells of the end of a process that was killed and has no pidfd. Each time that the living ones have doubled:
/// what this costs is spread over them, and what it leaves is bounded by them.
void ExecLog::sweep() {
  std::vector<pid_t> gone;
  for (const auto& [pid, process] : processes_)
    if (!process.pidfd && !is_there(pid, process)) gone.push_back(pid);
  for (const pid_t pid : gone) ended(pid);
  sweep_at_ = std::max(most_watched_, 2 * processes_.size());
}

/// Between two calls of the process: that nothing has changed yet says nothing.
void ExecLog::look(Entry entry) {
  const Process& process = entry->second;
  if (process.asked.empty() || process.is_over) return;
  const auto stat = sys::stat_of(entry->first);
  if (!stat || stat->start_time != process.start_time) return;  // gone, and its number perhaps another's
  if (has_changed(process.asked.front(), entry->first, *stat)) became(entry, entry->first);
}

void ExecLog::settle_due() {
  look_.drain();
  bool waiting = false;
  for (Entry entry = processes_.begin(); entry != processes_.end(); ++entry) {
    look(entry);
    const Process& process = entry->second;
    waiting =
        waiting || (!process.asked.empty() && !process.is_over && Clock::now() - process.asked.back().since < 10s);
  }
  doubts_.settle();
  if (waiting || !doubts_.empty()) return;
  looking_ = false;
  look_.start(0ms);
}

void ExecLog::finish() {
  while (!processes_.empty()) ended(processes_.begin()->first);
  for (int depth = 0; depth < 5 && (depth == 0 || !doubts_.empty()); ++depth) {
    programs_.finish();
    doubts_.settle();  // the interpreter of a script is asked for when the script has been read
  }
  doubts_.finish();
}

}  // namespace clawbox::supervise
