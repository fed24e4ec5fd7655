#include "profile/checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "profile/call_names.h"
#include "profile/steering.h"

namespace clawbox::profile {
namespace {

constexpr std::size_t kMaxPath = 4095;  // PATH_MAX without the NUL

constexpr std::string_view kPresets[] = {"npm", "pip", "cargo", "go", "apt", "git"};
constexpr std::string_view kProtocols[] = {"auto", "tls", "http", "any"};
constexpr std::string_view kRefusals[] = {"EPERM",           "EACCES",     "ENOSYS", "EINVAL", "ENOENT", "EAFNOSUPPORT",
                                          "EPROTONOSUPPORT", "EOPNOTSUPP", "EAGAIN", "EBADF",  "EBUSY",  "EEXIST",
                                          "EFAULT",          "EIO",        "EMFILE", "ENODEV", "ENOMEM", "ENOSPC",
                                          "ENOTTY",          "ENXIO",      "EROFS",  "ESRCH",  "EXDEV",  "kill"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

bool begins_at(std::string_view path, std::string_view anchor) {
  return path == anchor || (path.starts_with(anchor) && path[anchor.size()] == '/');
}

// `below`: what follows the anchor of `path`.
Objection objection_to_parts(std::string_view path, std::string_view below) {
  for (const std::string& part : split(below, '/')) {
    if (part == "..") return fmt::format("{} climbs with '..': write the path itself", in_quotes(path));
    if (part.empty() || part == ".") return fmt::format("{} has an empty part or a '.'", in_quotes(path));
  }
  return {};
}

Objection objection_to_length_and_text(std::string_view path) {
  if (path.empty()) return "an empty path";
  if (path.size() > kMaxPath) return fmt::format("a path of {} bytes, more than {}", path.size(), kMaxPath);
  return objection_to_text(path);
}

bool is_variable(std::string_view name) {
  return !name.empty() && !is_digit(name.front()) && std::all_of(name.begin(), name.end(), is_word);
}

}  // namespace

Objection objection_to_text(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::none_of(text.begin(), text.end(), control)) return {};
  return fmt::format("{} holds a control character", in_quotes(text));
}

Objection objection_to_path(std::string_view path) {
  if (auto objection = objection_to_length_and_text(path)) return objection;
  if (path == "/") return "'/' is the whole file system: name the directories";
  for (const std::string_view anchor : {"~", "$WORKSPACE", "$SESSION"}) {
    if (!begins_at(path, anchor)) continue;
    return path == anchor ? Objection{} : objection_to_parts(path, path.substr(anchor.size() + 1));
  }
  if (path.front() == '/') return objection_to_parts(path, path.substr(1));
  return fmt::format("{} must be absolute, or begin with '~/', '$WORKSPACE' or '$SESSION'", in_quotes(path));
}

Objection objection_to_place(std::string_view path) {
  if (!path.starts_with('/')) return fmt::format("{} must be absolute", in_quotes(path));
  return objection_to_path(path);
}

Objection objection_to_pattern(std::string_view pattern) {
  if (auto objection = objection_to_length_and_text(pattern)) return objection;
  if (pattern.front() == '/' || pattern.front() == '~' || pattern.front() == '$')
    return fmt::format(
        "{} must be relative: it is looked for at the top of the workspace and of the repositories in it",
        in_quotes(pattern));
  return objection_to_parts(pattern, pattern);
}

// The kernel checks that they exist; here it is only made certain that nothing else gets into its file.
Objection objection_to_processors(std::string_view list) {
  const auto fits = [](char c) { return is_digit(c) || c == ',' || c == '-'; };
  const bool ends_well = !list.empty() && is_digit(list.front()) && is_digit(list.back());
  if (ends_well && list.size() <= 256 && std::all_of(list.begin(), list.end(), fits)) return {};
  return fmt::format("{} is no list of processors such as 0-3,8", in_quotes(list));
}

Objection objection_to_hostname(std::string_view name) {
  const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.'; };
  const bool ends_well = !name.empty() && (is_letter(name.front()) || is_digit(name.front())) && name.back() != '-';
  if (ends_well && name.size() <= 64 && name.back() != '.' && std::all_of(name.begin(), name.end(), fits)) return {};
  return fmt::format("{} is no host name: at most 64 letters, digits, '-' and '.'", in_quotes(name));
}

Objection objection_to_variable(std::string_view name) {
  if (is_variable(name)) return {};
  return fmt::format("{} is no variable's name: letters, digits and '_'", in_quotes(name));
}

Objection objection_to_passed(std::string_view name) {
  if (name == "*") return "'*' would pass every secret of the caller's environment: name the variables";
  if (passes_only_steering(name))
    return fmt::format(
        "{} makes a loader or an interpreter run something, and is never taken from the caller: write its value down "
        "in "
        "'environment.set', or give it with --env",
        in_quotes(name));
  return objection_to_variable(name.ends_with('*') ? name.substr(0, name.size() - 1) : name);
}

Objection objection_to_call(std::string_view call) {
  const bool group = call.starts_with('@');
  const std::string_view name = group ? call.substr(1) : call;
  const auto fits = [&](char c) { return is_word(c) || (group && c == '-'); };
  if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), fits))
    return fmt::format("{} is neither a system call's name nor a '@group'", in_quotes(call));
  const std::span<const std::string_view> known = group ? group_names() : call_names();
  if (std::binary_search(known.begin(), known.end(), call)) return {};
  return fmt::format("there is no {} {}{}", group ? "group of system calls" : "system call", in_quotes(call),
                     did_you_mean(call, std::vector<std::string>(known.begin(), known.end())));
}

std::span<const std::string_view> refusals() { return kRefusals; }
std::span<const std::string_view> presets() { return kPresets; }
std::span<const std::string_view> protocols() { return kProtocols; }

std::string range_text(const Key& key) {
  const auto [least, most] = key.range;
  switch (key.kind) {
    case Kind::kSize:
      return fmt::format("{} to {}", size_text(least), size_text(most));
    case Kind::kDuration:
      return fmt::format("{} to {}", duration_text(Milliseconds(least)), duration_text(Milliseconds(most)));
    case Kind::kPercent:
      return fmt::format("{}% to {}%", least, most);
    default:
      return fmt::format("{} to {}", least, most);
  }
}

}  // namespace clawbox::profile
