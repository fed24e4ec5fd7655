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
constexpr const char* kFooter =
    "Examples:\n"
    "  clawbox network work allow git.example.org      its ports 80 and 443, as long as the session lives\n"
    "  clawbox network work allow '*.example.net:8443' --for 10m\n"
    "  clawbox network work deny git.example.org       every port of it, and what is open ends\n"
    "  clawbox log --event net.rule work               what was changed, and by whom\n\n"
    "The session needs network.mode = \"allowlist\", whose list may be empty.\n"
    "Exit status: 64 when the host cannot be read or the session has no list, 69 when this host cannot steer a\n"
    "prefix, 72 when there is no such session, 75 when its relay has died.";

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
  CLI::App* verb = app.add_subcommand("network", "Allow or deny a host to a session while it runs");
  auto words = std::make_shared<NetworkWords>();
  verb->add_option("SESSION", words->session, "its name or id")->required();
  verb->add_option("CHANGE", words->change, "allow, deny (deny beats allow, and ends what is open)")
      ->required()
      ->check(CLI::IsMember({"allow", "deny"}));
  verb->add_option(
          "HOST[:PORT]", words->host,
          "a name, *.DOMAIN, an address or a prefix, of IPv6 in brackets before a port; without a port 80 and 443 "
          "are allowed, and all are denied")
      ->required();
  verb->add_option("--for", words->lasts, "how long: 10m, 2h (default: as long as the session)")->type_name("TIME");
  verb->footer(kFooter);
  return {verb, [words] { return change_network(*words); }};
}

}  // namespace clawbox::cli
