// The matcher of a part of a text, which Catch2 v2 and v3 call by different names.
#pragma once

#include <string>

#include "support/catch.h"

namespace clawbox::test {

inline auto containing(const std::string& part) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Contains(part);
#endif
}

}  // namespace clawbox::test
