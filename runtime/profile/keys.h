// The one table of all keys. The reader, the JSON Schema, the table in profiles/README.md and `profile show` come from
// it.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "profile/profile.h"

namespace clawbox::profile {

enum class Kind {
  kVersion,
  kParents,  // a profile's name or a list of them
  kText,
  kBool,
  kCount,
  kSize,  // a string with a unit, as the next two
  kDuration,
  kPercent,
  kChoice,
  kPlace,  // one path, or the key's word for "as on the host" (`choices`)
  kHostname,
  kProcessors,  // a list such as 0-3,8, or the key's word
  kNames,       // environment variables' names, or some of `choices`
  kVariables,   // a table NAME = "value"
  kPaths,
  kPatterns,  // paths below the workspace
  kSyscalls,
  kHosts,     // what may be reached
  kMappings,  // ports of the host and of the session
  kPorts,
  kLockedKeys,
  kTests,
};

/// Lists know `KEY_add` and `KEY_remove`; kVariables, which adds by itself, knows `KEY_remove` only.
bool is_list(Kind kind);

template <class T>
using Field = T& (*)(Profile&);

struct ChoiceField {
  void (*set)(Profile&, uint64_t choice, const Origin&);
  Decided<uint64_t> (*get)(Profile&);
};

using Names = std::vector<Decided<std::string>>;
using Mappings = std::vector<Decided<PortMapping>>;
using Ports = std::vector<Decided<uint16_t>>;
using Variables = std::map<std::string, Decided<std::string>>;

/// Where the value lands. monostate: the reader itself uses it.
using Slot =
    std::variant<std::monostate, Field<std::string>, Field<Decided<bool>>, Field<Decided<Bytes>>,
                 Field<Decided<std::string>>, Field<Optional<uint64_t>>, Field<Optional<Milliseconds>>, ChoiceField,
                 Field<Names>, Field<Variables>, Field<std::vector<PathRule>>, Field<std::vector<SyscallRule>>,
                 Field<std::vector<NetworkWish>>, Field<Mappings>, Field<Ports>, Field<std::vector<Expectation>>>;

/// Inclusive. Counts as they are, sizes in bytes, durations in milliseconds, percentages in percent.
struct Range {
  uint64_t least = 0;
  uint64_t most = std::numeric_limits<uint64_t>::max();
};

struct Key {
  std::string_view name;  // dotted
  Kind kind;
  Slot slot;
  std::string_view example;  // the line as it is written below its table's header
  std::string_view summary;  // one sentence
  Range range{};
  std::span<const std::string_view> choices{};  // kChoice: in the order of the enumerators
};

std::span<const Key> keys();
/// Null where there is none of that name.
const Key* find_key(std::string_view name);

/// "limits" of "limits.memory", empty at the top; and "memory".
std::string_view table_of(std::string_view key);
std::string_view last_part(std::string_view key);

}  // namespace clawbox::profile
