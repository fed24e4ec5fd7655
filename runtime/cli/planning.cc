#include "cli/planning.h"

#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "cli/usage.h"
#include "cli/verbs.h"
#include "config.h"
#include "plan/file_view.h"
#include "plan/host.h"
#include "plan/resolve.h"
#include "profile/default_name.h"
#include "session/directories.h"
#include "session/overlay.h"
#include "session/steering_fact.h"

namespace clawbox::cli {
namespace {

std::optional<std::string> if_given(const std::string& word) {
  return word.empty() ? std::nullopt : std::optional(word);
}

PortMapping ports_of(const std::string& words) {
  const auto ports = parse_port_mapping(words);
  if (ports) return *ports;
  throw Error(ExitStatus::kUsage, fmt::format("--publish {}: not [[ADDRESS:]PORT:]PORT", in_quotes(words)),
              "for example --publish 127.0.0.1:8080:3000, or --publish 3000 for the same port of both");
}

ExitStatus status_of(const profile::Reading& reading) {
  if (reading.refused) return ExitStatus::kNotPermitted;
  return reading.only_later() ? ExitStatus::kNotSupported : ExitStatus::kProfileInvalid;
}

}  // namespace

std::pair<std::string, std::string> variable_of(const std::string& words) {
  const std::size_t equals = words.find('=');
  if (equals == 0 || equals == std::string::npos)
    throw Error(ExitStatus::kUsage, fmt::format("--env {}: not NAME=VALUE", in_quotes(words)),
                "for example --env CC=clang");
  return {words.substr(0, equals), words.substr(equals + 1)};
}

CLI::Validator not_empty() {
  return CLI::Validator(
      [](const std::string& word) { return std::string(word.empty() ? "is empty: is a variable unset?" : ""); }, "");
}

std::vector<std::string> command_of(const CLI::App& verb, const std::vector<std::string>& after_dashes) {
  const std::vector<std::string> rest = verb.remaining();
  if (!rest.empty() && (rest.front().starts_with('-') || !after_dashes.empty()))
    throw Error(ExitStatus::kUsage, unexpected_word(verb, rest.front()),
                fmt::format("`clawbox {} --help` lists the options; the command follows after `--`", verb.get_name()));
  return after_dashes.empty() ? rest : after_dashes;
}

void add_plan_words(CLI::App& verb, PlanWords& words) {
  verb.add_option("-p,--profile", words.profile, "a name, or a path with a slash in it")
      ->type_name("NAME")
      ->check(not_empty());
  verb.add_option("-w,--workspace", words.workspace, "directory to work on (default: the current one)")
      ->type_name("DIR")
      ->check(not_empty());
  verb.add_option("--workdir", words.workdir, "where the command starts, inside (default: as outside)")
      ->type_name("DIR")
      ->check(not_empty());
  verb.add_option("-e,--env", words.environment, "set a variable inside; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--publish", words.publish, "a port of the host ends at one of the session's; may be repeated")
      ->type_name("[[ADDRESS:]PORT:]PORT")
      ->allow_extra_args(false);
  verb.add_flag("--overlay", words.overlay,
                "leave the workspace as it is: keep what is written apart, capped by limits.disk");
  add_cap_words(verb, words.caps);
}

profile::SearchPath search_path() {
  return {session::directories_of_caller().config + "/profiles", std::string(CLAWBOX_ADMIN_DIR) + "/profiles",
          CLAWBOX_PROFILE_DIR};
}

profile::Profile read_profile(const std::string& name) {
  profile::Reading reading = profile::read(name, search_path());
  if (reading.profile) return std::move(*reading.profile);
  if (!reading.mistakes.empty()) {
    const ExitStatus status = status_of(reading);
    throw ProfileError(status, std::move(reading.mistakes));
  }
  const std::string what = fmt::format("there is no profile {}", in_quotes(name));
  std::error_code ignored;
  if (name.find('/') == std::string::npos && std::filesystem::is_regular_file(name, ignored))
    throw Error(ExitStatus::kProfileMissing, what + ", but a file of that name is here",
                fmt::format("a file is named with a slash in its path: {}", shell_quoted("./" + name)));
  throw Error(ExitStatus::kProfileMissing, what + did_you_mean(name, reading.known_names),
              fmt::format("known profiles: {}", joined(reading.known_names, ", ")));
}

std::string chosen_profile(const PlanWords& words) {
  if (!words.profile.empty()) return words.profile;
  profile::DefaultName configured = profile::default_name(session::directories_of_caller().config + "/config.toml");
  if (!configured.mistakes.empty()) throw ProfileError(ExitStatus::kProfileInvalid, std::move(configured.mistakes));
  return configured.name.value_or("coding");
}

Plan plan_of(const PlanWords& words, std::vector<std::string> argv, Stopwatch& watch) {
  const profile::Profile profile = read_profile(chosen_profile(words));
  watch.lap("profile");
  return plan_of(profile, words, std::move(argv), watch);
}

Plan plan_of(const profile::Profile& profile, const PlanWords& words, std::vector<std::string> argv, Stopwatch& watch) {
  plan::Request request;
  request.argv = std::move(argv);
  request.workspace = if_given(words.workspace);
  request.workdir = if_given(words.workdir);
  for (const std::string& variable : words.environment) request.env.push_back(variable_of(variable));
  request.caps = cap_words(words.caps);
  for (const std::string& ports : words.publish) request.publish.push_back(ports_of(ports));
  request.overlay = words.overlay;
  request.lasting = words.lasting;
  plan::Host host = plan::look_at_host();
  if (plan::wants_group(profile.limits, request.caps))
    host.control_groups = plan::group_facts(host, profile.limits.cgroup.value);
  host.stores = session::tried_stores(plan::stores_to_try(profile, request));
  if (profile.network.mode.value == profile::NetworkMode::kAllowlist || !request.publish.empty())
    host.no_tproxy = session::why_no_tproxy(host, session::directories_of_caller().cache);
  watch.lap("host");
  Plan plan = plan::resolve(profile, host, plan::HostFiles(), request);
  watch.lap("plan");
  return plan;
}

Plan plan_to_ask(const profile::Profile& profile, PlanWords words) {
  static_cast<void>(cap_words(words.caps));  // a wrong word is refused all the same
  words.caps = {};
  Stopwatch watch;
  return plan_of(plan::without_group_caps(profile), words, {"true"}, watch);
}

}  // namespace clawbox::cli
