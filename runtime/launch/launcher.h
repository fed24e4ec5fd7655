// The launcher's side of a start: clone into new namespaces, hand over, hear that it is ready, arm.
//
// Order: start → go → gifts → arm → execute. Every failure of the child comes back here as the child's own Error.
// Destroying a Child kills its pid 1, and with it the whole session.
#pragma once

#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "launch/protocol.h"
#include "launch/stdio.h"
#include "net/listeners.h"
#include "plan/plan.h"
#include "seccomp/compile.h"
#include "store/store.h"
#include "sys/processes.h"

namespace clawbox::launch {

struct Gifts {
  OwnedFd listener;                    // where the filter tells of calls, if it does
  std::vector<net::Opened> listeners;  // in the session's network, with an allow-list
  std::string timings;                 // "step=microseconds step=…"
};

class Child {
 public:
  Child(sys::Process process, OwnedFd channel) : process_(std::move(process)), channel_(std::move(channel)) {}

  pid_t pid() const { return process_.pid(); }
  sys::Process& process() { return process_; }
  const OwnedFd& channel() const { return channel_; }

  /// Does what the set-up cannot do for itself, id maps and mapped trees, and lets it run. A child that maps its one id
  /// (Identity::Writer::kSelf) does not wait for it.
  void go(const Plan& plan);
  /// Waits until it is done, and serves `store` meanwhile, if there is one. Throws what the child could not do.
  Gifts gifts(store::Store* store);
  /// From here commands may come: somebody answers the listener.
  void arm();
  /// False: nobody is left to obey it, or pid 1 has not read for so long that no order fits any more.
  bool order(Kind kind, uint32_t command = 0, int32_t number = 0) const;
  /// Executes one. kStarted or kFailed comes on the channel. With `hold`, the end of a pipe to read from, it waits
  /// after its kProgram for a byte. Throws SysError where its words cannot be handed over.
  void execute(uint32_t number, Role role, const Command& command, const Stdio& stdio, const OwnedFd& hold = {});
  /// Has a file operation done: `request` are the words of files/request.h, `stream` is where its client listens.
  /// kStarted or kFailed comes on the channel, and kExited with an errno as status. Throws as `execute`.
  void operate_on_files(uint32_t number, const Command& request, const OwnedFd& stream);

 private:
  void hand_over(const Packet& packet, const std::vector<int>& descriptors) const;

  sys::Process process_;
  OwnedFd channel_;
};

/// Clones pid 1 of the session, into the control group `cgroup` if that is one; what the plan has written copy-on-write
/// goes to `store`. `filters` and `plan` are only read.
Child start(const Plan& plan, const seccomp::Program& filters, const OwnedFd& cgroup, const store::Store* store);

}  // namespace clawbox::launch
