// clawbox ls, inspect and stats: the sessions there are, one whole, and what they use.
#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <thread>

#include "base/text.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/session_words.h"
#include "cli/verbs.h"
#include "session/kept_session.h"

namespace clawbox::cli {
namespace {

using session::Listed;

struct ListWords {
  std::vector<std::string> labels;
  bool json = false, quiet = false, ended = false;
};

struct InspectWords {
  std::string session;
  bool json = false;  // there is no other form
};

struct StatsWords {
  std::vector<std::string> names, labels;
  bool json = false, follow = false;
};

std::string age_text(int64_t ms) {
  const int64_t seconds = std::max<int64_t>(ms, 0) / 1000;
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (seconds < 7200) return fmt::format("{}m", seconds / 60);
  return seconds < 172800 ? fmt::format("{}h", seconds / 3600) : fmt::format("{}d", seconds / 86400);
}

Json json_of(const Listed& session) {
  Json json = session.facts;
  json["state"] = name_of(session.state);
  if (!session.reason.empty()) json["reason"] = session.reason;
  for (const char* field : {"commands", "ended_commands", "ran", "usage", "restarts", "health", "idle_ms"})
    if (session.status.contains(field)) json[field] = session.status.at(field);
  if (!session.ended.is_null()) json["ended"] = session.ended;
  return json;
}

using Row = std::vector<std::string>;

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string running_text(const Listed& session) {
  if (session.facts.at("kind") == "run") return "run";
  return session.status.contains("commands") ? std::to_string(session.status.at("commands").size()) : "-";
}

int list(const ListWords& words) {
  std::vector<Listed> all = sessions_of_caller().all(labels_of(words.labels));
  if (!words.ended) std::erase_if(all, [](const Listed& one) { return one.state == session::State::kEnded; });
  if (words.json) {
    Json json = Json::array();
    for (const Listed& one : all) json.push_back(json_of(one));
    print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return 0;
  }
  std::vector<Row> rows{{"ID", "NAME", "STATE", "AGE", "COMMANDS", "PROFILE", "WORKSPACE"}};
  std::string ids;
  for (const Listed& one : all) {
    ids += one.id() + "\n";
    rows.push_back({one.id(), one.name(), name_of(one.state),
                    age_text(session::now_ms() - one.facts.at("created_ms").get<int64_t>()), running_text(one),
                    escaped(one.facts.at("profile").get<std::string>()), one.facts.at("workspace").get<std::string>()});
  }
  print(words.quiet ? ids : table(rows));
  return 0;
}

int inspect(const std::string& name) {
  const session::Sessions sessions = sessions_of_caller();
  const Listed found = sessions.found(name);
  Json json = json_of(found);
  if (const auto kept = session::KeptSession::open(sessions.directories().state, found.id()))
    json["plan"] = kept->plan();
  print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return 0;
}

Row usage_row(const Listed& session) {
  const Json usage = session.status.value("usage", Json::object());
  return {session.id(),
          session.name(),
          name_of(session.state),
          fmt::format("{:.1f}s", static_cast<double>(usage.value("cpu_ms", uint64_t{0})) / 1000),
          std::to_string(usage.value("processes", uint64_t{0})),
          fmt::format("{:.1f}MiB", static_cast<double>(usage.value("resident", uint64_t{0})) / (1 << 20))};
}

void print_usage(const std::vector<Listed>& all, bool json) {
  if (json) {
    for (const Listed& one : all)
      print(Json{{"id", one.id()},
                 {"name", one.name()},
                 {"state", name_of(one.state)},
                 {"usage", one.status.value("usage", Json())}}
                .dump() +
            "\n");
    return;
  }
  std::vector<Row> rows{{"ID", "NAME", "STATE", "CPU", "PROCESSES", "RESIDENT"}};
  for (const Listed& one : all) rows.push_back(usage_row(one));
  print(table(rows));
}

/// Of those that were named also one that has ended is an answer; of all others those that live are meant.
std::vector<Listed> counted(const session::Sessions& sessions, const StatsWords& words, Attempts& attempts) {
  const Choice choice{words.names, words.labels, words.names.empty()};
  std::vector<Listed> some = chosen(sessions, choice, session::Look::kAtStatus, attempts);
  for (const Listed& one : some)
    if (!words.names.empty() && !one.lives()) attempts.attempt([&] { sessions.connect(one); });
  std::erase_if(some, [](const Listed& one) { return !one.lives(); });
  return some;
}

int stats(const StatsWords& words) {
  const session::Sessions sessions = sessions_of_caller();
  while (true) {
    Attempts attempts;
    const std::vector<Listed> some = counted(sessions, words, attempts);
    if (!some.empty() || words.names.empty()) print_usage(some, words.json);
    attempts.throw_first();
    if (!words.follow || some.empty()) return 0;
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
}

constexpr const char* kListFooter =
    "Examples:\n"
    "  clawbox ls --all                                also what has ended\n"
    "  clawbox ls --label agent=reviewer --json        for machines: clawbox(1) has the fields";

constexpr const char* kInspectFooter =
    "Examples:\n"
    "  clawbox inspect work                            facts, commands, usage, and the plan\n"
    "  clawbox inspect work | jq .ended_commands       how the last 64 commands ended";

constexpr const char* kStatsFooter =
    "Examples:\n"
    "  clawbox stats                                   all that live\n"
    "  clawbox stats --follow work                     one, again every two seconds";

}  // namespace

Verb add_ls(CLI::App& app, const std::vector<std::string>&) {
  auto words = std::make_shared<ListWords>();
  CLI::App* verb = app.add_subcommand("ls", "List sessions: those that live, and those that failed");
  verb->add_flag("-a,--all", words->ended, "those that have ended too");
  add_label_option(*verb, words->labels, "only sessions with this label; may be repeated");
  CLI::Option* json = verb->add_flag("--json", words->json, "for machines");
  verb->add_flag("-q,--quiet", words->quiet, "ids only")->excludes(json);
  verb->footer(kListFooter);
  return {verb, [=] { return list(*words); }};
}

Verb add_inspect(CLI::App& app, const std::vector<std::string>&) {
  auto words = std::make_shared<InspectWords>();
  CLI::App* verb = app.add_subcommand("inspect", "All that is known of a session, as JSON");
  verb->add_option("SESSION", words->session, "its name, id, or a prefix of its id")->required()->check(not_empty());
  verb->add_flag("--json", words->json, "for machines, as always");
  verb->footer(kInspectFooter);
  return {verb, [=] { return inspect(words->session); }};
}

Verb add_stats(CLI::App& app, const std::vector<std::string>&) {
  auto words = std::make_shared<StatsWords>();
  CLI::App* verb = app.add_subcommand("stats", "What sessions use");
  verb->add_option("SESSION", words->names, "names, ids, or the begins of ids (default: all that live)")
      ->check(not_empty());
  add_label_option(*verb, words->labels, "only sessions with this label; may be repeated");
  verb->add_flag("-f,--follow", words->follow, "again every two seconds");
  verb->add_flag("--json", words->json, "for machines: a line for each session");
  verb->footer(kStatsFooter);
  return {verb, [=] { return stats(*words); }};
}

}  // namespace clawbox::cli
