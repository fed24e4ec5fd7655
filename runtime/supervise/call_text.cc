#include "supervise/call_text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>

#include "base/text.h"
#include "supervise/call_tables.h"

namespace clawbox::supervise {
namespace {

constexpr Argument kUnknown{Kind::kHex, nullptr};

std::string hex_text(uint64_t value) { return fmt::format("{:#x}", value); }

std::string quoted(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : escaped(bytes, kMostText)) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string text_at(uint64_t address, const sys::ProcessMemory& memory) {
  if (address == 0) return "NULL";
  const sys::MemoryString string = memory.read_string(address, kMostText);
  if (string.end == sys::MemoryString::End::kUnreadable) return hex_text(address);
  return quoted(string.bytes) + (string.end == sys::MemoryString::End::kLimit ? "…" : "");
}

const Name* find_name(std::span<const Name> table, uint64_t value) {
  const auto found = std::find_if(table.begin(), table.end(), [=](const Name& name) { return name.value == value; });
  return found == table.end() ? nullptr : &*found;
}

std::string names_text(uint64_t value, const Names& names) {
  std::string out;
  uint64_t rest = value & ~names.mask;
  const Name* const choice = find_name(names.choices, value & names.mask);
  if (choice != nullptr)
    out = choice->text;
  else
    rest = value;
  for (const Name& flag : names.flags) {
    if (flag.value == 0 || (rest & flag.value) != flag.value) continue;
    out.append(out.empty() ? "" : "|").append(flag.text);
    rest &= ~flag.value;
  }
  if (rest != 0) out.append(out.empty() ? "" : "|").append(hex_text(rest));
  return out.empty() ? "0" : out;
}

/// A structure of which the program says how long it is: what is not there is 0, as in the kernel.
template <class Structure>
std::optional<Structure> structure_at(uint64_t address, uint64_t size, const sys::ProcessMemory& memory) {
  Structure value{};
  const std::size_t wanted = std::min<uint64_t>(size, sizeof value);
  const auto bytes = std::span(reinterpret_cast<char*>(&value), wanted);
  if (address == 0 || wanted == 0 || memory.read(address, bytes).error != 0) return std::nullopt;
  return value;
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

template <class Address>
Address as(std::string_view bytes) {
  Address address{};
  std::memcpy(&address, bytes.data(), std::min(bytes.size(), sizeof address));
  return address;
}

std::string ip_text(int family, const void* address, uint16_t port) {
  char text[INET6_ADDRSTRLEN];
  ::inet_ntop(family, address, text, sizeof text);
  return family == AF_INET6 ? fmt::format("\"[{}]:{}\"", text, ntohs(port))
                            : fmt::format("\"{}:{}\"", text, ntohs(port));
}

/// `"/path"`; `@"name"` where the first byte is 0, as then all bytes are the name: unix(7).
std::string unix_text(std::string_view path) {
  if (path.empty()) return "unnamed";
  if (path.front() == '\0') return "@" + quoted(path.substr(1));
  return quoted(path.substr(0, path.find('\0')));
}

std::string address_text(std::string_view bytes) {
  const auto family = as<sockaddr>(bytes).sa_family;
  const std::string name = names_text(family, names::kFamily);
  if (family == AF_UNIX)
    return fmt::format("{{{} {}}}", name, unix_text(bytes.substr(offsetof(sockaddr_un, sun_path))));
  if (family == AF_INET && bytes.size() >= sizeof(sockaddr_in)) {
    const auto address = as<sockaddr_in>(bytes);
    return fmt::format("{{{} {}}}", name, ip_text(AF_INET, &address.sin_addr, address.sin_port));
  }
  if (family == AF_INET6 && bytes.size() >= offsetof(sockaddr_in6, sin6_scope_id)) {
    const auto address = as<sockaddr_in6>(bytes);
    return fmt::format("{{{} {}}}", name, ip_text(AF_INET6, &address.sin6_addr, address.sin6_port));
  }
  if (family == AF_NETLINK && bytes.size() >= sizeof(sockaddr_nl)) {
    const auto address = as<sockaddr_nl>(bytes);
    return fmt::format("{{{} pid={} groups={:#x}}}", name, address.nl_pid, address.nl_groups);
  }
  return fmt::format("{{{}}}", name);
}

std::string address_at(uint64_t address, uint64_t length, const sys::ProcessMemory& memory) {
  if (address == 0) return "NULL";
  std::array<char, sizeof(sockaddr_storage)> bytes{};
  const auto size = static_cast<uint32_t>(length);  // an int to the kernel
  if (size < sizeof(sa_family_t) || size > bytes.size()) return hex_text(address);
  if (memory.read(address, std::span(bytes).first(size)).error != 0) return hex_text(address);
  return address_text({bytes.data(), size});
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

std::string argument_text(Argument argument, std::span<const uint64_t> values, const sys::ProcessMemory& memory) {
  const uint64_t value = values.front(), next = values.size() > 1 ? values[1] : 0;
  switch (argument.kind) {
    case Kind::kNothing:
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

/// open(2) reads its mode only where it may make a file; otherwise the register holds anything.
bool is_unused_mode(const CallShape& shape, std::size_t index, std::span<const uint64_t, 6> arguments) {
  if (index == 0 || shape.arguments[index].kind != Kind::kOctal) return false;
  const bool after_open_flags = shape.arguments[index - 1].names == &names::kOpen;
  return after_open_flags && (arguments[index - 1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) == 0;
}

}  // namespace

std::string call_arguments(int number, std::span<const uint64_t, 6> arguments, const sys::ProcessMemory& memory) {
  const CallShape* const shape = shape_of(number);
  std::string out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Argument argument = shape == nullptr ? kUnknown : shape->arguments[i];
    if (argument.kind == Kind::kNothing || (shape != nullptr && is_unused_mode(*shape, i, arguments))) break;
    out.append(i == 0 ? "" : ", ").append(argument_text(argument, arguments.subspan(i), memory));
  }
  return out;
}

std::string_view call_name(int number) {
  const CallShape* const shape = shape_of(number);
  return shape == nullptr ? std::string_view() : shape->name;
}

}  // namespace clawbox::supervise
