#include "supervise/exec_log.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/hostile.h"
#include "base/error.h"
#include "sys/file_identity.h"
#include "sys/openat2.h"

namespace clawbox::supervise {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstLook = 5ms;
constexpr auto kFurtherLooks = 100ms;
constexpr std::size_t kMostProcesses = 16384;  // of which more is kept than their last exec

int64_t milliseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

uint64_t ticks_of(const sys::ProcessStat& stat) { return stat.user_ticks + stat.system_ticks; }

uint64_t cpu_ms(uint64_t ticks) {
  static const auto per_second = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  return ticks * 1000 / per_second;
}

}  // namespace

ExecLog::ExecLog(sys::Loop& loop, Session session, Write write)
    : loop_(loop),
      session_(std::move(session)),
      write_(std::move(write)),
      programs_(loop, std::move(session_.digests), write_) {
  loop_.watch(look_.fd(), EPOLLIN, [this](uint32_t) { settle_due(); });
}

ExecLog::~ExecLog() {
  loop_.forget(look_.fd());
  for (auto& [pid, process] : processes_)
    if (process.pidfd) loop_.forget(process.pidfd.get());
}

ExecLog::Answer ExecLog::asked_to_exec(const sys::TrappedCall& call) {
  const auto status = sys::status_of(call.thread);
  const auto stat = status ? sys::stat_of(status->tgid) : std::nullopt;
  if (!stat) return Answer::kGoOn;  // gone: it will execute nothing
  const Entry entry = process_of(*status, *stat);
  Process& process = entry->second;
  settle(entry->first, process, *stat);
  ExecClaim claim = read_claim(call, session_.names);
  if (!claim.unreadable.empty() && process.parent == session_.init) claim.argv.words = session_.argv;
  Place place = look_up(claim, call.thread);
  if (process.search && process.search->claim.argv.words != claim.argv.words) give_up_search(entry->first, process);
  if (place.kind == Place::Kind::kAbsent) {
    const unsigned tries = process.search ? process.search->tries + 1 : 1;
    process.search = Search{std::move(claim), call, tries};
    return Answer::kAbsent;
  }
  const uint64_t id = write_exec(process, *status, call, claim);
  if (place.file) programs_.started(place.file, claim.path);
  process.asked =
      Asked{id, sys::identity_of(status->tgid, *stat), std::move(claim), std::move(place.file), Clock::now()};
  if (!std::exchange(looking_, true)) look_.start(kFirstLook, kFurtherLooks);
  return Answer::kGoOn;
}

ExecLog::Entry ExecLog::process_of(const sys::ProcessStatus& status, const sys::ProcessStat& stat) {
  const auto known = processes_.find(status.tgid);
  if (known != processes_.end() && known->second.start_time == stat.start_time) return known;
  if (known != processes_.end()) ended(status.tgid);  // its number was given away again
  Process process;
  process.start_time = stat.start_time;
  process.parent = status.parent;
  process.parent_exec = exec_above(status.parent);
  const Entry entry = processes_.emplace(status.tgid, std::move(process)).first;
  if (processes_.size() < kMostProcesses) watch_end(entry->first, entry->second);
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

uint64_t ExecLog::exec_of(pid_t process) {
  const auto known = processes_.find(process);
  if (known == processes_.end()) return 0;
  look(process, known->second);
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
    if (told_when_reaped && (events & EPOLLHUP) == 0) return loop_.change(fd, 0);  // EPOLLHUP comes always
    ended(pid);
  });
}

uint64_t ExecLog::write_exec(Process& process, const sys::ProcessStatus& status, const sys::TrappedCall& call,
                             const ExecClaim& claim) {
  Json record;
  record["id"] = ++last_id_;
  record["pid"] = status.tgid;
  record["pid_inside"] = status.tgids.size() > 1 ? status.tgids[1] : 0;
  if (call.thread != status.tgid) record["tid"] = call.thread;
  record["ppid"] = status.parent;
  record["uid"] = inside(status.uid);
  record["parent"] = process.running ? process.running->id : process.parent_exec;
  add_fields(record, claim, call);
  if (process.search) record["tries"] = process.search->tries;
  process.search.reset();
  write_("exec", record);
  return last_id_;
}

/// Has what was asked for happened? Called where the process makes its next call: then it has, or has failed.
void ExecLog::settle(pid_t pid, Process& process, const sys::ProcessStat& stat) {
  if (!process.asked) return;
  const sys::Identity now = sys::identity_of(pid, stat);
  if (now == process.asked->before) {  // also: hidden before and after
    Json record{{"id", process.asked->id}, {"outcome", "failed"}};
    // The kernel has just looked there, so it remembers.
    if (look_up(process.asked->claim, pid).kind == Place::Kind::kAbsent) record["errno"] = "ENOENT";
    write_("exec.end", record);
    process.asked.reset();
    return;
  }
  became(pid, process, stat);
}

void ExecLog::became(pid_t pid, Process& process, const sys::ProcessStat& stat) {
  const uint64_t ticks = ticks_of(stat);
  if (process.running)
    write_end(process, {{"outcome", "replaced"}, {"cpu_ms", cpu_ms(ticks - process.running->ticks_before)}});
  Asked asked = std::move(*process.asked);
  process.asked.reset();
  process.running = Running{asked.id, asked.since, ticks, sys::executable_of(pid).path};
  check_observed(std::move(asked), pid, process.running->observed);
}

