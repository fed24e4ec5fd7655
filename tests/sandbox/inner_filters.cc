// Programs that bring a seccomp filter of their own, as browsers and OpenSSH do: neither blinds the record.
#include "support/catch.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

constexpr int kEnded = 42;  // tests/probe/inner_filter.cc
constexpr int kBySigsys = 128 + 31;

struct Kind {
  const char* name;
  int status;           // of the whole
  const char* outcome;  // of the program with the filter
  std::size_t ends;     // records of the program that it starts below
};

/// What its own filter refuses never reaches the kernel, nor us: it does not happen, and there is nothing to record.
constexpr Kind kKinds[] = {
    {"trap", kEnded, "exited", 0},    {"refuse", kEnded, "exited", 0},         {"kill", kBySigsys, "signaled", 0},
    {"trace", kEnded, "replaced", 1}, {"kill-exit", kBySigsys, "signaled", 0}, {"threads", kEnded, "replaced", 1},
};

void check_whole(const Trail& trail) {
  CHECK(trail.has_no_gaps());
  CHECK(trail.records().back().at("event") == "session.end");
  CHECK(trail.all("exec").size() == trail.all("exec.end").size());
}

}  // namespace

TEST_CASE("with a filter of its own a program is recorded as without, and so is what it starts") {
  for (const Kind& kind : kKinds) {
    INFO(kind.name);
    const Environment environment;
    environment.add_probe("inner_filter");
    const Finished finished =
        run(environment.inside("coding", {"sh", "-c", "./inner_filter \"$0\"; echo $?", kind.name}));
    CHECK(finished.out == std::to_string(kind.status) + "\n");
    const Trail trail(environment);
    const Json end = trail.end_of(trail.exec({"./inner_filter", kind.name}));
    INFO(end.dump());
    // A kernel before 6.15 does not tell how who was killed has ended.
    CHECK((end.at("outcome") == kind.outcome || (kind.status == kBySigsys && end.at("outcome") == "ended")));
    CHECK(trail.execs({"inner_filter", "end"}).size() == kind.ends);
    check_whole(trail);
  }
}
