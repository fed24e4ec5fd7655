// The main function of every Catch2 binary. After Catch2's own report it prints the line that tools/test_summary.py
// counts, "CASES: N passed, N failed, N skipped", and exits with 77 where every case was skipped.
#ifndef CATCH_CONFIG_RUNNER
#define CATCH_CONFIG_RUNNER
#endif
#include <sys/stat.h>

#include <iostream>
#include <string>

#include "support/catch.h"

namespace {

constexpr int kAllSkipped = 77;  // what meson takes for "skipped"

struct Cases {
  int passed = 0, failed = 0, skipped = 0;
  std::string running;
  bool running_is_skipped = false;
};

Cases& cases() {
  static Cases counted;  // Catch2 makes its listeners itself, so they can only be reached this way
  return counted;
}

#if CATCH_VERSION_MAJOR >= 3
using Listener = Catch::EventListenerBase;
#else
using Listener = Catch::TestEventListenerBase;
#endif

class Counter : public Listener {
 public:
  using Listener::Listener;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    cases().running = info.name;
    cases().running_is_skipped = false;
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (stats.totals.assertions.failed > 0)
      ++cases().failed;
    else if (cases().running_is_skipped)
      ++cases().skipped;
    else
      ++cases().passed;
  }
};

CATCH_REGISTER_LISTENER(Counter)

}  // namespace

void clawbox::test::skip(std::string_view reason) {
  cases().running_is_skipped = true;
  std::cout << "SKIP: " << cases().running << ": " << reason << std::endl;
}

int main(int argc, char* argv[]) {
  ::umask(022);  // with a private group's 002, Debian 13's default, clawbox refuses the directories that tests prepare
  const int status = Catch::Session().run(argc, argv);
  const Cases& counted = cases();
  std::cout << "CASES: " << counted.passed << " passed, " << counted.failed << " failed, " << counted.skipped
            << " skipped" << std::endl;
  return status == 0 && counted.passed == 0 && counted.skipped > 0 ? kAllSkipped : status;
}
