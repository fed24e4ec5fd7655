// npm, pip and go: lines of names and values.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "plan/presets.h"

namespace clawbox::plan {
namespace {

struct Setting {
  std::string name, value;
};

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::string unquoted(std::string text) {
  if (text.size() > 1 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
    return text.substr(1, text.size() - 2);
  return text;
}

Setting setting_in(std::string_view line, std::string_view signs) {
  const std::size_t sign = line.find_first_of(signs);
  if (sign == std::string_view::npos) return {trimmed(line), ""};
  return {trimmed(line.substr(0, sign)), unquoted(trimmed(line.substr(sign + 1)))};
}

std::vector<std::string> words_in(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + ' ') {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

// npm replaces ${NAME} in every value; a name that is not set stays as it is, and is then no URL.
std::string expanded(const ToolFiles& tool, std::string value) {
  std::size_t begin = value.find("${");
  while (begin != std::string::npos) {
    const std::size_t end = value.find('}', begin);
    if (end == std::string::npos) break;
    const auto found = tool.variable(std::string_view(value).substr(begin + 2, end - begin - 2));
    if (found) value.replace(begin, end - begin + 1, *found);
    begin = value.find("${", found ? begin + found->size() : end);
  }
  return value;
}

bool is_registry(const std::string& name) {
  return name == "registry" || (name.starts_with('@') && name.ends_with(":registry"));
}

// Nearest first: a name that was set nearer is not looked at again.
void add_npm_file(const ToolFiles& tool, const std::string& path, std::set<std::string>& known, Urls& urls) {
  std::set<std::string> here;
  for (const auto& line : tool.lines(path)) {
    if (line.text.front() == '#' || line.text.front() == ';') continue;
    const Setting setting = setting_in(line.text, "=");
    if (!is_registry(setting.name) || known.contains(setting.name)) continue;
    urls.push_back({expanded(tool, setting.value), {path, line.number}});
    here.insert(setting.name);
  }
  known.merge(here);
}

constexpr std::string_view kPipKeys[] = {"index-url", "extra-index-url"};

struct PipFile {
  std::string section, key;
  std::set<std::string> here;

  bool counts() const {
    const bool known_section = section == "global" || section == "install" || section == "download";
    return known_section && std::find(std::begin(kPipKeys), std::end(kPipKeys), key) != std::end(kPipKeys);
  }
};

// configparser: an indented line goes on with the value before it; '_' and '-' are the same in names.
void add_pip_file(const ToolFiles& tool, const std::string& path, std::set<std::string>& known, Urls& urls) {
  PipFile file;
  for (const auto& line : tool.lines(path)) {
    if (line.text.front() == '#' || line.text.front() == ';') continue;
    std::string value = line.text;
    if (!line.indented && line.text.front() == '[') {
      file.section = line.text.substr(1, line.text.find(']') - 1);
      file.key.clear();
      continue;
    }
    if (!line.indented) {
      const Setting setting = setting_in(line.text, "=:");
      file.key = setting.name;
      std::replace(file.key.begin(), file.key.end(), '_', '-');
      value = setting.value;
    }
    if (!file.counts() || known.contains(file.key)) continue;
    for (const std::string& url : words_in(value)) urls.push_back({url, {path, line.number}});
    file.here.insert(file.key);
  }
  known.merge(file.here);
}

std::vector<std::string> pip_files(const ToolFiles& tool) {
  std::vector<std::string> files;
  const auto named = tool.variable("PIP_CONFIG_FILE");
  if (named) files.push_back(*named);
  if (named == "/dev/null") return {};  // pip's own way to say "no configuration"
  if (const auto environment = tool.variable("VIRTUAL_ENV")) files.push_back(*environment + "/pip.conf");
  files.push_back(tool.config_home() + "/pip/pip.conf");
  files.push_back(tool.host.home + "/.pip/pip.conf");
  files.emplace_back("/etc/pip.conf");
  files.emplace_back("/etc/xdg/pip/pip.conf");
  return files;
}

void add_go_value(const std::string& value, const Origin& origin, Urls& urls) {
  std::string list = value;
  std::replace(list.begin(), list.end(), '|', ',');
  for (const std::string& word : split(list, ',')) urls.push_back({trimmed(word), origin});  // "direct", "off": no URL
}

}  // namespace

Urls npm_urls(const ToolFiles& tool) {
  Urls urls;
  std::set<std::string> known;
  for (const char* name : {"npm_config_registry", "NPM_CONFIG_REGISTRY"}) {
    const auto value = tool.variable(name);
    if (!value || value->empty() || known.contains("registry")) continue;
    urls.push_back({*value, {fmt::format("environment {}", name), 0}});
    known.insert("registry");
  }
  const auto user = tool.variable("npm_config_userconfig");
  const auto upper = tool.variable("NPM_CONFIG_USERCONFIG");
  add_npm_file(tool, user ? *user : upper.value_or(tool.host.home + "/.npmrc"), known, urls);
  for (const char* path : {"/usr/local/etc/npmrc", "/usr/etc/npmrc", "/etc/npmrc"})
    add_npm_file(tool, path, known, urls);
  return urls;
}

Urls pip_urls(const ToolFiles& tool) {
  Urls urls;
  std::set<std::string> known;
  for (const auto& [name, key] :
       {std::pair{"PIP_INDEX_URL", "index-url"}, {"PIP_EXTRA_INDEX_URL", "extra-index-url"}}) {
    const auto value = tool.variable(name);
    if (!value || value->empty()) continue;
    for (const std::string& url : words_in(*value)) urls.push_back({url, {fmt::format("environment {}", name), 0}});
    known.insert(key);
  }
  for (const std::string& path : pip_files(tool)) add_pip_file(tool, path, known, urls);
  return urls;
}

Urls go_urls(const ToolFiles& tool) {
  Urls urls;
  if (const auto value = tool.variable("GOPROXY"); value && !value->empty()) {
    add_go_value(*value, {"environment GOPROXY", 0}, urls);
    return urls;
  }
  const std::string path = tool.variable("GOENV").value_or(tool.config_home() + "/go/env");
  for (const auto& line : tool.lines(path)) {
    const Setting setting = setting_in(line.text, "=");
    if (setting.name == "GOPROXY") add_go_value(setting.value, {path, line.number}, urls);
  }
  return urls;
}

}  // namespace clawbox::plan
