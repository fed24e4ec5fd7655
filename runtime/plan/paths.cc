#include "plan/paths.h"

#include <algorithm>

namespace clawbox::plan {
namespace {

// '/' sorts before every other byte, so "/a/b" comes before "/a-b" and right after "/a".
unsigned rank(char c) { return c == '/' ? 0U : static_cast<unsigned char>(c) + 1U; }

}  // namespace

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) parts.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string normal_path(std::string_view path, std::string_view base) {
  std::vector<std::string> kept;
  if (!path.starts_with('/')) kept = parts_of(base);
  for (std::string& part : parts_of(path)) {
    if (part == ".") continue;
    if (part != "..") {
      kept.push_back(std::move(part));
      continue;
    }
    if (!kept.empty()) kept.pop_back();
  }
  std::string text;
  for (const std::string& part : kept) text += '/' + part;
  return text.empty() ? "/" : text;
}

bool climbs(std::string_view path) {
  const std::vector<std::string> parts = parts_of(path);
  return std::find(parts.begin(), parts.end(), "..") != parts.end();
}

bool is_at_or_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return path.starts_with('/');
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

bool is_below(std::string_view path, std::string_view directory) {
  return path.size() > directory.size() && is_at_or_below(path, directory);
}

std::string moved(std::string_view path, std::string_view from, std::string_view to) {
  std::string_view rest = path.substr(from == "/" ? 0 : from.size());
  if (rest == "/") rest = "";
  if (to == "/") return rest.empty() ? "/" : std::string(rest);
  return std::string(to).append(rest);
}

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : std::string(path.substr(0, slash));
}

std::string name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

bool parent_first(std::string_view left, std::string_view right) {
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                      [](char a, char b) { return rank(a) < rank(b); });
}

bool is_pattern(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

}  // namespace clawbox::plan
