// What the launcher and the sandbox's pid 1 say to each other over the channel: packets of one fixed size, see
// sys/channel.h.
//
// Down: kGo (the set-up may begin; with descriptors of mapped trees), kArm (commands may come), kExec (execute this:
// the first descriptor holds its words, see launch/words.h, the others are its 0, 1 and 2 as far as they are passed
// and, of one that is held, a pipe from which a byte lets it go on after its kProgram), kFiles (as kExec, for a file
// operation: files/request.h instead of a command's words, a stream as 0, and no program: a copy of pid 1 does it),
// kSignal (to a command's process group, or to everybody), kFreeze (every process stops), kContinue. Up: kListeners
// (sockets of the session's network, for the launcher's side to serve: descriptors, and in the text a net::Door for
// each), kStore (a store was mounted that the launcher has to serve before anything else comes: its descriptor, and the
// user namespace), kReady (set-up is done), kFailed; then of one command kTerminal (the master of its terminal),
// kProgram (this file will be executed; with its descriptor), kStarted (the exec succeeded) or kFailed, kStopped,
// kExited. End-of-file before kReady: killed while setting up. Either end that sees end-of-file later ends the session.
// Pid 1 and what it forks until their exec are the only writers of the upward direction: no program ever holds the
// channel.
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
  kExec,
  kFiles,
  kSignal,
  kFreeze,
  kContinue,
  kListeners,
  kStore,
  kReady,
  kFailed,
  kTerminal,
  kProgram,
  kStarted,
  kStopped,
  kExited
};

/// kOne: one of many; it has a session of processes (setsid(2)) and, if it has a terminal, that as controlling one.
/// kOnly: its end is the end of everybody; its terminal is that of pid 1's own session, for job control outside.
enum class Role : uint8_t { kOne, kOnly };

struct Packet {
  Kind kind{};
  uint32_t command = 0;  // from 1, as the launcher counts them; 0: of no command
  Role role{};           // kExec
  enum class End : uint8_t { kNull, kTerminal, kPassed } ends[3]{};  // kExec
  bool held = false;                                                 // kExec
  int32_t number = 0;   // kSignal, kStopped: signal; kFailed: errno or 0; kExited: exit status; kProgram: pid inside
  int32_t signal = 0;   // kExited: the signal that ended the command, or 0
  int32_t status = 0;   // kFailed: ExitStatus
  uint64_t cpu_us = 0;  // kExited: CPU time of the command and all its reaped descendants; of kOnly, of all commands
  // kFailed: what, then after a NUL the remedy; kReady: "step=microseconds " per step; kProgram: its path;
  // kExec with a terminal: a SessionTerminal, byte by byte
  char text[4096] = {};
};

struct Message {
  Packet packet;
  std::vector<OwnedFd> descriptors;
};

/// False if the other end is gone.
bool send(const OwnedFd& channel, const Packet& packet, std::span<const int> descriptors = {});
bool send(const OwnedFd& channel, Kind kind, uint32_t command = 0, int32_t number = 0);
/// Waits. Nothing: the other end is gone.
std::optional<Message> receive(const OwnedFd& channel);

Packet failure_packet(ExitStatus status, int code, std::string_view what, std::string_view remedy);
Error failure_in(const Packet& failure);
std::string_view what_of(const Packet& packet);  // the text up to its first NUL
std::string_view remedy_of(const Packet& failure);

}  // namespace clawbox::launch
