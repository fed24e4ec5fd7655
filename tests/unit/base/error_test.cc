#include "base/error.h"

#include <cerrno>

#include "base/origin.h"
#include "support/catch.h"

namespace clawbox {

TEST_CASE("a refused call says what we were doing and why the kernel refused") {
  errno = ENOENT;
  try {
    throw_errno("opening '{}'", "/x");
  } catch (const SysError& error) {
    CHECK(std::string(error.what()) == "opening '/x': No such file or directory");
    CHECK(error.code() == ENOENT);
  }
}

TEST_CASE("an error keeps the exit status and the remedy it was made with") {
  const Error error(ExitStatus::kFeatureMissing, "no user namespaces", "allow them");
  CHECK(error.status() == ExitStatus::kFeatureMissing);
  CHECK(error.remedy() == "allow them");
}

TEST_CASE("an origin shows its line only where lines mean something") {
  CHECK(to_string(Origin{"coding.toml", 12}) == "coding.toml:12");
  CHECK(to_string(Origin{"host", 0}) == "host");
}

}  // namespace clawbox
