// What single values must look like. Each answer is an objection as a sentence that names the value, or nothing.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "profile/keys.h"

namespace clawbox::profile {

using Objection = std::optional<std::string>;

Objection objection_to_text(std::string_view text);  // control characters, which no name and no reason needs
/// Absolute, or below `~`, `$WORKSPACE` or `$SESSION`; without `.`, `..` and empty parts; not `/` itself.
Objection objection_to_path(std::string_view path);
/// The same, absolute only.
Objection objection_to_place(std::string_view path);
/// Below the workspace: relative, without `.`, `..` and empty parts.
Objection objection_to_pattern(std::string_view pattern);
/// Numbers and ranges with commas between: 0-3,8.
Objection objection_to_processors(std::string_view list);
Objection objection_to_hostname(std::string_view name);
Objection objection_to_variable(std::string_view name);
/// A variable's name, or the beginning of one with `*` at its end.
Objection objection_to_passed(std::string_view name);
Objection objection_to_call(std::string_view call);  // a system call's name or a "@group" that is known

/// The answers a `refuse` rule can give: errno's names and "kill".
std::span<const std::string_view> refusals();

/// The words of `preset` and of `speaks` in `network.allow`; those of `speaks` in the order of the enumerators.
std::span<const std::string_view> presets();
std::span<const std::string_view> protocols();

std::string range_text(const Key& key);  // "1KiB to 1TiB"

}  // namespace clawbox::profile
