// clawbox network: what a living session may reach, changed while it runs.
#include <chrono>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "cli/print.h"
#include "cli/session_words.h"
#include "cli/verbs.h"
#include "session/sessions.h"

namespace clawbox::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 20s;

struct NetworkWords {
  std::string session, change, host, lasts;
};

int change_network(const NetworkWords& words) {
  const session::Sessions sessions = sessions_of_caller();
  const session::Listed one = sessions.found(words.session, session::Look::kAtFacts);
  Json request{{"do", "network"}, {"change", words.change}, {"host", words.host}};
  if (!words.lasts.empty()) request["lasts_ms"] = time_of("--for", words.lasts).count();
  sessions.ask(one, request, kPatience);
  return 0;
}

}  // namespace

Verb add_network(CLI::App& app, const std::vector<std::string>&) {
  CLI::App* verb = app.add_subcommand("network", "allow or deny a host to a living session");
  auto words = std::make_shared<NetworkWords>();
  verb->add_option("SESSION", words->session, "its name or id")->required();
  verb->add_option("CHANGE", words->change, "allow or deny; deny beats allow, and ends what is open")
      ->required()
      ->check(CLI::IsMember({"allow", "deny"}));
  verb->add_option("HOST[:PORT]", words->host,
                   "a name, *.DOMAIN, an address or a prefix; without a port 80 and 443 are allowed, all denied")
      ->required();
  verb->add_option("--for", words->lasts, "how long: 10m, 2h (default: as long as the session)")->type_name("TIME");
  return {verb, [words] { return change_network(*words); }};
}

}  // namespace clawbox::cli
