// What `clawbox fs` says of the answer that a session gave.
#pragma once

#include <string>
#include <string_view>

#include "files/request.h"
#include "files/stream.h"

namespace clawbox::cli {

/// On standard output, for people or as JSON; names of files are escaped, since whoever is inside chose them.
/// `listing`: what kList gave, type and name of each entry, ended by NUL.
void print_answer(bool json, files::Operation operation, const files::Answer& answer, const std::string& listing);

/// The content of a file for a terminal, which obeys nothing in it: control and deceiving characters become \xNN.
class TerminalText {
 public:
  /// A character that is not whole yet waits for the next piece.
  std::string next(std::string_view piece);
  /// What is left of one at the end.
  std::string rest() const;

 private:
  std::string unfinished_;
};

/// On standard error: what failed, with errno's name. Returns the exit status.
int report_failure(bool json, std::string_view operation, const files::Answer& answer);

}  // namespace clawbox::cli
