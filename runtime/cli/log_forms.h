// The forms in which `clawbox log` shows records.
#pragma once

#include <memory>
#include <string>

#include "audit/query.h"
#include "audit/report_words.h"
#include "cli/log_words.h"

namespace clawbox::cli {

class Form {
 public:
  virtual ~Form() = default;
  /// What to print for a record that was found; ends in a newline where it is not empty.
  virtual std::string show(const audit::Found& found) = 0;
  /// A record that was not asked for: a tree hangs on those too.
  virtual void pass_by(const Json& /*record*/) {}
  /// What to print after the last record of a session.
  virtual std::string end_of_session() { return ""; }
};

std::unique_ptr<Form> make_form(LogForm form, audit::Colour colour, audit::Narrator::Sessions sessions);

}  // namespace clawbox::cli