/// A script runs its interpreter, so only a program that is none can be told from what was claimed.
void ExecLog::check_observed(Asked asked, pid_t pid, const std::string& observed) {
  const auto claimed = asked.file ? sys::try_file_status(asked.file) : std::nullopt;
  const OwnedFd exe = sys::try_openat2(AT_FDCWD, fmt::format("/proc/{}/exe", pid), O_PATH, 0);
  const auto running = exe ? sys::try_file_status(exe) : std::nullopt;
  if (!asked.file && running) programs_.started(exe, observed);  // the claim did not lead there, the fact does
  if (!claimed || !running || claimed->identity == running->identity) return;
  doubts_.push_back({asked.id, std::move(asked.claim.path), observed, claimed->identity});
  tell_mismatches();
}

void ExecLog::tell_mismatches() {
  std::erase_if(doubts_, [&](const Doubt& doubt) {
    const Programs::Kind kind = programs_.kind_of(doubt.file);
    if (kind == Programs::Kind::kBinary)
      write_(
          "exec.mismatch",
          {{"id", doubt.id}, {"claimed", audit::hostile(doubt.claimed)}, {"observed", audit::hostile(doubt.observed)}});
    return kind != Programs::Kind::kNotKnown;
  });
}

void ExecLog::asked_to_exit(const sys::TrappedCall& call) {
  pid_t pid = call.thread;
  if (!processes_.contains(pid)) {
    const auto status = sys::status_of(call.thread);
    if (!status || !processes_.contains(status->tgid)) return;  // a fork that executed nothing
    pid = status->tgid;
  }
  const Entry entry = processes_.find(pid);
  const auto stat = sys::stat_of(pid);
  if (!stat || stat->start_time != entry->second.start_time) return ended(pid);
  settle(pid, entry->second, *stat);
  Json fields{{"outcome", "exited"}, {"exit_status", call.arguments[0] & 0xff}};
  if (entry->second.running) fields["cpu_ms"] = cpu_ms(ticks_of(*stat) - entry->second.running->ticks_before);
  write_end(entry->second, std::move(fields));
  forget(entry);
}

void ExecLog::write_end(const Process& process, Json fields) {
  if (!process.running) return;
  Json record{{"id", process.running->id}};
  record.update(fields);
  if (!process.running->observed.empty()) record["observed"] = audit::hostile(process.running->observed);
  record["wall_ms"] = milliseconds(Clock::now() - process.running->since);
  write_("exec.end", record);
}

void ExecLog::give_up_search(pid_t pid, Process& process) {
  const Search search = std::move(*process.search);
  process.search.reset();
  Json record{{"id", ++last_id_}, {"pid", pid}, {"ppid", process.parent}, {"parent", exec_of(pid)}};
  add_fields(record, search.claim, search.call);
  write_("exec", record);
  write_("exec.end", {{"id", last_id_}, {"outcome", "failed"}, {"errno", "ENOENT"}, {"tries", search.tries}});
}

/// Without a call of its own: by a signal, by exit(2), or as a thread group whose leader is gone.
void ExecLog::ended(pid_t pid) {
  const Entry entry = processes_.find(pid);
  if (entry == processes_.end()) return;
  Process& process = entry->second;
  const sys::PidfdInfo info = process.pidfd ? sys::pidfd_info(process.pidfd) : sys::PidfdInfo{};
  if (process
          .asked) {  // it ended before anybody looked: without `observed`, and very likely it was what it had asked for
    if (process.running) write_end(process, {{"outcome", "replaced"}});
    process.running = Running{process.asked->id, process.asked->since, 0, ""};
    process.asked.reset();
  }
  Json fields{{"outcome", "ended"}};
  if (info.wait_status && WIFSIGNALED(*info.wait_status))
    fields = {{"outcome", "signaled"}, {"signal", WTERMSIG(*info.wait_status)}};
  if (info.wait_status && WIFEXITED(*info.wait_status))
    fields = {{"outcome", "exited"}, {"exit_status", WEXITSTATUS(*info.wait_status)}};
  write_end(process, std::move(fields));
  forget(entry);
}

void ExecLog::forget(Entry entry) {
  if (entry->second.search) give_up_search(entry->first, entry->second);
  if (entry->second.pidfd) loop_.forget(entry->second.pidfd.get());
  processes_.erase(entry);
}

/// Between two calls of the process: that nothing has changed yet says nothing.
void ExecLog::look(pid_t pid, Process& process) {
  if (!process.asked) return;
  const auto stat = sys::stat_of(pid);
  const sys::Identity now = stat ? sys::identity_of(pid, *stat) : sys::Identity{};
  if (now.known() && !(now == process.asked->before)) became(pid, process, *stat);
}

void ExecLog::settle_due() {
  look_.drain();
  bool waiting = false;
  for (auto& [pid, process] : processes_) {
    look(pid, process);
    waiting = waiting || (process.asked && Clock::now() - process.asked->since < 10s);
  }
  tell_mismatches();
  if (waiting || !doubts_.empty()) return;
  looking_ = false;
  look_.start(0ms);
}

void ExecLog::finish() {
  while (!processes_.empty()) ended(processes_.begin()->first);
  programs_.finish();
  tell_mismatches();
}

}  // namespace clawbox::supervise
