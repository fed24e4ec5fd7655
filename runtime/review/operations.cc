#include "review/operations.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::review {
namespace {

using Act = Operation::Act;
using What = Change::What;

constexpr std::string_view kBeginning = "clawbox apply 1\n";
constexpr mode_t kOwner = 0700;

bool is_directory(const std::optional<Entry>& entry) { return entry && entry->kind == Kind::kDirectory; }

/// Permissions belong to the file and not to its name: where it has other names, maybe outside of the workspace, it is
/// replaced by the session's copy.
bool is_placed(const Change& change) {
  if (change.what == What::kMode) return change.before->kind == Kind::kFile && change.before->status.st_nlink > 1;
  return change.what != What::kDeleted;
}

class Order {
 public:
  explicit Order(const std::vector<Change>& chosen) : chosen_(chosen) {
    for (const Change& change : chosen)
      if (change.what == What::kType && is_directory(change.before)) replaced_.insert(change.path);
  }

  std::vector<Operation> run() {
    for (const Change& change : chosen_) open_up(change);
    for (auto change = chosen_.rbegin(); change != chosen_.rend(); ++change)
      if (change->what == What::kDeleted && is_in_the_way(change->path)) add(Act::kTake, *change);
    for (const Change& change : chosen_)
      if (is_placed(change)) add(Act::kPlace, change);
    for (auto change = chosen_.rbegin(); change != chosen_.rend(); ++change)
      if (change->what == What::kDeleted && !is_in_the_way(change->path)) add(Act::kTake, *change);
    for (auto change = chosen_.rbegin(); change != chosen_.rend(); ++change) close_again(*change);
    return std::move(operations_);
  }

 private:
  /// A directory that its owner may not write is made so first, if something in it changes.
  void open_up(const Change& change) {
    if (!is_directory(change.before)) return;
    const bool goes = change.what == What::kDeleted || change.what == What::kType;
    const mode_t wanted = change.before->mode() | kOwner;
    if (!goes && (change.what != What::kMode || (change.after->mode() & kOwner) != kOwner)) return;
    if (wanted != change.before->mode()) add_mode(change, change.before->mode(), wanted);
  }

  /// New directories are the owner's to write until they are full.
  void close_again(const Change& change) {
    const bool is_new = is_directory(change.after) && (change.what == What::kAdded || change.what == What::kType);
    if (is_new) return add_mode({.path = change.path}, kOwner, change.after->mode());
    if (change.what == What::kMode && !is_placed(change)) add_mode(change, change.before->mode(), change.after->mode());
  }

  bool is_in_the_way(const std::string& path) const {
    for (std::string above = parent_of(path); !above.empty(); above = parent_of(above))
      if (replaced_.contains(above)) return true;
    return false;
  }

  Operation& add(Act act, const Change& change) {
    Operation operation{.act = act, .path = change.path, .number = static_cast<unsigned>(operations_.size())};
    if (change.before) {
      operation.inode = change.before->status.st_ino;
      operation.modified = change.before->kind == Kind::kDirectory ? 0 : nanoseconds(change.before->status.st_mtim);
      operation.size = change.before->size();
    }
    return operations_.emplace_back(std::move(operation));
  }

  void add_mode(const Change& change, mode_t old_mode, mode_t mode) {
    Operation& operation = add(Act::kMode, change);
    operation.old_mode = old_mode;
    operation.mode = mode;
  }

  const std::vector<Change>& chosen_;
  std::set<std::string> replaced_;
  std::vector<Operation> operations_;
};

[[noreturn]] void throw_not_ours() {
  throw Error(ExitStatus::kStateUnusable, "the journal of the apply that was interrupted cannot be read",
              "look at the workspace's directory .clawbox-apply-SESSION: it has what was replaced so far");
}

/// The number at the begin of `text`, which loses it and the blank behind it.
template <class Number>
Number take_number(std::string_view& text, int base = 10) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end == text.data() + text.size() || *end != ' ') throw_not_ours();
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return number;
}

Operation operation_in(std::string_view record) {
  if (record.size() < 2 || record[1] != ' ') throw_not_ours();
  Operation operation;
  operation.act = static_cast<Act>(record[0]);
  record.remove_prefix(2);
  operation.number = take_number<unsigned>(record);
  operation.staged_inode = take_number<uint64_t>(record);
  operation.inode = take_number<uint64_t>(record);
  operation.modified = take_number<int64_t>(record);
  operation.size = take_number<uint64_t>(record);
  operation.mode = take_number<mode_t>(record, 8);
  operation.old_mode = take_number<mode_t>(record, 8);
  operation.path = record;
  return operation;
}

}  // namespace

std::vector<Operation> operations_for(const std::vector<Change>& chosen) { return Order(chosen).run(); }

std::string journal_text(const std::vector<Operation>& operations) {
  std::string text(kBeginning);
  for (const Operation& one : operations) {
    text += fmt::format("{} {} {} {} {} {} {:o} {:o} {}", static_cast<char>(one.act), one.number, one.staged_inode,
                        one.inode, one.modified, one.size, one.mode, one.old_mode, one.path);
    text += '\0';  // the only byte that no path has
  }
  return text;
}

std::vector<Operation> read_journal(const std::string& text) {
  if (!text.starts_with(kBeginning) || (text.size() > kBeginning.size() && text.back() != '\0')) throw_not_ours();
  std::vector<Operation> operations;
  for (const std::string& record : split(text.substr(kBeginning.size()), '\0'))
    if (!record.empty()) operations.push_back(operation_in(record));
  return operations;
}

}  // namespace clawbox::review
