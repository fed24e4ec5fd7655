#include "cli/review_session.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include "audit/reader_sessions.h"
#include "base/error.h"
#include "base/text.h"
#include "plan/paths.h"
#include "plan/protected_names.h"
#include "session/directories.h"
#include "session/sessions.h"

namespace clawbox::cli {
namespace {

constexpr const char* kList = "`clawbox diff` lists the sessions that kept something";
constexpr std::size_t kMostNamed = 5;

/// It ran, and left nothing to review: there is a trail, or its changes were applied or discarded.
bool has_trail(const std::string& prefix) try {
  const auto directory = audit::open_trails(session::directories_of_caller().state + "/audit");
  if (!directory) return false;
  const auto sessions = audit::sessions_in(*directory);
  return std::any_of(sessions.begin(), sessions.end(),
                     [&](const audit::SessionFiles& session) { return session.id.starts_with(prefix); });
} catch (const SysError&) {
  return false;
}

[[noreturn]] void throw_unknown(const std::string& word, std::vector<std::string> ids) {
  if (word == "latest" || ids.empty())
    throw Error(ExitStatus::kSessionMissing, "no session has kept changes",
                "`clawbox run --overlay -- COMMAND` keeps them");
  if (has_trail(word))
    throw Error(ExitStatus::kSessionMissing,
                fmt::format("the session {} has no changes to review (any more)", in_quotes(word)), kList);
  ids.emplace_back("latest");
  const session::Sessions sessions(session::directories_of_caller());
  for (const session::Listed& one : sessions.all({}, session::Look::kAtFacts)) ids.push_back(one.shown());
  throw Error(ExitStatus::kSessionMissing,
              fmt::format("there is no session {}{}", in_quotes(word), did_you_mean(word, ids)), kList);
}

std::string id_of(const std::string& word, const std::string& directory) {
  std::vector<std::string> ids = review::kept_sessions(directory);
  if (word == "latest" && !ids.empty()) return ids.back();
  std::vector<std::string> some;
  std::copy_if(ids.begin(), ids.end(), std::back_inserter(some),
               [&](const std::string& id) { return !word.empty() && id.starts_with(word); });
  if (some.empty()) throw_unknown(word, std::move(ids));
  if (some.size() == 1) return some[0];
  const std::size_t all = some.size();
  some.resize(std::min(all, kMostNamed));
  throw Error(ExitStatus::kUsage, fmt::format("{} sessions begin with {}", all, in_quotes(word)),
              fmt::format("say more of its id: {}{}", joined(some, ", "), all > some.size() ? ", …" : ""));
}

}  // namespace

std::string id_of_name(const std::string& word) {
  return session::Sessions(session::directories_of_caller()).id_of_name(word).value_or(word);
}

std::string overlays_of_caller() { return session::directories_of_caller().state + "/overlays"; }

review::Layers session_named(const std::string& word) {
  const std::string directory = overlays_of_caller();
  return review::Layers(directory, id_of(id_of_name(word), directory));
}

review::Risk risk_of(const review::Layers& layers) {
  auto names = std::make_shared<plan::ProtectedNames>(layers.protect());
  using Kind = plan::ProtectedNames::Kind;
  return [names](const std::string& path, review::Kind kind) {
    return names->name(path, kind == review::Kind::kDirectory ? Kind::kDirectory : Kind::kOther);
  };
}

std::vector<std::string> paths_in(const review::Layers& layers, const std::vector<std::string>& words) {
  std::error_code ignored;
  const std::string here = std::filesystem::current_path(ignored);
  const std::string& workspace = layers.workspace();
  const std::string base = plan::is_at_or_below(here, workspace) ? here : workspace;
  std::vector<std::string> paths;
  for (const std::string& word : words) {
    const std::string path = plan::normal_path(word, base);
    if (!plan::is_at_or_below(path, workspace))
      throw Error(ExitStatus::kUsage, fmt::format("{} is not in the session's workspace", in_quotes(word)),
                  fmt::format("paths are those below {}", in_quotes(workspace)));
    paths.push_back(path == workspace ? "" : path.substr(workspace.size() + 1));
  }
  return paths;
}

}  // namespace clawbox::cli
