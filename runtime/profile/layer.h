// What one file says, read and checked but not yet merged with the files it extends.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "profile/keys.h"
#include "profile/mistakes.h"

namespace clawbox::profile {

/// kChoice is an index into Key::choices; durations are Milliseconds; every other number is uint64_t.
using Value =
    std::variant<bool, uint64_t, Milliseconds, std::string, Names, Variables, std::vector<PathRule>,
                 std::vector<SyscallRule>, std::vector<NetworkWish>, Mappings, Ports, std::vector<Expectation>>;

/// In the order in which the edits of one file are carried out.
enum class Edit { kSet, kRemove, kAdd };

struct Setting {
  const Key* key;
  Edit edit;
  Value value;
  Place place;
  std::vector<Place> entries;  // lists: the place of each entry
};

struct Named {  // a parent's name, or a locked key
  std::string name;
  Place place;
};

struct Layer {
  std::string description;
  std::vector<Named> parents;
  std::vector<Named> locked;
  std::vector<Setting> settings;  // by edit, then by place
};

struct Parsed {
  Layer layer;
  std::vector<Diagnostic> mistakes;  // by place
};

/// `file` is what mistakes and origins call it. Only the bytes matter: nothing is opened.
Parsed parse(const std::string& file, std::string_view text);

}  // namespace clawbox::profile
