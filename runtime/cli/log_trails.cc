#include "cli/log_trails.h"

#include "base/text.h"
#include "cli/session_words.h"
#include "session/directories.h"

namespace clawbox::cli {
namespace {

constexpr const char* kElsewhere = "`clawbox run` makes them with the first session; --directory names another place";
constexpr std::size_t kMostNamed = 5;

/// Ids are made of hexadecimal digits and a dash.
bool may_begin_an_id(const std::string& word) {
  return word.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

/// Of a session that has nothing but its trail left only the id will do.
std::string id_said(const std::string& word) {
  const session::Sessions sessions = sessions_of_caller();
  if (auto id = sessions.id_of_name(word)) return *id;
  return may_begin_an_id(word) ? word : sessions.found(word, session::Look::kAtFacts).id();
}

}  // namespace

Trails trails_in(const std::string& said) {
  const std::string path = said.empty() ? session::directories_of_caller().state + "/audit" : said;
  try {
    auto directory = audit::open_trails(path);
    if (!directory)
      throw Error(ExitStatus::kProblemsFound, fmt::format("there are no trails: {} does not exist", in_quotes(path)),
                  kElsewhere);
    auto sessions = audit::sessions_in(*directory);
    return {path, std::move(*directory), std::move(sessions)};
  } catch (const SysError& error) {
    throw cannot_read(path, error);
  }
}

Error cannot_read(const std::string& path, const SysError& why) {
  return Error(ExitStatus::kStateUnusable, fmt::format("the trails in {}: {}", in_quotes(path), why.what()),
               "--directory names a directory of trails that you may read, such as a copy");
}

Error no_trails_in(const std::string& path) {
  return Error(ExitStatus::kProblemsFound, fmt::format("there are no trails in {}", in_quotes(path)), kElsewhere);
}

std::vector<std::string> ids_of(const std::vector<std::string>& words, const std::string& directory) {
  if (!directory.empty()) return words;
  std::vector<std::string> ids;
  ids.reserve(words.size());
  for (const std::string& word : words) ids.push_back(id_said(word));
  return ids;
}

audit::SessionFiles only_session(const Trails& trails, const std::string& prefix) {
  const auto some = audit::chosen(trails.sessions, std::span(&prefix, 1));
  if (some.size() == 1) return some[0];
  std::vector<std::string> ids;
  for (const audit::SessionFiles& session : some)
    if (ids.size() < kMostNamed) ids.push_back(escaped(session.id));
  throw Error(ExitStatus::kUsage, fmt::format("{} sessions begin with {}", some.size(), in_quotes(prefix)),
              fmt::format("say more of its id: {}{}", joined(ids, ", "), some.size() > ids.size() ? ", …" : ""));
}

void check_not_misspelt(const std::vector<std::string>& words, const std::vector<std::string>& verbs) {
  for (const std::string& word : words)
    if (!may_begin_an_id(word) && nearest_name(word, verbs))
      throw Error(ExitStatus::kUsage,
                  fmt::format("log: there is no verb {}{}", in_quotes(word), did_you_mean(word, verbs)),
                  fmt::format("its verbs: {}; every other word is a prefix of a session's id", joined(verbs, ", ")));
}

}  // namespace clawbox::cli
