// git: the remotes of the workspace's repository, after the caller's `insteadOf`. git-config(1); no includes are
// followed.
#include <algorithm>

#include "base/text.h"
#include "plan/presets.h"

namespace clawbox::plan {
namespace {

struct Entry {
  std::string section, subsection, key, value;
  int line = 0;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

// Outside of quotes a comment ends the value; within them a backslash keeps the next letter.
std::string value_of(std::string_view text) {
  std::string value;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      value += text[++i];
    } else if (!quoted && (text[i] == '#' || text[i] == ';')) {
      break;
    } else {
      value += text[i];
    }
  }
  return trimmed(value);
}

void enter_section(const std::string& line, Entry& place) {
  const std::string inner = line.substr(1, line.rfind(']') - 1);
  const std::size_t quote = inner.find('"');
  place.section = lower(trimmed(inner.substr(0, quote)));
  place.subsection = quote == std::string::npos ? "" : value_of(std::string_view(inner).substr(quote));
}

std::vector<Entry> entries(const ToolFiles& tool, const std::string& path) {
  std::vector<Entry> all;
  Entry place;
  for (const auto& line : tool.lines(path)) {
    if (line.text.front() == '#' || line.text.front() == ';') continue;
    if (line.text.front() == '[') {
      enter_section(line.text, place);
      continue;
    }
    const std::size_t sign = line.text.find('=');
    if (sign == std::string::npos) continue;
    Entry entry = place;
    entry.key = lower(trimmed(std::string_view(line.text).substr(0, sign)));
    entry.value = value_of(std::string_view(line.text).substr(sign + 1));
    entry.line = line.number;
    all.push_back(std::move(entry));
  }
  return all;
}

struct Rewrite {
  std::string from, to;
};

std::string rewritten(const std::string& url, const std::vector<Rewrite>& rewrites) {
  const Rewrite* longest = nullptr;
  for (const Rewrite& rewrite : rewrites)
    if (url.starts_with(rewrite.from) && (longest == nullptr || rewrite.from.size() > longest->from.size()))
      longest = &rewrite;
  return longest == nullptr ? url : longest->to + url.substr(longest->from.size());
}

// git-clone(1): [user@]host:path is short for ssh, where no slash stands before the colon.
std::string as_url(const std::string& text) {
  const std::size_t colon = text.find(':');
  const bool is_short = text.find("://") == std::string::npos && colon != std::string::npos && colon > 0;
  return is_short && text.find('/') > colon ? "ssh://" + text.substr(0, colon) + "/" : text;
}

// `.git` is the directory itself, or in a worktree a file "gitdir: PATH" that leads to DIRECTORY/worktrees/NAME.
std::string git_directory(const ToolFiles& tool) {
  std::string place = tool.workspace + "/.git";
  const auto lines =
      tool.files.look(place).kind == FileKind::kFile ? tool.lines(place) : std::vector<ToolFiles::Line>{};
  if (lines.empty() || !lines.front().text.starts_with("gitdir:")) return place;
  const std::string own = trimmed(std::string_view(lines.front().text).substr(7));
  const std::size_t worktrees = own.rfind("/worktrees/");
  return own.starts_with('/') && worktrees != std::string::npos ? own.substr(0, worktrees) : place;
}

}  // namespace

Urls git_urls(const ToolFiles& tool) {
  if (tool.workspace.empty()) return {};
  const std::string config = git_directory(tool) + "/config";
  std::vector<Entry> own = entries(tool, config);
  std::vector<Rewrite> rewrites;
  std::vector<Entry> all = own;
  for (const std::string& path :
       {tool.host.home + "/.gitconfig", tool.config_home() + "/git/config", std::string("/etc/gitconfig")})
    for (Entry& entry : entries(tool, path)) all.push_back(std::move(entry));
  for (const Entry& entry : all)
    if (entry.section == "url" && (entry.key == "insteadof" || entry.key == "pushinsteadof"))
      rewrites.push_back({entry.value, entry.subsection});

  Urls urls;
  for (const Entry& entry : own) {
    if (entry.section != "remote" || (entry.key != "url" && entry.key != "pushurl")) continue;
    urls.push_back({as_url(rewritten(entry.value, rewrites)), {config, entry.line}});
  }
  return urls;
}

}  // namespace clawbox::plan
