#include "session/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace clawbox::session {
namespace {

constexpr const char *kGroup = "control group", *kNoGroup = "no control group can be had: see cgroup-delegation";

bool works(const std::vector<Finding>& findings, std::string_view name) {
  return std::any_of(findings.begin(), findings.end(),
                     [&](const Finding& finding) { return finding.name == name && finding.works; });
}

/// As limits.store = "auto" chooses.
Cap disk_here(const std::vector<Finding>& findings) {
  for (const char* store : {"disk-quota", "loop", "fuse"})
    if (works(findings, store))
      return {"disk", true, fmt::format("of an overlay workspace, by {}; else RLIMIT_FSIZE caps each file", store)};
  return {"disk", false, "RLIMIT_FSIZE caps each file; of an overlay workspace: see disk-quota and fuse"};
}

/// What holds each cap of a profile here. A single controller may still be missing: `explain` knows.
std::vector<Cap> caps_here(const std::vector<Finding>& findings) {
  const bool group = works(findings, "cgroup-delegation");
  const char* how = group ? kGroup : kNoGroup;
  return {{"time", true, "wall clock"},
          {"cpu_time", true, "of all processes together"},
          {"processes", true, group ? kGroup : "RLIMIT_NPROC, with limits.fallback = \"rlimit\""},
          {"memory", group, group ? kGroup : "of each process only: RLIMIT_DATA, with limits.fallback = \"rlimit\""},
          {"swap", group, how},
          {"cpu", group, how},
          disk_here(findings)};
}

const char* word_of(Need need) { return need == Need::kRequired ? "required" : "optional"; }

/// Pads first: escape sequences have no width.
std::string painted(const std::string& word, std::size_t width, const char* code, Colour colour) {
  const std::string padded = fmt::format("{:<{}}", word, width);
  return colour == Colour::kNone ? padded : fmt::format("\x1b[{}m{}\x1b[0m", code, padded);
}

constexpr const char *kGreen = "32", *kYellow = "33", *kRed = "1;31", *kBold = "1";

std::string text_of(const Finding& finding, std::size_t width, Colour colour) {
  const char* missing = finding.need == Need::kRequired ? kRed : kYellow;
  const std::string state = finding.works ? painted("ok", 7, kGreen, colour) : painted("missing", 7, missing, colour);
  std::string line = fmt::format("  {}  {:<{}}  {}\n", state, finding.name, width, finding.found);
  if (finding.works) return line;
  return line + fmt::format("           costs: {}\n           mend:  {}\n", finding.cost, finding.remedy);
}

std::string section(const Examination& examination, Need need, Colour colour) {
  std::size_t width = 0;
  for (const Finding& finding : examination.findings) width = std::max(width, finding.name.size());
  std::string text;
  for (const Finding& finding : examination.findings)
    if (finding.need == need) text += text_of(finding, width, colour);
  return text;
}

std::string text_of(const Cap& cap) {
  return fmt::format("  {:<11}  {:<9}  {}\n", cap.applied ? "applied" : "not applied", cap.name, cap.how);
}

std::string verdict(const Examination& examination, Colour colour) {
  const std::vector<std::string> missing = missing_for_coding(examination);
  if (missing.empty()) return painted("coding can run here", 0, kGreen, colour) + "\n";
  return painted("coding cannot run here", 0, kRed, colour) + fmt::format(": {}\n", joined(missing, ", "));
}

}  // namespace

Finding examined(const Probe& probe, const plan::Host& host) {
  const Attempt attempt = probe.attempt(host);
  const std::string remedy = attempt.remedy.empty() ? probe.remedy : attempt.remedy;
  return {probe.name, probe.need, attempt.works, escaped(attempt.found), probe.cost, attempt.works ? "" : remedy};
}

Examination examine() {
  const plan::Host host = plan::look_at_host();
  Examination examination{host.kernel, {}, {}};
  for (const Probe& probe : probes_for(host)) examination.findings.push_back(examined(probe, host));
  examination.caps = caps_here(examination.findings);
  return examination;
}

std::vector<std::string> missing_for_coding(const Examination& examination) {
  std::vector<std::string> names;
  for (const Finding& finding : examination.findings)
    if (finding.need == Need::kRequired && !finding.works) names.push_back(finding.name);
  return names;
}

Json examination_json(const Examination& examination) {
  Json probes = Json::array(), caps = Json::array();
  for (const Finding& finding : examination.findings)
    probes.push_back({{"name", finding.name},
                      {"needed", word_of(finding.need)},
                      {"works", finding.works},
                      {"found", finding.found},
                      {"cost", finding.cost},
                      {"remedy", finding.remedy}});
  for (const Cap& cap : examination.caps)
    caps.push_back({{"name", cap.name}, {"applied", cap.applied}, {"how", cap.how}});
  return {{"coding", missing_for_coding(examination).empty()},
          {"kernel", examination.kernel},
          {"probes", probes},
          {"caps", caps}};
}

std::string examination_text(const Examination& examination, Colour colour) {
  const auto title = [&](const std::string& words) { return painted(words, 0, kBold, colour) + "\n"; };
  std::string text = fmt::format("Linux {}\n\n", escaped(examination.kernel));
  text += title("required for `coding`") + section(examination, Need::kRequired, colour) + "\n";
  text += title("optional") + section(examination, Need::kOptional, colour) + "\n";
  text += title("caps");
  for (const Cap& cap : examination.caps) text += text_of(cap);
  return text + "\n" + verdict(examination, colour);
}

}  // namespace clawbox::session
