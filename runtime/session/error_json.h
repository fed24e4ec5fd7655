// An error on its way to another process of the same user: {"status", "error", "remedy"}.
#pragma once

#include "base/error.h"
#include "base/json.h"

namespace clawbox::session {

Json as_json(const Error& error);
/// Throws Json::exception for what as_json did not write.
Error error_in(const Json& json);

}  // namespace clawbox::session
