#include "cli/change_list.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>

#include "audit/hostile.h"
#include "audit/reader_record.h"
#include "base/text.h"
#include "review/apply.h"
#include "review/patch.h"

namespace clawbox::cli {
namespace {

using review::Change;
using review::Kind;
using What = Change::What;

constexpr std::array kKinds = {"file", "directory", "symlink", "special"};

const char* kind_name(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

bool is_directory(const std::optional<review::Entry>& entry) { return entry && entry->kind == Kind::kDirectory; }

char letter_of(const Change& change) {
  switch (change.what) {
    case What::kAdded:
      return change.partner.empty() ? 'A' : 'R';
    case What::kDeleted:
      return 'D';
    case What::kType:
      return 'T';
    default:
      return 'M';
  }
}

const char* colour_of(char letter) {
  if (letter == 'A') return "32";
  if (letter == 'D') return "31";
  return letter == 'R' ? "36" : "33";
}

/// Why it is a change, where the letter does not say it.
std::string note_on(const Change& change) {
  if (!change.problem.empty()) return fmt::format(" ({})", escaped(change.problem));
  if (change.what == What::kMode)
    return fmt::format(" (mode {:o} → {:o})", change.before->mode(), change.after->mode());
  if (change.what == What::kType)
    return fmt::format(" ({} → {})", kind_name(change.before->kind), kind_name(change.after->kind));
  return change.points_to.empty() ? "" : " → " + escaped(change.points_to);
}

std::string line_for(const Change& change, bool colour) {
  const char letter = letter_of(change);
  std::string name = escaped(change.path, PATH_MAX);
  if (is_directory(change.after ? change.after : change.before)) name += '/';
  if (letter == 'R') name = fmt::format("{} → {}", escaped(change.partner, PATH_MAX), name);
  const std::string shown =
      colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour_of(letter), letter) : std::string(1, letter);
  return fmt::format("  {} {}{}\n", shown, name, note_on(change));
}

struct Section {
  const char* heading;
  std::string lines;
};

Json side(const std::optional<review::Entry>& entry) {
  if (!entry) return nullptr;
  Json json = {{"type", kind_name(entry->kind)}, {"mode", fmt::format("{:04o}", entry->mode())}};
  if (entry->kind == Kind::kFile) json["size"] = entry->size();
  return json;
}

const char* what_name(const Change& change) {
  switch (change.what) {
    case What::kAdded:
      return change.partner.empty() ? "added" : "renamed";
    case What::kContent:
      return "changed";
    case What::kMode:
      return "mode";
    case What::kLink:
      return "symlink";
    case What::kType:
      return "type";
    case What::kDeleted:
      return "deleted";
  }
  return "";
}

Json one_as_json(const Change& change) {
  Json json = {{"change", what_name(change)}, {"path", audit::hostile(change.path)}, {"risky", change.risky}};
  if (review::is_rename_target(change)) json["from"] = audit::hostile(change.partner);
  if (change.what == What::kDeleted && !change.partner.empty()) json["to"] = audit::hostile(change.partner);
  json["before"] = side(change.before);
  json["after"] = side(change.after);
  if (!change.points_to.empty()) json["points_to"] = audit::hostile(change.points_to);
  if (!change.problem.empty()) json["problem"] = change.problem;
  return json;
}

}  // namespace

bool is_told(const std::vector<Change>& all, std::size_t index) {
  const Change& change = all[index];
  if (!change.partner.empty()) return review::is_rename_target(change);
  const bool comes_or_goes = change.what == What::kAdded || change.what == What::kDeleted;
  if (!comes_or_goes || !is_directory(change.after ? change.after : change.before) || !change.problem.empty())
    return true;
  return index + 1 == all.size() || !review::is_at_or_below(all[index + 1].path, change.path);
}

std::string change_list(const review::Changes& changes, Stream stream, std::size_t most) {
  const bool colour = takes_colour(stream);
  std::array<Section, 3> sections = {
      {{"", ""},
       {"These can make this host run code later, or lead out of the workspace (apply them with --include-risky):\n",
        ""},
       {"These cannot be applied:\n", ""}}};
  std::size_t told = 0, more = 0;
  for (std::size_t i = 0; i < changes.all.size(); ++i) {
    if (!is_told(changes.all, i)) continue;
    const Change& change = changes.all[i];
    // What needs a second look is never among what is cut off.
    const bool usual = !change.risky && change.problem.empty();
    if (usual && ++told > most) {
      ++more;
      continue;
    }
    sections[!change.problem.empty() ? 2 : change.risky ? 1 : 0].lines += line_for(change, colour);
  }
  std::string text = sections[0].lines;
  if (more > 0) text += fmt::format("  … and {} more\n", more);
  for (const Section& section : {sections[1], sections[2]})
    if (!section.lines.empty()) text += (text.empty() ? "" : "\n") + (section.heading + section.lines);
  if (changes.walk == review::Changes::Walk::kCutShort) text += "There are more names than are looked at.\n";
  return text;
}

std::string counts_of(const review::Changes& changes) {
  std::size_t added = 0, modified = 0, deleted = 0, renamed = 0, risky = 0;
  for (std::size_t i = 0; i < changes.all.size(); ++i) {
    if (!is_told(changes.all, i)) continue;
    const char letter = letter_of(changes.all[i]);
    ++(letter == 'A' ? added : letter == 'D' ? deleted : letter == 'R' ? renamed : modified);
    risky += changes.all[i].risky ? 1 : 0;
  }
  std::vector<std::string> parts;
  const auto add = [&](std::size_t count, const char* what) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, what));
  };
  add(added, "added");
  add(modified, "modified");
  add(renamed, "renamed");
  add(deleted, "deleted");
  const std::string text = parts.empty() ? "no changes" : joined(parts, ", ");
  return risky == 0
             ? text
             : fmt::format("{}; {} of them can make this host run code, or lead out of the workspace", text, risky);
}

