// A test that cannot run here says so and why: `if (!has_landlock()) return clawbox::test::skip("kernel: no
// Landlock");`
//
// A reason that begins with "kernel:" names something that the running kernel lacks or forbids, and is accepted in CI.
// Any other reason is a fault of the set-up, and a failure in CI. See tests/README.md.
#pragma once

#include <string_view>

namespace clawbox::test {

/// Prints "SKIP: NAME OF THE TEST: reason" on standard output and counts the running test case as skipped.
void skip(std::string_view reason);

}  // namespace clawbox::test
