// cargo: the registries of its configuration: doc.rust-lang.org/cargo/reference/config.html, [source] and [registries].
#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/presets.h"
#include "profile/scan.h"

namespace clawbox::plan {
namespace {

constexpr std::string_view kPrefix = "CARGO_REGISTRIES_", kSuffix = "_INDEX";

void add(const toml::table& table, std::string_view key, const std::string& path, Urls& urls) {
  const toml::node* node = table.get(key);
  if (node != nullptr && node->is_string())
    urls.push_back({node->as_string()->get(), {path, static_cast<int>(node->source().begin.line)}});
}

void add_each(const toml::table& root, std::string_view name, std::string_view key, const std::string& path,
              Urls& urls) {
  const auto* table = root.get_as<toml::table>(name);
  if (table == nullptr) return;
  for (const auto& [ignored, node] : *table)
    if (const auto* one = node.as_table()) add(*one, key, path, urls);
}

void add_file(const ToolFiles& tool, const std::string& path, Urls& urls) {
  const auto text = tool.text(path);
  if (!text) return;
  const profile::Scan scanned = profile::scan(*text);
  try {
    if (scanned.mistake) throw Error(ExitStatus::kProfileInvalid, scanned.mistake->what);
    const toml::table root = toml::parse(std::string_view(scanned.text));
    add_each(root, "source", "registry", path, urls);
    add_each(root, "registries", "index", path, urls);
  } catch (const std::exception& error) {  // thrown again, with the file's name
    throw Error(ExitStatus::kProfileInvalid,
                fmt::format("the preset 'cargo' cannot read {}: {}", in_quotes(path), escaped(error.what())),
                "mend the file, or name the hosts in place of the preset");
  }
}

}  // namespace

Urls cargo_urls(const ToolFiles& tool) {
  Urls urls;
  for (const auto& [name, value] : tool.host.environment)
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) urls.push_back({value, {"environment " + name, 0}});
  const std::string home = tool.variable("CARGO_HOME").value_or(tool.host.home + "/.cargo");
  const bool old_name = !tool.files.real_path(home + "/config.toml");
  add_file(tool, home + (old_name ? "/config" : "/config.toml"), urls);
  return urls;
}

}  // namespace clawbox::plan
