#include "profile/steering.h"

#include <algorithm>
#include <array>

namespace clawbox::profile {
namespace {

constexpr std::array kSteeringPrefixes{"LD_",        "DYLD_",   "PYTHON", "PERL5", "GIT_",
                                       "BASH_FUNC_", "MALLOC_", "GCONV_", "RUBY"};
constexpr std::array kSteeringNames{"NODE_OPTIONS",
                                    "NODE_PATH",
                                    "BASH_ENV",
                                    "ENV",
                                    "SHELLOPTS",
                                    "BASHOPTS",
                                    "PS4",
                                    "IFS",
                                    "CDPATH",
                                    "PROMPT_COMMAND",
                                    "ZDOTDIR",
                                    "PERLLIB",
                                    "PERL_MM_OPT",
                                    "LUA_INIT",
                                    "LUA_PATH",
                                    "LUA_CPATH",
                                    "JAVA_TOOL_OPTIONS",
                                    "_JAVA_OPTIONS",
                                    "JDK_JAVA_OPTIONS",
                                    "CLASSPATH",
                                    "GLIBC_TUNABLES",
                                    "LOCPATH",
                                    "NLSPATH",
                                    "HOSTALIASES",
                                    "LOCALDOMAIN",
                                    "RES_OPTIONS",
                                    "RESOLV_HOST_CONF",
                                    "TMPDIR",
                                    "LESSOPEN",
                                    "LESSCLOSE",
                                    "MAKEFLAGS",
                                    "TERMINFO",
                                    "TERMCAP"};

// Names and dates for commits are data: nothing runs by them.
constexpr std::array<std::string_view, 2> kCommitData{"GIT_AUTHOR_", "GIT_COMMITTER_"};

bool begins_with_any(std::string_view name, const auto& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

bool steers_programs(std::string_view variable) {
  if (begins_with_any(variable, kCommitData)) return false;
  return begins_with_any(variable, kSteeringPrefixes) ||
         std::find(kSteeringNames.begin(), kSteeringNames.end(), variable) != kSteeringNames.end();
}

bool passes_only_steering(std::string_view pattern) {
  if (!pattern.ends_with('*')) return steers_programs(pattern);
  const std::string_view prefix = pattern.substr(0, pattern.size() - 1);
  const auto reaches = [&](std::string_view data) { return data.starts_with(prefix); };
  if (std::any_of(kCommitData.begin(), kCommitData.end(), reaches)) return false;
  return !begins_with_any(prefix, kCommitData) && begins_with_any(prefix, kSteeringPrefixes);
}

}  // namespace clawbox::profile
