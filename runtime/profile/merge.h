// Inheritance: from the file that was asked for to all that take part, and from those to one Profile.
#pragma once

#include <string>
#include <vector>

#include "profile/layer.h"
#include "profile/search.h"

namespace clawbox::profile {

inline constexpr std::size_t kMaxDepth = 8;  // files in one chain of `extends`

struct Member {
  std::string name;
  Shelf shelf;
  std::string file;
  Layer layer;
};

/// `first` and everything it extends, each file once, farthest first; parents in the order in which they are named.
std::vector<Member> inherited(const Source& first, const SearchPath& where, Mistakes& mistakes);

/// A key that an administrator's file locks.
struct Lock {
  std::string key;
  Origin origin;
};

/// The administrator's own files that lock keys for `name`: lock.toml, and the profile of that name there.
std::vector<Member> lockers(const std::string& name, const SearchPath& where, Mistakes& mistakes);

/// Carries all members out in their order, then once more what lockers set their own locked keys to, so that neither a
/// nearer file nor the lack of a parent gets around a lock.
Profile merged(const std::vector<Member>& members, const std::vector<Member>& lockers, Mistakes& mistakes);

}  // namespace clawbox::profile
