// What the launcher and the sandbox's pid 1 say to each other over the channel: packets of one fixed size, see
// sys/channel.h.
//
// Down: kGo (the set-up may begin; with descriptors of mapped trees), kArm (the program may start), kSignal, kFreeze
// (every process stops), kContinue. Up: kStore (a store was mounted that the launcher has to serve before anything
// else comes: its descriptor, and the user namespace), kGifts (descriptors made inside: the terminal's master, if any),
// kReady (set-up is done), kFailed, then kProgram (this file will be executed; with its descriptor), kStarted (the exec
// succeeded), kStopped, kExited. End-of-file before kReady: killed while setting up. Either end that sees end-of-file
// later ends the session. Pid 1 is the only writer of the upward direction: the program never holds the channel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/exit_status.h"
#include "base/owned_fd.h"
#include "sys/channel.h"

namespace clawbox::launch {

enum class Kind : uint32_t {
  kGo,
  kArm,
  kSignal,
  kFreeze,
  kContinue,
  kStore,
  kGifts,
  kReady,
  kFailed,
  kProgram,
  kStarted,
  kStopped,
  kExited
};

struct Packet {
  Kind kind{};
  int32_t number = 0;   // kSignal, kStopped: signal; kFailed: errno or 0; kExited: exit status
  int32_t signal = 0;   // kExited: the signal that ended the program, or 0
  int32_t status = 0;   // kFailed: ExitStatus
  uint64_t cpu_us = 0;  // kExited: CPU time of the program and all its reaped descendants
  // kFailed: what, then after a NUL the remedy; kReady: "step=microseconds " per step; kProgram: its path
  char text[4096] = {};
};

struct Message {
  Packet packet;
  std::vector<OwnedFd> descriptors;
};

/// False if the other end is gone.
bool send(const OwnedFd& channel, const Packet& packet, std::span<const int> descriptors = {});
bool send(const OwnedFd& channel, Kind kind, int32_t number = 0);
/// Waits. Nothing: the other end is gone.
std::optional<Message> receive(const OwnedFd& channel);

bool send_program(const OwnedFd& channel, const std::string& path);
Packet failure_packet(ExitStatus status, int code, std::string_view what, std::string_view remedy);
Error failure_in(const Packet& failure);
std::string_view what_of(const Packet& packet);  // the text up to its first NUL
std::string_view remedy_of(const Packet& failure);

}  // namespace clawbox::launch
