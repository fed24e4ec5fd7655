#include "cgroup/systemd.h"

#include "support/catch.h"

using namespace clawbox;

TEST_CASE("a systemd that does not know what a scope needs is told by its age, with a way without it") {
  const Error refusal = cgroup::refusal_of_scope("org.freedesktop.DBus.Error.PropertyReadOnly",
                                                 "Cannot set property CollectMode, or unknown property.");
  CHECK(refusal.status() == ExitStatus::kFeatureMissing);
  CHECK(std::string(refusal.what()).starts_with("this systemd is too old"));
  CHECK(refusal.remedy().find("limits.cgroup") != std::string::npos);
}

TEST_CASE("any other refusal of a manager is told in its own words, and they obey no terminal") {
  const Error refusal = cgroup::refusal_of_scope("org.freedesktop.DBus.Error.AccessDenied", "Access \x1b[31mdenied");
  CHECK(std::string(refusal.what()) == "asking systemd for a scope: Access \\x1b[31mdenied");
}
