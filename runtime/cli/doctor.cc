// clawbox doctor: each kernel feature tried, what a missing one costs, and how to mend it.
#include "session/doctor.h"

#include <memory>

#include "cli/print.h"
#include "cli/verbs.h"

namespace clawbox::cli {
namespace {

constexpr const char* kFooter = "Exit status: 0 when the profile `coding` can run here, 1 when it cannot.";

session::Colour colour_of_stdout() {
  return takes_colour(Stream::kOut) ? session::Colour::kAnsi : session::Colour::kNone;
}

enum class Format { kText, kJson };

int doctor(Format format) {
  const session::Examination examination = session::examine();
  const bool json = format == Format::kJson;
  print(json ? session::examination_json(examination).dump(2) + "\n"
             : session::examination_text(examination, colour_of_stdout()));
  return static_cast<int>(session::missing_for_coding(examination).empty() ? ExitStatus::kOk
                                                                           : ExitStatus::kProblemsFound);
}

}  // namespace

Verb add_doctor(CLI::App& app, const std::vector<std::string>&) {
  auto json = std::make_shared<bool>(false);
  CLI::App* verb = app.add_subcommand("doctor", "Try each kernel feature, and say how to mend what is missing");
  verb->add_flag("--json", *json, "for machines");
  verb->footer(kFooter);
  return {verb, [=] { return doctor(*json ? Format::kJson : Format::kText); }};
}

}  // namespace clawbox::cli
