#include "review/renames.h"

#include <map>
#include <set>
#include <utility>

#include "review/content.h"

namespace clawbox::review {
namespace {

using What = Change::What;

constexpr uint64_t kMostRead = uint64_t{1} << 30;
constexpr std::size_t kMostFiles = 20'000, kMostCandidates = 100;

bool is_file(const std::optional<Entry>& entry) {
  return entry && entry->kind == Kind::kFile && entry->size() > 0;  // empty files are all alike
}

using Key = std::pair<uint64_t, uint64_t>;  // size, and what the first bytes hash to

class Pairing {
 public:
  Pairing(std::vector<Change>& changes, const Layers& layers) : changes_(changes), layers_(layers) {}

  void run() {
    std::set<uint64_t> sizes;
    for (const Change& change : changes_)
      if (change.what == What::kAdded && is_file(change.after)) sizes.insert(change.after->size());
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Change& change = changes_[i];
      if (change.what != What::kDeleted || !is_file(change.before) || !sizes.contains(change.before->size())) continue;
      if (const auto key = key_of(layers_.lower(), change.path, *change.before)) deleted_.emplace(*key, i);
    }
    for (Change& change : changes_)
      if (change.what == What::kAdded && is_file(change.after) && !deleted_.empty()) find_partner(change);
  }

 private:
  std::optional<Key> key_of(const Tree& tree, const std::string& path, const Entry& entry) {
    if (++files_ > kMostFiles) return std::nullopt;
    const auto hash = beginning_of(tree.try_file(path));
    return hash ? std::optional(Key{entry.size(), *hash}) : std::nullopt;
  }

  void find_partner(Change& added) {
    const auto key = key_of(layers_.upper(), added.path, *added.after);
    if (!key) return;
    const auto [first, last] = deleted_.equal_range(*key);
    auto best = first;  // or, among the first few, one of the same name
    std::size_t looked_at = 0;
    for (auto candidate = first; candidate != last && ++looked_at <= kMostCandidates; ++candidate)
      if (name_of(changes_[candidate->second].path) == name_of(added.path)) best = candidate;
    if (first == last || (read_ += added.after->size()) > kMostRead) return;
    Change& deleted = changes_[best->second];
    if (!same_content(layers_.upper().try_file(added.path), layers_.lower().try_file(deleted.path), key->first)) return;
    added.partner = deleted.path;
    deleted.partner = added.path;
    added.risky = deleted.risky = added.risky || deleted.risky;
    deleted_.erase(best);
  }

  std::vector<Change>& changes_;
  const Layers& layers_;
  std::multimap<Key, std::size_t> deleted_;
  std::size_t files_ = 0;
  uint64_t read_ = 0;
};

}  // namespace

void pair_renames(std::vector<Change>& changes, const Layers& layers) { Pairing(changes, layers).run(); }

}  // namespace clawbox::review
