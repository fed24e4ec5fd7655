// clawbox doctor: each kernel feature tried, what a missing one costs, and how to mend it.
#include "session/doctor.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "cli/print.h"
#include "cli/verbs.h"

namespace clawbox::cli {
namespace {

constexpr const char* kFooter = "Exit status: 0 when the profile `coding` can run here, 1 when it cannot.";

session::Colour colour_of_stdout() {
  const char* no_colour = std::getenv("NO_COLOR");
  const bool plain = ::isatty(STDOUT_FILENO) != 1 || (no_colour != nullptr && no_colour[0] != '\0');
  return plain ? session::Colour::kNone : session::Colour::kAnsi;
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

Verb add_doctor(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  CLI::App* verb = app.add_subcommand("doctor", "Try each kernel feature, and say how to mend what is missing");
  verb->add_flag("--json", *json, "for machines");
  verb->footer(kFooter);
  return {verb, [=] { return doctor(*json ? Format::kJson : Format::kText); }};
}

}  // namespace clawbox::cli