std::string stat_of(const review::Changes& changes, const review::Layers& layers) {
  struct Line {
    std::string name;
    review::FilePatch patch;
  };
  std::vector<Line> lines;
  std::size_t widest = 0, most = 1, additions = 0, removals = 0;
  for (std::size_t i = 0; i < changes.all.size(); ++i) {
    const Change& change = changes.all[i];
    if (!is_told(changes.all, i)) continue;
    Line line{escaped(change.path, PATH_MAX) + note_on(change), review::patch_of(change, layers)};
    if (review::is_rename_target(change))
      line.name = fmt::format("{} → {}", escaped(change.partner, PATH_MAX), line.name);
    if (change.risky) line.name += " !";
    line.patch.text.clear();
    widest = std::max(widest, line.name.size());
    most = std::max(most, line.patch.additions + line.patch.removals);
    additions += line.patch.additions;
    removals += line.patch.removals;
    lines.push_back(std::move(line));
  }
  constexpr std::size_t kBar = 40, kWidestName = 60;
  const auto bar = [&](std::size_t count) { return most <= kBar ? count : (count * kBar + most - 1) / most; };
  std::string text;
  for (const Line& line : lines) {
    const bool binary = line.patch.content == review::FilePatch::Content::kBinary;
    const std::string count = binary ? "Bin" : fmt::format("{}", line.patch.additions + line.patch.removals);
    const std::string marks = std::string(bar(line.patch.additions), '+') + std::string(bar(line.patch.removals), '-');
    text += fmt::format(" {:<{}} | {:>5}{}{}\n", line.name, std::min(widest, kWidestName), count,
                        marks.empty() ? "" : " ", marks);
  }
  return text +
         fmt::format(" {} files changed, {} insertions(+), {} deletions(-)\n", lines.size(), additions, removals);
}

Json as_json(const review::Changes& changes, const review::Layers& layers) {
  using std::chrono::nanoseconds;
  const audit::WallTime began(std::chrono::duration_cast<audit::WallTime::duration>(nanoseconds(layers.began())));
  Json json = {{"session", layers.id()}, {"workspace", audit::hostile(layers.workspace())}};
  json["began"] = audit::rfc3339(began);
  json["running"] = layers.session_lives();
  json["interrupted"] = review::was_interrupted(layers);
  json["complete"] = changes.walk == review::Changes::Walk::kWhole;
  json["changes"] = Json::array();
  for (const Change& change : changes.all) json["changes"].push_back(one_as_json(change));
  return json;
}

}  // namespace clawbox::cli
