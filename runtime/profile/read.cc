#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "profile/merge.h"
#include "profile/profile.h"

namespace clawbox::profile {
namespace {

Reading unreadable(const Unreadable& bad) {
  return {{}, {{bad.file, 0, 0, bad.problem.what}}, {}, bad.problem.nature == FileProblem::Nature::kPermission};
}

// A file can be met twice, as a parent and as a locker: its mistakes are said once.
std::vector<Diagnostic> without_repetitions(const std::vector<Diagnostic>& mistakes) {
  std::vector<Diagnostic> once;
  for (const Diagnostic& mistake : mistakes) {
    const auto same = [&](const Diagnostic& other) { return to_string(other) == to_string(mistake); };
    if (std::none_of(once.begin(), once.end(), same)) once.push_back(mistake);
  }
  return once;
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
  std::string place = escaped(diagnostic.file);
  if (diagnostic.line > 0) place += fmt::format(":{}", diagnostic.line);
  if (diagnostic.column > 0) place += fmt::format(":{}", diagnostic.column);
  return place + ": " + diagnostic.what;
}

bool Reading::only_later() const {
  const auto later = [](const Diagnostic& mistake) { return mistake.later; };
  return !refused && !mistakes.empty() && std::all_of(mistakes.begin(), mistakes.end(), later);
}

Reading read(const std::string& name, const SearchPath& where) {
  Found found = is_path(name) ? open_path(name, where) : find(name, Shelf::kUser, where);
  if (const auto* bad = std::get_if<Unreadable>(&found)) return unreadable(*bad);
  if (std::holds_alternative<Absent>(found)) return {{}, {}, known_names(where), false};

  const Source& source = std::get<Source>(found);
  Mistakes mistakes;
  const std::vector<Member> members = inherited(source, where, mistakes);
  Profile profile = merged(members, lockers(source.name, where, mistakes), mistakes);
  if (!mistakes.found().empty()) return {{}, without_repetitions(mistakes.found()), {}, mistakes.refused()};

  profile.name = source.name;
  profile.origin = {source.file, 0};
  return {std::move(profile), {}, {}, false};
}

}  // namespace clawbox::profile
