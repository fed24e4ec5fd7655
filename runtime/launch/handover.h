// How pid 1 gives the listener of its own filter away: with its packet kReady.
//
// Where the filter tells of sendmsg nobody could answer for that very packet, since the answers are given where it
// arrives. Then a carrier sends it: a process that was forked before the filter was loaded, and that shares pid 1's
// table of descriptors.
#pragma once

#include <memory>

#include "base/owned_fd.h"
#include "launch/protocol.h"
#include "seccomp/compile.h"
#include "sys/processes.h"

namespace clawbox::launch {

class Handover {
 public:
  /// Before `filters` are installed: the carrier must not be confined by them. `channel` must outlive it.
  Handover(const seccomp::Program& filters, const OwnedFd& channel);

  /// The listener, or none, is the receiver's alone afterwards: with it goes every answer, and then no program starts
  /// any more. False if the other end is gone; of a carrier that fails, the channel's end-of-file tells.
  bool give(const Packet& ready, OwnedFd listener);

  /// Once somebody answers: the carrier is reaped before the program can meet it.
  void finish();

 private:
  struct Parcel;
  struct Unmap {
    void operator()(Parcel* parcel) const;
  };

  const OwnedFd& channel_;
  std::unique_ptr<Parcel, Unmap> parcel_;  // shared with the carrier; empty: there is none
  sys::Process carrier_;
};

}  // namespace clawbox::launch
