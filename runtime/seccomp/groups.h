// Named sets of system calls, for `syscalls.allow` and `syscalls.refuse`: "@default", "@refused", "@namespace", …
//
// A group says *which* calls, the list that names it says *what becomes of them*. So "@namespace" in `refuse` refuses
// unshare(2), setns(2) and clone(2) with a namespace flag, and the same group in `allow` allows exactly these.
//
// "@default" is what programs get: the containers' usual list for x86-64 without capabilities (moby/profiles,
// seccomp/default.json), without what libraries can do without. "@refused" is what answers EPERM instead of ENOSYS; it
// only joins the smaller groups below it. A refusal beats what is allowed, so opening one of them takes both:
//   refuse_remove = ["@namespace", "@chroot"]      # Chromium's own sandbox
//   allow_add     = ["@namespace", "@chroot"]
// which works where the profile lists the smaller groups separately, as `base` does.
//
// Names that this libseccomp does not know (a newer kernel's, another architecture's) are left out: they answer ENOSYS.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clawbox::seccomp {

/// A comparison of one argument. Masks of 32 bits and less look at the low word only: the kernel drops the high word of
/// an `int`, so a rule that compared it would be fooled by one set bit there (CVE-2019-10063).
struct Condition {
  enum class Kind { kEqual, kAnyBit } kind = Kind::kEqual;
  unsigned index = 0;  // 0–5
  uint64_t mask = 0;
  uint64_t value = 0;  // kEqual only

  friend bool operator==(const Condition&, const Condition&) = default;
};
Condition equal(unsigned index, uint64_t value, uint64_t mask = 0xffffffff);
Condition any_bit(unsigned index, uint64_t mask);
bool holds(const Condition& condition, uint64_t argument);

struct GroupEntry {
  enum class Kind {
    kCall,       // the call is a member of the group, under these conditions
    kOtherwise,  // what the call answers where no allow rule matches; means nothing in a refuse list
  } kind = Kind::kCall;
  std::string call;
  std::vector<Condition> conditions;  // all must hold
  int error = 0;                      // kCall: instead of the refuse rule's; 0: the rule's own
};

struct Group {
  std::string name;   // with its "@"
  std::string about;  // half a sentence
  std::string calls;  // names and other groups, separated by white space
  std::vector<GroupEntry> conditional;
};

std::vector<Group> all_groups();
/// The entries of the group and of the groups it names; empty for an unknown name.
std::vector<GroupEntry> entries_of(std::string_view group);
std::vector<std::string> group_names();

}  // namespace clawbox::seccomp
