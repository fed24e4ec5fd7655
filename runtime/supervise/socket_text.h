// What sockets are given, as strace(1) writes it: addresses, messages, options. Behind pointers all of it is a claim of
// the program. Never shown: the bytes that are sent, which may be secrets.
#pragma once

#include <cstdint>
#include <string>

#include "sys/process_memory.h"

namespace clawbox::supervise {

/// A sockaddr of `length` bytes.
std::string address_at(uint64_t address, uint64_t length, const sys::ProcessMemory& memory);

/// A msghdr, with the address that it is sent to.
std::string message_at(uint64_t address, const sys::ProcessMemory& memory);

/// `count` mmsghdrs, the first ones of many.
std::string messages_at(uint64_t address, uint64_t count, const sys::ProcessMemory& memory);

/// A msghdr to be filled: its sizes, for its name is whatever the memory holds.
std::string room_at(uint64_t address, const sys::ProcessMemory& memory);

std::string option_text(uint64_t level, uint64_t option);

/// The number that most options are, else the pointer.
std::string option_value_at(uint64_t address, uint64_t length, const sys::ProcessMemory& memory);

}  // namespace clawbox::supervise
