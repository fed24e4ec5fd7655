#include "review/apply.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "review/commit.h"
#include "review/links.h"
#include "review/operations.h"
#include "review/staging.h"
#include "review/survey.h"
#include "review/trim.h"
#include "sys/files.h"

namespace clawbox::review {
namespace {

// The journal's name says how far it is: renaming it is what ends one stage and begins the next.
constexpr const char* kNew = "journal.new";
constexpr const char* kForward = "journal";
constexpr const char* kBack = "journal.undo";
constexpr const char* kDone = "journal.done";
constexpr std::size_t kLongestJournal = std::size_t{4} << 30;

bool has(const Layers& layers, const char* name) { return entry_in(layers.directory(), name).has_value(); }

enum class Stage { kGoingOn, kGoingBack, kDoneWith };

const char* name_of(Stage stage) {
  return stage == Stage::kGoingOn ? kForward : stage == Stage::kGoingBack ? kBack : kDone;
}

/// How far an apply was that was interrupted.
std::optional<Stage> stage_of(const Layers& layers) {
  for (const Stage stage : {Stage::kDoneWith, Stage::kGoingBack, Stage::kGoingOn})
    if (has(layers, name_of(stage))) return stage;
  return std::nullopt;
}

void sync(const OwnedFd& file) {
  if (::fsync(file.get()) != 0) throw_errno("writing the journal to disk");
}

void rename_journal(const Layers& layers, const char* from, const char* to) {
  if (::renameat(layers.directory().get(), from, layers.directory().get(), to) != 0)
    throw_errno("renaming the journal");
  sync(layers.directory());
}

void write_journal(const Layers& layers, const std::vector<Operation>& operations) {
  {
    const OwnedFd file =
        sys::open_at(layers.directory(), kNew, O_CREAT | O_TRUNC | O_WRONLY, sys::Resolve::kBeneathNoSymlinks, 0600);
    sys::write_all(file, journal_text(operations), "the journal");
    sync(file);
  }
  rename_journal(layers, kNew, kForward);
}

std::vector<Operation> journal_in(const Layers& layers, const char* name) {
  const OwnedFd file = sys::open_at(layers.directory(), name, O_RDONLY, sys::Resolve::kBeneathNoSymlinks);
  return read_journal(sys::read_all(file, kLongestJournal, "the journal"));
}

/// Of an apply, its work from the journal on.
class Work {
 public:
  Work(const Layers& layers, Staging& staging, std::vector<Operation> operations)
      : layers_(layers), staging_(staging), operations_(std::move(operations)) {}

  void forward() {
    try {
      Commit(layers_, staging_.directory(), operations_).run();
      sync_around(layers_.lower().root());
    } catch (const Error&) {
      rename_journal(layers_, kForward, kBack);
      back();
      throw;
    }
    rename_journal(layers_, kForward, kDone);
  }

  void back() {
    const std::vector<std::string> lost = Commit(layers_, staging_.directory(), operations_).undo();
    sync_around(layers_.lower().root());
    if (!lost.empty())
      throw Error(ExitStatus::kProblemsFound,
                  fmt::format("{} and {} other paths could not be put back as they were", in_quotes(lost.front()),
                              lost.size() - 1),
                  fmt::format("the workspace's directory {} has what was replaced, by the numbers in {}",
                              staging_.name(), "the session's journal.undo"));
    staging_.remove();
    remove_journal(kBack);
  }

  /// Also after it was killed here before.
  void clean_up(Applied& applied) {
    if (!staging_.remove()) applied.staging = staging_.name();
    finish(layers_, operations_, applied);
  }

  static void finish(const Layers& layers, const std::vector<Operation>& operations, Applied& applied) {
    Trim trim(layers);
    // Files leave before the directories that they are in.
    for (auto one = operations.rbegin(); one != operations.rend(); ++one) {
      if (one->act == Operation::Act::kTake) trim.drop_whiteout(one->path);
      if (one->act != Operation::Act::kTake) leave(layers, trim, one->path);
      if (applied.paths.empty() || applied.paths.back() != one->path) applied.paths.push_back(one->path);
    }
    std::sort(applied.paths.begin(), applied.paths.end());
    applied.paths.erase(std::unique(applied.paths.begin(), applied.paths.end()), applied.paths.end());
    ::unlinkat(layers.directory().get(), kDone, 0);
  }

 private:
  /// A directory goes with the last name in it, where it has nothing to say.
  static void leave(const Layers& layers, Trim& trim, const std::string& path) {
    const std::optional<Entry> upper = layers.upper().try_entry(path);
    if (upper && !upper->is_whiteout()) trim.drop(path);
  }

  void remove_journal(const char* name) { ::unlinkat(layers_.directory().get(), name, 0); }

