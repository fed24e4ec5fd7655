#include "supervise/commands.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "supervise/cap_watch.h"
#include "supervise/process_session.h"
#include "sys/files.h"

namespace clawbox::supervise {
namespace {

using launch::Kind;

constexpr std::chrono::milliseconds kLongBegin{500};

ExecClaim claim_of(const Command& command, const Audit& audit) {
  ExecClaim claim;
  claim.argv.words = command.argv;
  claim.directory = command.directory;
  claim.variables = command.environment.size();
  if (!audit.environment_names) return claim;
  for (const auto& [name, value] : command.environment) claim.variable_names.push_back(name);
  return claim;
}

}  // namespace

uint32_t Commands::execute(const Command& command, const launch::Stdio& stdio, launch::Role role, CommandOwner& owner) {
  const uint32_t number = last_ + 1;
  Running running{claim_of(command, plan_.audit), &owner, nullptr, OwnedFd()};
  sys::Pipe hold;
  if (role == launch::Role::kOne) running.group = group_.make_exec();
  if (running.group) hold = sys::make_pipe();
  running.hold = std::move(hold.write_end);
  child_.execute(number, role, command, stdio, hold.read_end);
  running_.emplace(number, std::move(running));
  overdue_.start(kLongBegin, kLongBegin);
  return last_ = number;
}

uint32_t Commands::operate_on_files(const Command& request, const OwnedFd& stream, CommandOwner& owner) {
  const uint32_t number = last_ + 1;
  child_.operate_on_files(number, request, stream);
  running_.emplace(number, Running{{}, &owner, nullptr, OwnedFd()});
  overdue_.start(kLongBegin, kLongBegin);
  return last_ = number;
}

void Commands::signal(uint32_t number, int signal) {
  if (running_.contains(number)) child_.order(Kind::kSignal, number, signal);
}

void Commands::disown(uint32_t number) {
  if (const auto found = running_.find(number); found != running_.end()) found->second.owner = nullptr;
}

void Commands::end_if_stopped() {
  overdue_.drain();
  const bool is_over =
      std::all_of(running_.begin(), running_.end(), [](const auto& one) { return one.second.has_begun; });
  if (is_over) return overdue_.start(std::chrono::milliseconds(0));
  end_stopped_child(child_.pid());
}

void Commands::hear(launch::Message message) {
  const launch::Packet& packet = message.packet;
  const auto found = running_.find(packet.command);
  if (found == running_.end()) return;
  CommandOwner* const owner = found->second.owner;
  CommandOwner::End end;
  OwnedFd gift = message.descriptors.empty() ? OwnedFd() : std::move(message.descriptors.front());
  switch (packet.kind) {
    case Kind::kTerminal:
      if (owner != nullptr) owner->took_terminal(std::move(gift));
      return;
    case Kind::kProgram:
      admit(found->second, packet.number);
      told_ = Told{packet.number, packet.command, std::string(what_of(packet)), std::move(gift)};
      return;
    case Kind::kStarted:
      told_.reset();
      found->second.claim = {};
      found->second.has_begun = true;
      if (owner != nullptr) owner->started(packet.number);
      return;
    case Kind::kStopped:
      if (owner != nullptr) owner->stopped(packet.number);
      return;
    case Kind::kFailed:
      told_.reset();
      running_.erase(found);
      if (owner != nullptr) owner->failed(launch::failure_in(packet));
      return;
    case Kind::kExited:
      end = end_of(found->second, packet);
      running_.erase(found);
      if (owner != nullptr) owner->ended(end);
      return;
    default:
      return;
  }
}

/// Before it executes anything: what it does there counts in its group from the first page on. Where that cannot be, it
/// hears the end of its pipe, and gives up.
void Commands::admit(Running& running, pid_t inside) const try {
  const OwnedFd hold = std::move(running.hold);
  if (!hold) return;
  const pid_t pid = host_pid(child_.pid(), inside);
  if (pid == 0) return;  // gone again; and 0 would be ourselves
  running.group->take_in(pid);
  sys::write_all(hold, "!", "the hold of a command");
} catch (const SysError&) {
}

CommandOwner::End Commands::end_of(const Running& running, const launch::Packet& packet) const {
  CommandOwner::End end{packet.number, packet.signal, std::chrono::microseconds(packet.cpu_us), ""};
  const bool killed = packet.signal == SIGKILL && running.group && running.group->hits().out_of_memory > 0;
  if (killed) end.memory = memory_verdict(plan_.limits.group, running.group->memory_peak());
  return end;
}

std::optional<ExecLog::Program> Commands::program(std::optional<pid_t> inside) {
  if (!told_ || (inside && *inside != told_->inside)) return std::nullopt;
  Told told = *std::exchange(told_, std::nullopt);
  ExecClaim claim = std::move(running_.at(told.command).claim);
  claim.path = told.path;
  return ExecLog::Program{told.command, std::move(claim), std::move(told.file)};
}

}  // namespace clawbox::supervise
