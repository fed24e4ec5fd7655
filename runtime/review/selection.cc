#include "review/selection.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::review {
namespace {

using What = Change::What;

constexpr std::size_t kMostCompared = 5000;

bool makes_directory(const Change& change) {
  return (change.what == What::kAdded || change.what == What::kType) && change.after->kind == Kind::kDirectory;
}
bool removes_directory(const Change& change) {
  return (change.what == What::kDeleted || change.what == What::kType) && change.before->kind == Kind::kDirectory;
}

bool names(const std::vector<std::string>& paths, const Change& change) {
  return paths.empty() || std::any_of(paths.begin(), paths.end(),
                                      [&](const std::string& path) { return is_at_or_below(change.path, path); });
}

class Choice {
 public:
  Choice(const std::vector<Change>& all, const Wish& wish) : all_(all), wish_(wish), states_(all.size()) {
    for (std::size_t i = 0; i < all_.size(); ++i) index_.emplace(all_[i].path, i);
  }

  Selection run() {
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (is_named(all_[i]) || (!all_[i].partner.empty() && is_named(all_[index_.at(all_[i].partner)]))) choose(i);
    keep_what_is_not_empty();
    Selection selection;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (states_[i].chosen) selection.chosen.push_back(all_[i]);
      if (!states_[i].left.empty()) selection.left.push_back({all_[i].path, states_[i].left});
    }
    return selection;
  }

 private:
  struct State {
    bool chosen = false;
    std::string left;  // why it is not, though it is meant
  };

  bool is_named(const Change& change) const { return names(wish_.paths, change); }

  /// With the new directories that lead to it.
  void choose(std::size_t i) {
    const Change& change = all_[i];
    State& state = states_[i];
    if (state.chosen || !state.left.empty()) return;
    state.left = change.problem;
    if (state.left.empty() && change.risky && wish_.risky == Wish::Risky::kLeft) state.left = "needs --include-risky";
    for (std::string above = parent_of(change.path); !above.empty(); above = parent_of(above)) {
      const auto found = change.after ? index_.find(above) : index_.end();
      if (found == index_.end() || !makes_directory(all_[found->second])) continue;
      choose(found->second);
      if (!states_[found->second].chosen && state.left.empty()) state.left = "its directory stays";
      break;  // which has looked further up
    }
    state.chosen = state.left.empty();
  }

  /// A directory of the host goes only when all that is in it goes.
  void keep_what_is_not_empty() {
    for (std::size_t i = all_.size(); i-- > 0;) {
      if (states_[i].chosen || all_[i].what != What::kDeleted) continue;
      for (std::string above = parent_of(all_[i].path); !above.empty(); above = parent_of(above)) {
        const auto found = index_.find(above);
        if (found == index_.end() || !removes_directory(all_[found->second])) break;
        State& state = states_[found->second];
        if (state.chosen) state = {false, "something in it stays"};
      }
    }
  }

  const std::vector<Change>& all_;
  const Wish& wish_;
  std::vector<State> states_;
  std::map<std::string_view, std::size_t> index_;
};

void require_named(const Changes& changes, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const auto is_there = [&](const Change& change) { return is_at_or_below(change.path, path); };
    if (std::any_of(changes.all.begin(), changes.all.end(), is_there)) continue;
    std::vector<std::string> known;
    for (const Change& change : changes.all)
      if (known.size() < kMostCompared) known.push_back(change.path);
    throw Error(ExitStatus::kUsage,
                fmt::format("{}: the session changed nothing there{}", in_quotes(path), did_you_mean(path, known)),
                "`clawbox diff` lists what it changed");
  }
}

class Obstacles {
 public:
  Obstacles(const std::vector<Change>& chosen, const Layers& layers, Wish::HostChanges host_changes)
      : chosen_(chosen), layers_(layers), host_changes_(host_changes) {
    for (const Change& change : chosen) {
      const bool directory = change.after ? change.after->kind == Kind::kDirectory : removes_directory(change);
      if (directory) prepared_.insert(change.path);
    }
  }

  std::vector<Left> run() {
    for (const Change& change : chosen_) {
      if (changed_meanwhile(change)) found_.push_back({change.path, "the host has changed it since the session began"});
      if (const std::string why = why_not_in(parent_of(change.path)); !why.empty())
        found_.push_back({change.path, why});
    }
    return std::move(found_);
  }

 private:
  /// By the time of change, which a program cannot set. Of a directory it moves with every name in it.
  bool changed_meanwhile(const Change& change) const {
    if (host_changes_ == Wish::HostChanges::kOverwrite) return false;
    return change.before && change.before->kind != Kind::kDirectory &&
           nanoseconds(change.before->status.st_ctim) > layers_.began();
  }

  /// New directories, and those whose permissions we will have changed by then, are not asked.
  std::string why_not_in(const std::string& directory) {
    if (prepared_.contains(directory)) return "";
    const auto [place, is_new] = asked_.emplace(directory, "");
    if (!is_new) return place->second;
    const OwnedFd fd = layers_.lower().try_open(directory, O_PATH | O_DIRECTORY);
    if (!fd && errno == ELOOP)
      place->second = "a symlink leads to it now";
    else if (!fd)
      place->second = fmt::format("its directory: {}", std::strerror(errno));
    else if (::faccessat(fd.get(), ".", W_OK | X_OK, AT_EACCESS) != 0)
      place->second = fmt::format("its directory cannot be written: {}", std::strerror(errno));
    return place->second;
  }

  const std::vector<Change>& chosen_;
  const Layers& layers_;
  Wish::HostChanges host_changes_;
  std::set<std::string> prepared_;
  std::map<std::string, std::string> asked_;
  std::vector<Left> found_;
};

}  // namespace

std::vector<Change> named(const Changes& changes, const std::vector<std::string>& paths) {
  require_named(changes, paths);
  std::vector<Change> found;
  for (const Change& change : changes.all)
    if (names(paths, change)) found.push_back(change);
  return found;
}

Selection select(const Changes& changes, const Wish& wish) {
  require_named(changes, wish.paths);
  return Choice(changes.all, wish).run();
}

std::vector<Left> conflicts(const std::vector<Change>& chosen, const Layers& layers, Wish::HostChanges host_changes) {
  return Obstacles(chosen, layers, host_changes).run();
}

}  // namespace clawbox::review
