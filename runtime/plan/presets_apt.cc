// apt: sources.list(5), one line each and deb822. Mirrors of files, compact disks and programs are no hosts.
#include <algorithm>

#include "base/text.h"
#include "plan/presets.h"

namespace clawbox::plan {
namespace {

constexpr const char* kList = "/etc/apt/sources.list";
constexpr const char* kDirectory = "/etc/apt/sources.list.d";

std::vector<std::string> words_in(const std::string& text) {
  std::vector<std::string> words;
  for (std::string& word : split(text, ' '))
    if (!word.empty()) words.push_back(std::move(word));
  return words;
}

// "mirror+https://…" names a list of mirrors; "tor+http://…" is not asked as http by apt itself.
std::string without_method(const std::string& url) { return url.starts_with("mirror+") ? url.substr(7) : url; }

// deb [ arch=amd64 ] URI suite component…
void add_line(const std::string& text, const Origin& origin, Urls& urls) {
  std::string line = text.substr(0, text.find('#'));
  std::replace(line.begin(), line.end(), '\t', ' ');
  const std::size_t options = line.find('['), end = line.find(']');
  const std::size_t scheme = line.find("://");
  if (options != std::string::npos && end != std::string::npos && options < scheme)
    line.erase(options, end - options + 1);
  const std::vector<std::string> words = words_in(line);
  if (words.size() > 1 && (words[0] == "deb" || words[0] == "deb-src"))
    urls.push_back({without_method(words[1]), origin});
}

bool same_word(std::string a, std::string_view b) {
  std::transform(a.begin(), a.end(), a.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return a == b;
}

// Stanzas of fields, a value may go on in indented lines; a stanza with Enabled: no does not count.
struct Stanza {
  Urls urls;
  bool enabled = true;
  bool in_uris = false;
};

void add_field(const ToolFiles::Line& line, const std::string& path, Stanza& stanza) {
  std::string value = line.text;
  if (!line.indented) {
    const std::size_t colon = line.text.find(':');
    const std::string name = line.text.substr(0, colon);
    value = colon == std::string::npos ? "" : line.text.substr(colon + 1);
    stanza.in_uris = same_word(name, "uris");
    if (same_word(name, "enabled") && words_in(value) == std::vector<std::string>{"no"}) stanza.enabled = false;
  }
  if (!stanza.in_uris) return;
  std::replace(value.begin(), value.end(), '\t', ' ');
  for (const std::string& url : words_in(value)) stanza.urls.push_back({without_method(url), {path, line.number}});
}

void take(Stanza& stanza, Urls& urls) {
  if (stanza.enabled) urls.insert(urls.end(), stanza.urls.begin(), stanza.urls.end());
  stanza = {};
}

void add_stanzas(const ToolFiles& tool, const std::string& path, Urls& urls) {
  Stanza stanza;
  int before = 0;
  for (const auto& line : tool.lines(path)) {
    if (line.number > before + 1) take(stanza, urls);  // an empty line ends a stanza
    before = line.number;
    if (line.text.front() != '#') add_field(line, path, stanza);
  }
  take(stanza, urls);
}

}  // namespace

Urls apt_urls(const ToolFiles& tool) {
  Urls urls;
  for (const auto& line : tool.lines(kList)) add_line(line.text, {kList, line.number}, urls);
  if (!tool.files.real_path(kDirectory)) return urls;
  for (const std::string& name : tool.files.names_in(kDirectory)) {
    const std::string path = std::string(kDirectory) + "/" + name;
    if (name.ends_with(".sources")) add_stanzas(tool, path, urls);
    if (!name.ends_with(".list")) continue;
    for (const auto& line : tool.lines(path)) add_line(line.text, {path, line.number}, urls);
  }
  return urls;
}

}  // namespace clawbox::plan
