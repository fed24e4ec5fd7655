#include "session/error_json.h"

namespace clawbox::session {

Json as_json(const Error& error) {
  return {{"status", static_cast<int>(error.status())}, {"error", error.what()}, {"remedy", error.remedy()}};
}

Error error_in(const Json& json) {
  return Error(static_cast<ExitStatus>(json.at("status").get<int>()), json.at("error").get<std::string>(),
               json.at("remedy").get<std::string>());
}

}  // namespace clawbox::session
