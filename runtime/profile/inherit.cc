#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "profile/merge.h"

namespace clawbox::profile {
namespace {

class Inheritance {
 public:
  Inheritance(const SearchPath& where, Mistakes& mistakes) : where_(where), mistakes_(mistakes) {}

  void take(const Source& source) {
    Parsed parsed = parse(source.file, source.text);
    mistakes_.append(std::move(parsed.mistakes));
    chain_.push_back({source.file, source.name});
    for (const Named& parent : parsed.layer.parents) take_parent(source, parent);
    chain_.pop_back();
    members_.push_back({source.name, source.shelf, source.file, std::move(parsed.layer)});
  }

  std::vector<Member> members() { return std::move(members_); }

 private:
  struct Link {
    std::string file;
    std::string name;
  };

  void take_parent(const Source& child, const Named& parent) {
    Found found = located(child, parent.name);
    if (const auto* bad = std::get_if<Unreadable>(&found)) return note_unreadable(parent.place, *bad);
    if (std::holds_alternative<Absent>(found)) return note_missing(child, parent);
    const Source& source = std::get<Source>(found);
    if (on_chain(source.file))
      return mistakes_.add(parent.place, fmt::format("extends itself: {}", chain_text(source.name)));
    if (taken(source.file)) return;  // two parents may share a third: it counts where it came first
    if (chain_.size() >= kMaxDepth)
      return mistakes_.add(parent.place,
                           fmt::format("extends more than {} profiles deep: {}", kMaxDepth, chain_text(source.name)));
    take(source);
  }

  // A profile that extends its own name means the next one down the search path, as /etc refines /usr.
  Found located(const Source& child, const std::string& name) const {
    if (is_path(name)) {
      const std::filesystem::path beside = std::filesystem::path(child.file).parent_path();
      return child.shelf == Shelf::kBuiltIn ? Found(Absent{}) : open_path((beside / name).lexically_normal(), where_);
    }
    if (name != child.name) return find(name, Shelf::kUser, where_);
    const auto next = after(child.shelf);
    return next ? find(name, *next, where_) : Found(child);
  }

  void note_unreadable(const Place& place, const Unreadable& bad) {
    std::string what = fmt::format("extends {}, which {}", in_quotes(bad.file), bad.problem.what);
    if (bad.problem.nature == FileProblem::Nature::kPermission)
      mistakes_.refuse(place, std::move(what));
    else
      mistakes_.add(place, std::move(what));
  }

  void note_missing(const Source& child, const Named& parent) {
    if (parent.name == child.name)
      return mistakes_.add(parent.place, fmt::format("extends {}, and there is none farther down the search path",
                                                     in_quotes(parent.name)));
    mistakes_.add(parent.place, fmt::format("extends {}, and there is no such profile{}", in_quotes(parent.name),
                                            did_you_mean(parent.name, known_names(where_))));
  }

  bool on_chain(const std::string& file) const {
    return std::any_of(chain_.begin(), chain_.end(), [&](const Link& link) { return link.file == file; });
  }
  bool taken(const std::string& file) const {
    return std::any_of(members_.begin(), members_.end(), [&](const Member& member) { return member.file == file; });
  }
  std::string chain_text(const std::string& last) const {
    std::string text;
    for (const Link& link : chain_) text += escaped(link.name) + " → ";
    return text + escaped(last);
  }

  const SearchPath& where_;
  Mistakes& mistakes_;
  std::vector<Link> chain_;  // from the first to the one being read
  std::vector<Member> members_;
};

}  // namespace

std::vector<Member> inherited(const Source& first, const SearchPath& where, Mistakes& mistakes) {
  Inheritance inheritance(where, mistakes);
  inheritance.take(first);
  return inheritance.members();
}

}  // namespace clawbox::profile
