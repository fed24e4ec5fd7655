#include "supervise/call_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/stat.h>

#include <array>

#include "supervise/call_tables.h"
#include "supervise/call_words.h"
#include "supervise/socket_text.h"

namespace clawbox::supervise {
namespace {

constexpr Argument kUnknown{Kind::kHex, nullptr};

std::string text_at(uint64_t address, const sys::ProcessMemory& memory) {
  if (address == 0) return "NULL";
  const sys::MemoryString string = memory.read_string(address, kMostText);
  if (string.end == sys::MemoryString::End::kUnreadable) return hex_text(address);
  return quoted(string.bytes) + (string.end == sys::MemoryString::End::kLimit ? "…" : "");
}

std::string open_how_text(uint64_t address, uint64_t size, const sys::ProcessMemory& memory) {
  const auto how = structure_at<open_how>(address, size, memory);
  if (!how) return hex_text(address);
  return fmt::format("{{flags={}, mode={:#o}, resolve={}}}", names_text(how->flags, names::kOpen), how->mode,
                     names_text(how->resolve, names::kResolve));
}

std::string clone_args_text(uint64_t address, uint64_t size, const sys::ProcessMemory& memory) {
  const auto wanted = structure_at<clone_args>(address, size, memory);
  if (!wanted) return hex_text(address);
  std::string flags = names_text(wanted->flags & ~uint64_t{CLONE_NEWTIME}, {.flags = names::kClone.flags});
  if ((wanted->flags & CLONE_NEWTIME) != 0) flags += "|CLONE_NEWTIME";
  return fmt::format("{{flags={}, exit_signal={}}}", flags, names_text(wanted->exit_signal, names::kSignal));
}

std::string mount_attr_text(uint64_t address, uint64_t size, const sys::ProcessMemory& memory) {
  struct Attributes {  // struct mount_attr; <linux/mount.h> quarrels with <sys/mount.h>, which others include
    uint64_t set, clear, propagation, user_namespace;
  };
  const auto wanted = structure_at<Attributes>(address, size, memory);
  if (!wanted) return hex_text(address);
  return fmt::format("{{attr_set={}, attr_clr={}, propagation={}, userns_fd={}}}",
                     names_text(wanted->set, names::kMountAttr), names_text(wanted->clear, names::kMountAttr),
                     names_text(wanted->propagation, names::kMount), wanted->user_namespace);
}

std::string directory_text(uint64_t value) {
  const auto fd = static_cast<int32_t>(value);
  return fd == AT_FDCWD ? "AT_FDCWD" : std::to_string(fd);
}

std::string file_mode_text(uint64_t value) {
  static constexpr Name kTypes[] = {{S_IFREG, "S_IFREG|"}, {S_IFCHR, "S_IFCHR|"},   {S_IFBLK, "S_IFBLK|"},
                                    {S_IFIFO, "S_IFIFO|"}, {S_IFSOCK, "S_IFSOCK|"}, {S_IFDIR, "S_IFDIR|"}};
  const Name* const type = find_name(kTypes, value & S_IFMT);
  return fmt::format("{}{:#o}", type == nullptr ? "" : type->text,
                     static_cast<uint32_t>(type == nullptr ? value : value & ~uint64_t{S_IFMT}));
}

/// `device`: major and minor of the 32 bits that mknod(2) takes: include/linux/kdev_t.h, new_decode_dev.
std::string device_text(uint64_t value) {
  const auto device = static_cast<uint32_t>(value);
  return fmt::format("makedev({}, {})", (device & 0xfff00) >> 8, (device & 0xff) | ((device >> 12) & 0xfff00));
}

std::string control_text(uint64_t command, uint64_t value) {
  switch (static_cast<int32_t>(command)) {
    case F_SETFL:
      return names_text(value & 0xffffffff, names::kOpen);
    case F_SETFD:
      return names_text(value & 0xffffffff, names::kFcntlDescriptor);
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
    case F_SETOWN:
    case F_SETPIPE_SZ:
      return std::to_string(static_cast<int32_t>(value));
    default:
      return hex_text(value);
  }
}

std::string argument_text(Argument argument, std::span<const uint64_t, 6> values, std::size_t index,
                          const sys::ProcessMemory& memory) {
  const uint64_t value = values[index], before = index > 0 ? values[index - 1] : 0,
                 next = index + 1 < values.size() ? values[index + 1] : 0;
  switch (argument.kind) {
    case Kind::kNothing:
    case Kind::kUnused:
    case Kind::kHex:
      return hex_text(value);
    case Kind::kInt:
      return std::to_string(static_cast<int32_t>(value));
    case Kind::kLong:
      return std::to_string(static_cast<int64_t>(value));
    case Kind::kUnsigned:
      return std::to_string(value);
    case Kind::kOctal:
      return fmt::format("{:#o}", static_cast<uint32_t>(value));
    case Kind::kFileMode:
      return file_mode_text(value);
    case Kind::kDirectory:
      return directory_text(value);
    case Kind::kText:
      return text_at(value, memory);
    case Kind::kNames:
      return names_text(value & 0xffffffff, *argument.names);  // the kernel drops the high word of an int
    case Kind::kLongNames:
      return names_text(value, *argument.names);
    case Kind::kAddress:
      return address_at(value, next, memory);
    case Kind::kMessage:
      return message_at(value, memory);
    case Kind::kMessages:
      return messages_at(value, next, memory);
    case Kind::kRoom:
      return room_at(value, memory);
    case Kind::kOption:
      return option_text(before, value);
    case Kind::kSetOption:
      return option_value_at(value, next, memory);
    case Kind::kControl:
      return control_text(before, value);
    case Kind::kOpenHow:
      return open_how_text(value, next, memory);
    case Kind::kCloneArgs:
      return clone_args_text(value, next, memory);
    case Kind::kMountAttr:
      return mount_attr_text(value, next, memory);
    case Kind::kDevice:
      return device_text(value);
  }
  return hex_text(value);
}

bool makes_file(uint64_t open_flags) { return (open_flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) != 0; }

bool only_asks(uint64_t fcntl_command) {
  switch (static_cast<int32_t>(fcntl_command)) {
    case F_GETFD:
    case F_GETFL:
    case F_GETOWN:
    case F_GETSIG:
    case F_GETLEASE:
    case F_GETPIPE_SZ:
    case F_GET_SEALS:
      return true;
    default:
      return false;
  }
}

/// The mode of open(2) and the last argument of fcntl(2) are not always read; then the register holds anything.
bool is_unread(const CallShape& shape, std::size_t index, std::span<const uint64_t, 6> arguments) {
  if (index == 0) return false;
  const Argument argument = shape.arguments[index];
  if (argument.kind == Kind::kControl) return only_asks(arguments[index - 1]);
  const bool after_open_flags = shape.arguments[index - 1].names == &names::kOpen;
  return argument.kind == Kind::kOctal && after_open_flags && !makes_file(arguments[index - 1]);
}

}  // namespace

std::string call_arguments(int number, std::span<const uint64_t, 6> arguments, const sys::ProcessMemory& memory) {
  const CallShape* const shape = shape_of(number);
  std::string out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Argument argument = shape == nullptr ? kUnknown : shape->arguments[i];
    if (argument.kind == Kind::kNothing || (shape != nullptr && is_unread(*shape, i, arguments))) break;
    if (argument.kind == Kind::kUnused) continue;
    out.append(i == 0 ? "" : ", ").append(argument_text(argument, arguments, i, memory));
  }
  return out;
}

std::string_view call_name(int number) {
  const CallShape* const shape = shape_of(number);
  return shape == nullptr ? std::string_view() : shape->name;
}

}  // namespace clawbox::supervise
