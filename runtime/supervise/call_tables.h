// How the arguments of system calls are written: one line per call, one table per set of names.
//
// Constants come from the kernel's and the C library's headers; the few that the oldest supported headers lack are
// written as numbers, with where they come from.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace clawbox::supervise {

struct Name {
  uint64_t value;
  std::string_view text;
};

/// First one of `choices` within `mask`, then the bits of `flags`. With mask 0 there are only flags.
struct Names {
  uint64_t mask = 0;
  std::span<const Name> choices = {};
  std::span<const Name> flags = {};
};

enum class Kind : uint8_t {
  kNothing,    // no argument: the call has fewer
  kUnused,     // not shown: the kernel does not read it
  kHex,        // a pointer that is not followed, or anything
  kInt,        // 32 bits, signed
  kLong,       // 64 bits, signed
  kUnsigned,   // 64 bits
  kOctal,      // permissions
  kFileMode,   // mknod: type and permissions
  kDirectory,  // a descriptor, or AT_FDCWD
  kText,       // pointer to a string: a path, a name
  kNames,      // 32 bits, by `names`
  kLongNames,  // 64 bits, by `names`
  kAddress,    // pointer to a sockaddr, whose length is the next argument
  kMessage,    // pointer to a msghdr that is sent
  kMessages,   // pointer to mmsghdrs that are sent, whose number is the next argument
  kRoom,       // pointer to a msghdr that is filled: its name is what the memory held before
  kOption,     // of a socket, by the level before it
  kSetOption,  // pointer to the value of an option, whose length is the next argument
  kControl,    // of a descriptor, by fcntl's command before it
  kOpenHow,    // struct open_how, whose size is the next argument
  kCloneArgs,  // struct clone_args, whose size is the next argument
  kMountAttr,  // struct mount_attr, whose size is the next argument
  kDevice,     // major:minor
};

struct Argument {
  Kind kind = Kind::kNothing;
  const Names* names = nullptr;
};

struct CallShape {
  long number;
  std::string_view name;
  std::array<Argument, 6> arguments;
};

/// Null for a call that the table does not know.
const CallShape* shape_of(int number);

namespace names {
extern const Names kAccess, kAtFlags, kBpfCommand, kClone, kFamily, kFsconfig, kFsmount, kFsopen, kIoctl, kKeyctl,
    kLandlockRule, kLandlockVersion, kMount, kMountAttr, kMoveMount, kNamespaces, kOpen, kOpenTree, kPrctl, kPtrace,
    kReboot, kRenameat2, kResolve, kSeccomp, kSeccompFlags, kSend, kSignal, kSocketType, kUmount;
// call_names_io.cc
extern const Names kAccessAt, kCloseRange, kDescriptor, kFallocate, kFcntl, kFcntlDescriptor, kFlock, kInotify,
    kInotifyInit, kIpOption, kIpv6Option, kReadWrite, kSetXattr, kShutdown, kSocketLevel, kSocketOption, kStatx,
    kStatxAt, kSyncRange, kTcpOption, kUdpOption, kWhence;
}  // namespace names

}  // namespace clawbox::supervise
