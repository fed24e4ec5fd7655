#include "profile/search.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "profile/builtin.h"
#include "profile/layer.h"

namespace clawbox::profile {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr Shelf kDirectories[] = {Shelf::kUser, Shelf::kAdministrator, Shelf::kPackage};

const std::string& directory_of(Shelf shelf, const SearchPath& where) {
  if (shelf == Shelf::kUser) return where.user;
  return shelf == Shelf::kAdministrator ? where.administrator : where.package;
}

bool fits_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), fits_in_name);
}

Found opened(const std::string& name, Shelf shelf, const std::string& path) {
  FileReading reading = read_file(path);
  if (reading.problem) return Unreadable{path, std::move(*reading.problem)};
  if (!reading.text) return Absent{};
  return Source{name, shelf, path, std::move(*reading.text)};
}

Found built_in(const std::string& name) {
  for (const BuiltinProfile& profile : builtin_profiles())
    if (profile.name == name) return Source{name, Shelf::kBuiltIn, "built in:" + name, std::string(profile.text)};
  return Absent{};
}

bool is_in(const std::filesystem::path& file, const std::string& directory) {
  if (directory.empty()) return false;
  std::error_code ignored;
  return std::filesystem::equivalent(file.parent_path(), directory, ignored);
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code absent;  // a directory that is not there, or not for us, holds no profiles
  for (const auto& entry : std::filesystem::directory_iterator(directory, absent)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() == ".toml" && is_name(path.stem().string()) && path.stem() != kLockName)
      names.push_back(path.stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Listed listed(const std::string& name, const Found& found, const std::string& file) {
  const auto* source = std::get_if<Source>(&found);
  return {name, file, source == nullptr ? "" : parse(file, source->text).layer.description, false};
}

}  // namespace

bool is_path(const std::string& name) { return name.find('/') != std::string::npos; }

std::optional<Shelf> after(Shelf shelf) {
  if (shelf == Shelf::kBuiltIn) return {};
  return static_cast<Shelf>(static_cast<int>(shelf) + 1);
}

Found open_path(const std::string& path, const SearchPath& where) {
  const std::filesystem::path file(path);
  const Shelf shelf = is_in(file, where.administrator) ? Shelf::kAdministrator : Shelf::kPath;
  return opened(file.stem().string(), shelf, path);
}

Found find_on(Shelf shelf, const std::string& name, const SearchPath& where) {
  if (shelf == Shelf::kPath) return Absent{};
  if (shelf == Shelf::kBuiltIn) return built_in(name);
  const std::string& directory = directory_of(shelf, where);
  Found found = directory.empty() ? Found(Absent{}) : opened(name, shelf, directory + "/" + name + ".toml");
  // What a package brings under a built-in's name is that built-in. In a user namespace without root nobody owns the
  // file, so that it cannot be believed: then the program's own copy serves.
  const bool spare = shelf == Shelf::kPackage && std::holds_alternative<Source>(built_in(name));
  return spare && std::holds_alternative<Unreadable>(found) ? Found(Absent{}) : found;
}

Found find(const std::string& name, Shelf from, const SearchPath& where) {
  if (!is_name(name) || name == kLockName) return Absent{};
  for (std::optional<Shelf> shelf = from; shelf; shelf = after(*shelf)) {
    Found found = find_on(*shelf, name, where);
    if (!std::holds_alternative<Absent>(found)) return found;
  }
  return Absent{};
}

std::vector<Listed> list(const SearchPath& where) {
  std::vector<Listed> all;
  for (const Shelf shelf : kDirectories)
    for (const std::string& name : names_in(directory_of(shelf, where)))
      all.push_back(listed(name, find_on(shelf, name, where), directory_of(shelf, where) + "/" + name + ".toml"));
  for (const BuiltinProfile& profile : builtin_profiles()) {
    const std::string name(profile.name);
    all.push_back(listed(name, built_in(name), "built in:" + name));
  }
  std::set<std::string> seen;
  for (Listed& entry : all) entry.shadowed = !seen.insert(entry.name).second;
  return all;
}

std::vector<std::string> known_names(const SearchPath& where) {
  std::set<std::string> names;
  for (const Shelf shelf : kDirectories)
    for (std::string& name : names_in(directory_of(shelf, where))) names.insert(std::move(name));
  for (const BuiltinProfile& profile : builtin_profiles()) names.emplace(profile.name);
  return {names.begin(), names.end()};
}

}  // namespace clawbox::profile
