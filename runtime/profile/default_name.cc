#include "profile/default_name.h"

#include <fmt/format.h>

#include "base/text.h"
#include "profile/file.h"
#include "profile/scan.h"
#include "profile/values.h"

namespace clawbox::profile {
namespace {

Diagnostic at(const std::string& file, const toml::source_region& source, std::string what) {
  return {file, static_cast<int>(source.begin.line), static_cast<int>(source.begin.column), std::move(what)};
}

std::string syntax_text(std::string_view description) {
  return fmt::format("is not TOML: {} (the file holds one line, such as `default_profile = \"coding\"`)",
                     escaped(description));
}

DefaultName name_in(const toml::table& table, const std::string& file) {
  DefaultName result;
  for (const auto& [key, node] : table) {
    const std::vector<std::string> known{"default_profile"};
    if (key.str() != known.front())
      result.mistakes.push_back(at(
          file, key.source(), fmt::format("unknown key {}{}", in_quotes(key.str()), did_you_mean(key.str(), known))));
    else if (!node.is_string())
      result.mistakes.push_back(at(file, node.source(), "default_profile must be a string, such as \"coding\""));
    else
      result.name = node.as_string()->get();
  }
  return result;
}

}  // namespace

DefaultName default_name(const std::string& config_file) {
  const FileReading reading = read_file(config_file);
  if (reading.problem) return {std::nullopt, {{config_file, 0, 0, reading.problem->what}}};
  if (!reading.text) return {};
  if (const auto mistake = scan(*reading.text).mistake)
    return {std::nullopt, {{config_file, mistake->line, mistake->column, mistake->what}}};
  try {
    return name_in(toml::parse(*reading.text, config_file), config_file);
  } catch (const toml::parse_error& error) {
    return {std::nullopt, {at(config_file, error.source(), syntax_text(error.description()))}};
  }
}

}  // namespace clawbox::profile
