#include "seccomp/cache_file.h"

#include <fmt/format.h>
#include <linux/bpf_common.h>
#include <seccomp.h>

#include <cstring>
#include <iterator>

#include "seccomp/groups.h"

namespace clawbox::seccomp {
namespace {

// Raise it with every change of expand.cc, assemble.cc or this file that changes bytes.
constexpr int kFormat = 3;
constexpr uint64_t kFnvPrime = 0x100000001b3;

void append_list(std::string& text, const char* name, const std::vector<SyscallRule>& rules) {
  auto out = std::back_inserter(text);
  for (const SyscallRule& rule : rules) {
    // The length keeps a name with a blank or a newline in it from looking like something else.
    fmt::format_to(out, "{} {}:{} {}", name, rule.call.size(), rule.call, rule.error);
    for (const ArgumentTest& test : rule.tests)
      fmt::format_to(out, " {}&{:x}={:x}", test.index, test.mask, test.equals);
    text += '\n';
  }
}

uint64_t groups_fingerprint() {
  uint64_t hash = fnv1a("");
  for (const Group& group : all_groups()) {
    hash = fnv1a(group.name, fnv1a(group.calls, hash));
    for (const GroupEntry& entry : group.conditional) {
      hash = fnv1a(entry.call, hash) ^ static_cast<uint64_t>(entry.error) << 8 ^ static_cast<uint64_t>(entry.kind);
      for (const Condition& c : entry.conditions)
        hash = fnv1a(fmt::format("{}{}&{:x}={:x}", c.kind == Condition::Kind::kAnyBit, c.index, c.mask, c.value), hash);
    }
  }
  return hash;
}

template <class T>
void append_raw(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Takes values from the front; false or nothing once there are too few bytes.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  std::optional<T> take() {
    if (bytes_.size() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return value;
  }
  std::optional<std::string_view> take_text(std::size_t length) {
    if (bytes_.size() < length) return std::nullopt;
    const std::string_view text = bytes_.substr(0, length);
    bytes_.remove_prefix(length);
    return text;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

std::optional<Filter> take_filter(Reader& reader) {
  const auto count = reader.take<uint32_t>();
  if (!count || *count == 0 || *count > BPF_MAXINSNS) return std::nullopt;
  const auto code = reader.take_text(*count * sizeof(sock_filter));
  if (!code) return std::nullopt;
  Filter filter(*count);
  std::memcpy(filter.data(), code->data(), code->size());
  return filter;
}

}  // namespace

uint64_t fnv1a(std::string_view bytes, uint64_t start) {
  uint64_t hash = start;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * kFnvPrime;
  return hash;
}

std::string canonical_text(const SyscallPolicy& policy) {
  const scmp_version* const library = seccomp_version();
  std::string text =
      fmt::format("clawbox seccomp {} libseccomp {}.{}.{} arch {:x} groups {:x}\n", kFormat, library->major,
                  library->minor, library->micro, seccomp_arch_native(), groups_fingerprint());
  append_list(text, "allow", policy.allow);
  append_list(text, "refuse", policy.refuse);
  append_list(text, "noted", policy.noted);
  return text;
}

std::string to_bytes(const Program& program, std::string_view text) {
  std::string body;
  append_raw(body, static_cast<uint32_t>(text.size()));
  append_raw(body, static_cast<uint32_t>(program.filters.size()));
  body += text;
  for (const Filter& filter : program.filters) {
    append_raw(body, static_cast<uint32_t>(filter.size()));
    for (const sock_filter& op : filter) append_raw(body, op);
  }
  std::string bytes;
  append_raw(bytes, fnv1a(body));
  return bytes + body;
}

std::optional<Program> from_bytes(std::string_view bytes, std::string_view text) {
  Reader reader(bytes);
  const auto hash = reader.take<uint64_t>();
  if (!hash || *hash != fnv1a(reader.rest())) return std::nullopt;
  const auto length = reader.take<uint32_t>(), filters = reader.take<uint32_t>();
  if (!length || !filters || *filters == 0 || reader.take_text(*length) != text) return std::nullopt;
  Program program;
  for (uint32_t i = 0; i < *filters; ++i) {
    auto filter = take_filter(reader);
    if (!filter) return std::nullopt;
    program.filters.push_back(std::move(*filter));
  }
  return reader.rest().empty() ? std::optional(std::move(program)) : std::nullopt;
}

}  // namespace clawbox::seccomp