  const Layers& layers_;
  Staging& staging_;
  std::vector<Operation> operations_;
};

bool is_staging_there(const Layers& layers) {
  return layers.lower().try_entry(std::string(kStagingPrefix) + layers.id()).has_value();
}

[[noreturn]] void throw_staging_gone(const Layers& layers) {
  throw Error(ExitStatus::kStateUnusable,
              fmt::format("an interrupted apply cannot go on: the directory {} is gone from the workspace",
                          std::string(kStagingPrefix) + layers.id()),
              "put it back, or remove the session's file `journal` and look at what `clawbox diff` shows");
}

/// Nothing: it was put back.
std::optional<Applied> finished_with_staging(const Layers& layers, Stage stage, std::vector<Operation> operations) {
  Applied applied{.began = Applied::Began::kEarlier};
  Staging staging(layers, Staging::Make::kNo);
  Work work(layers, staging, std::move(operations));
  if (stage == Stage::kGoingBack) {
    work.back();
    return std::nullopt;
  }
  if (stage == Stage::kGoingOn) work.forward();
  work.clean_up(applied);
  return applied;
}

/// It was killed between its last two steps, or somebody took the directory away.
std::optional<Applied> finished_without_staging(const Layers& layers, Stage stage,
                                                const std::vector<Operation>& operations) {
  if (stage == Stage::kGoingOn) throw_staging_gone(layers);
  Applied applied{.began = Applied::Began::kEarlier};
  if (stage == Stage::kDoneWith) Work::finish(layers, operations, applied);
  if (stage == Stage::kDoneWith) return applied;
  ::unlinkat(layers.directory().get(), kBack, 0);
  return std::nullopt;
}

/// Nothing: none was interrupted.
std::optional<Applied> finished_earlier(const Layers& layers, const Risk& risk) {
  ::unlinkat(layers.directory().get(), kNew, 0);
  const std::optional<Stage> stage = stage_of(layers);
  if (!stage) {
    if (is_staging_there(layers)) Staging(layers, Staging::Make::kNo).remove();  // nothing had been put into place
    return std::nullopt;
  }
  std::vector<Operation> operations = journal_in(layers, name_of(*stage));
  std::optional<Applied> applied = is_staging_there(layers)
                                       ? finished_with_staging(layers, *stage, std::move(operations))
                                       : finished_without_staging(layers, *stage, operations);
  if (applied) applied->rest = removed_if_empty(layers, survey(layers, risk));
  return applied;
}

/// Where preparing fails, nothing stays of it.
std::vector<Operation> prepared(const Layers& layers, Staging& staging, const std::vector<Change>& chosen) try {
  std::map<std::string_view, const Change*> by_path;
  for (const Change& change : chosen) by_path.emplace(change.path, &change);
  std::vector<Operation> operations = operations_for(chosen);
  for (Operation& operation : operations) staging.prepare(operation, *by_path.at(operation.path));
  sync_around(staging.directory());
  write_journal(layers, operations);
  return operations;
} catch (const Error&) {
  if (!has(layers, kForward)) staging.remove();
  throw;
}

[[noreturn]] void throw_too_many() {
  throw Error(ExitStatus::kProblemsFound, fmt::format("the session changed more than {} files", kMostNames),
              "look at the directory `upper` yourself, or discard it");
}

}  // namespace

bool was_interrupted(const Layers& layers) { return stage_of(layers).has_value(); }

Applied::Rest removed_if_empty(const Layers& layers, const Changes& changes) {
  if (!changes.all.empty() || changes.walk == Changes::Walk::kCutShort) return Applied::Rest::kSome;
  remove_overlay(layers);
  return Applied::Rest::kNone;
}

Applied apply(const Layers& layers, const Risk& risk, const Wish& wish, Mode mode) {
  if (mode == Mode::kReally)
    if (auto earlier = finished_earlier(layers, risk)) return std::move(*earlier);
  const Changes changes = survey(layers, risk);
  if (changes.walk == Changes::Walk::kCutShort) throw_too_many();
  Selection selection = select(changes, wish);
  Applied applied{.left = std::move(selection.left)};
  applied.conflicts = conflicts(selection.chosen, layers, wish.host_changes);
  if (!applied.conflicts.empty()) return applied;
  if (mode == Mode::kDryRun) {
    for (const Change& change : selection.chosen) applied.paths.push_back(change.path);
    return applied;
  }
  if (selection.chosen.empty()) {
    applied.rest = removed_if_empty(layers, survey(layers, risk));  // there may be nothing but files that were touched
    return applied;
  }
  Staging staging(layers, Staging::Make::kNew);
  Work work(layers, staging, prepared(layers, staging, selection.chosen));
  work.forward();
  work.clean_up(applied);
  applied.rest = removed_if_empty(layers, survey(layers, risk));
  return applied;
}

}  // namespace clawbox::review
