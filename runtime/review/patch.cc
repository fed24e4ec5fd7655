#include "review/patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/characters.h"
#include "review/content.h"
#include "review/line_diff.h"

namespace clawbox::review {
namespace {

using What = Change::What;

constexpr std::size_t kContext = 3;
constexpr std::size_t kLongestText = std::size_t{32} << 20;
constexpr std::size_t kLookedAt = 8000;  // git's: a NUL among the first bytes means that it is no text

/// A path on one side of a patch, with what it holds.
struct Side {
  std::string path;
  unsigned mode = 0;  // as git has it: 0: there is nothing
  std::string text;
};

bool holds_text(const Side& side) { return side.text.substr(0, kLookedAt).find('\0') == std::string::npos; }

bool has_content(const std::optional<Entry>& entry) {
  return entry && (entry->kind == Kind::kFile || entry->kind == Kind::kSymlink);
}

unsigned git_mode(const Entry& entry) {
  if (entry.kind == Kind::kSymlink) return 0120000;
  return (entry.mode() & 0100) != 0 ? 0100755 : 0100644;
}

/// Nothing: too long, or it cannot be read.
std::optional<Side> side_of(const Tree& tree, const std::string& path, const std::optional<Entry>& entry) {
  if (!has_content(entry)) return Side{path, 0, ""};
  const auto text = entry->kind == Kind::kSymlink ? tree.try_link(path) : whole(tree.try_file(path), kLongestText);
  return text ? std::optional(Side{path, git_mode(*entry), *text}) : std::nullopt;
}

/// With the tab that ends a name with blanks for patch(1).
std::string file_line(std::string_view mark, std::string_view prefix, const Side& side) {
  if (side.mode == 0) return fmt::format("{} /dev/null\n", mark);
  const std::string name = quoted_name(fmt::format("{}{}", prefix, side.path));
  return fmt::format("{} {}{}\n", mark, name, name.find(' ') != std::string::npos ? "\t" : "");
}

std::string range(std::size_t from, std::size_t lines) {
  const std::size_t shown = lines == 0 ? from : from + 1;
  return lines == 1 ? fmt::format("{}", shown) : fmt::format("{},{}", shown, lines);
}

void add_line(std::string& text, char mark, std::string_view line) {
  text += mark;
  text += line;
  if (!line.ends_with('\n')) text += "\n\\ No newline at end of file\n";
}

void add_hunk(std::string& text, const LineDiff& diff, const Hunk& hunk) {
  text += fmt::format("@@ -{} +{} @@\n", range(hunk.before, hunk.before_lines), range(hunk.after, hunk.after_lines));
  std::size_t a = hunk.before, b = hunk.after;
  const std::size_t a_end = a + hunk.before_lines, b_end = b + hunk.after_lines;
  while (a < a_end || b < b_end) {
    if (a < a_end && diff.removed[a])
      add_line(text, '-', diff.before[a++]);
    else if (b < b_end && diff.added[b])
      add_line(text, '+', diff.after[b++]);
    else
      add_line(text, ' ', diff.before[a++]), ++b;
  }
}

std::string header(const Side& before, const Side& after) {
  const std::string& old_path = before.mode == 0 ? after.path : before.path;
  const std::string& new_path = after.mode == 0 ? before.path : after.path;
  std::string text = fmt::format("diff --git {} {}\n", quoted_name("a/" + old_path), quoted_name("b/" + new_path));
  if (before.mode == 0) text += fmt::format("new file mode {:06o}\n", after.mode);
  if (after.mode == 0) text += fmt::format("deleted file mode {:06o}\n", before.mode);
  if (before.mode != 0 && after.mode != 0 && before.mode != after.mode)
    text += fmt::format("old mode {:06o}\nnew mode {:06o}\n", before.mode, after.mode);
  if (old_path != new_path)
    text += fmt::format("similarity index 100%\nrename from {}\nrename to {}\n", quoted_name(old_path),
                        quoted_name(new_path));
  return text;
}

FilePatch compared(const Side& before, const Side& after) {
  FilePatch patch;
  if (before.mode == 0 && after.mode == 0) return patch;
  if (!holds_text(before) || !holds_text(after)) {
    patch.content = FilePatch::Content::kBinary;
    return patch;
  }
  const LineDiff diff = line_diff(before.text, after.text);
  patch.additions = diff.additions;
  patch.removals = diff.removals;
  const std::string head = header(before, after);
  if (diff.additions + diff.removals > 0)
    patch.text = head + file_line("---", "a/", before) + file_line("+++", "b/", after);
  else if (before.mode != after.mode || before.path != after.path)
    patch.text = head;  // git has no other modes than two: what changes in the rest is not in a patch
  for (const Hunk& hunk : hunks_of(diff, kContext)) add_hunk(patch.text, diff, hunk);
  return patch;
}

}  // namespace

FilePatch patch_of(const Change& change, const Layers& layers) {
  const bool renamed = is_rename_target(change);
  if (change.what == What::kDeleted && !change.partner.empty()) return {};
  const std::string& old_path = renamed ? change.partner : change.path;
  const auto was = renamed ? layers.lower().try_entry(old_path) : change.before;
  const auto before = side_of(layers.lower(), old_path, was);
  const auto after = side_of(layers.upper(), change.path, change.after);
  if (!before || !after) return {.content = FilePatch::Content::kBinary};
  if (renamed) return {.text = header(*before, *after)};
  if (change.what != What::kType) return compared(*before, *after);
  FilePatch gone = compared(*before, Side{change.path, 0, ""});
  const FilePatch made = compared(Side{change.path, 0, ""}, *after);
  gone.text += made.text;
  gone.additions += made.additions;
  if (made.content == FilePatch::Content::kBinary) gone.content = made.content;
  return gone;
}

std::string quoted_name(std::string_view name) {
  std::string quoted;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n')
      quoted += "\\n";
    else if (c == '\t')
      quoted += "\\t";
    else if (byte < 0x20 || byte >= 0x7F)
      quoted += fmt::format("\\{:03o}", byte);
    else
      quoted += c;
  }
  return quoted.size() == name.size() ? quoted : '"' + quoted + '"';
}

std::string visible(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::size_t length = std::max<std::size_t>(character.length, 1);
    const bool plain = text[0] == '\n' || text[0] == '\t' || (character.length > 0 && !deceives(character.code));
    if (plain) shown += text.substr(0, length);
    for (const char c : text.substr(0, plain ? 0 : length))
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    text.remove_prefix(length);
  }
  return shown;
}

}  // namespace clawbox::review
