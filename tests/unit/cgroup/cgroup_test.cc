// Groups that are really made, below the test's own: what needs no controller works on any cgroup v2. Caps by
// controllers are tried in virtual machines: tests/system.
#include "cgroup/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "cgroup/direct.h"
#include "support/catch.h"
#include "support/skip.h"
#include "sys/files.h"
#include "sys/processes.h"

using namespace clawbox;
using namespace clawbox::cgroup;

namespace {

using namespace std::chrono_literals;

/// A group for one test, below our own; empty where none can be made.
class Playground {
 public:
  Playground() : name_(fmt::format("clawbox-unit-{}", ::getpid())) {
    for (const std::string mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      const std::string own = mount + own_path();
      if (::access((own + "/cgroup.procs").c_str(), W_OK) != 0) continue;
      if (::mkdir((own + "/" + name_).c_str(), 0755) != 0) continue;
      parent_ = Group(own);
      group_ = Group(own + "/" + name_);
      return;
    }
  }
  Playground(const Playground&) = delete;
  ~Playground() {
    if (parent_) parent_.remove_child(name_, std::chrono::steady_clock::now() + 10s);
  }

  explicit operator bool() const { return static_cast<bool>(group_); }
  const Group& group() const { return group_; }
  Group again() const { return Group(group_.path()); }

 private:
  static std::string own_path() {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("0::")) return line.substr(3);
    return "";
  }

  std::string name_;
  Group parent_, group_;
};

constexpr const char* kNone = "kernel: no cgroup v2 in which this user may make a group";

ControlGroup plan_with(std::vector<GroupCap> caps) {
  ControlGroup plan;
  plan.caps = std::move(caps);
  return plan;
}

/// A process that waits in `group` for its end.
sys::Process sleeper_in(const Group& group) {
  sys::Clone clone = sys::clone_into(0, group.directory());
  if (clone.pid == 0)
    while (true) ::pause();
  return {clone.pid, std::move(clone.pidfd)};
}

bool is_there(const Group& parent, const std::string& name) { return parent.child_if_there(name).has_value(); }

}  // namespace

TEST_CASE("a number is found by its whole key") {
  CHECK(number_after("oom 3\noom_kill 7\n", "oom_kill") == 7);
  CHECK(number_after("oom 3\noom_kill 7\n", "oom") == 3);
  CHECK(!number_after("oom_kill 7\n", "kill"));
  CHECK(!number_after("max max\n", "max"));
  CHECK(!number_after("", "max"));
}

TEST_CASE("a process is born into its exec's group and dies with the session's") {
  const Playground playground;
  if (!playground) return test::skip(kNone);
  std::optional<Cgroup> session(std::in_place, playground.again(), "session", plan_with({}));
  sys::Process sleeper = sleeper_in(session->first_exec());
  CHECK(session->first_exec().read_if_there("cgroup.procs") == fmt::format("{}\n", sleeper.pid()));
  session.reset();
  CHECK(sleeper.wait().signal == SIGKILL);
  CHECK(!is_there(playground.group(), "session"));
}

TEST_CASE("an exec is ended alone, and its group is swept when nobody holds it any more") {
  const Playground playground;
  if (!playground) return test::skip(kNone);
  Cgroup session(playground.again(), "session", plan_with({}));
  std::shared_ptr<Exec> second = session.make_exec(), third = session.make_exec();
  sys::Process first = sleeper_in(session.first_exec()), beside = sleeper_in(third->group());
  sys::Process ended = sleeper_in(second->group());
  second->kill();
  CHECK(ended.wait().signal == SIGKILL);
  session.sweep();
  CHECK(is_there(session.session(), "exec-2"));
  second.reset();
  session.sweep();
  CHECK(!is_there(session.session(), "exec-2"));
  CHECK(third->group().read_if_there("cgroup.procs") == fmt::format("{}\n", beside.pid()));
  CHECK(session.first_exec().read_if_there("cgroup.procs") == fmt::format("{}\n", first.pid()));
}

TEST_CASE("a group stays as long as processes that its exec left behind live in it") {
  const Playground playground;
  if (!playground) return test::skip(kNone);
  Cgroup session(playground.again(), "session", plan_with({}));
  sys::Process left_behind = sleeper_in(session.make_exec()->group());
  session.sweep();
  CHECK(is_there(session.session(), "exec-2"));
  CHECK(left_behind.kill());
  left_behind.wait();
  while (is_there(session.session(), "exec-2")) session.sweep();  // the kernel counts it out in its own time
}

TEST_CASE("a process is taken into an exec's group") {
  const Playground playground;
  if (!playground) return test::skip(kNone);
  Cgroup session(playground.again(), "session", plan_with({}));
  sys::Process moved = sleeper_in(session.first_exec());
  const std::shared_ptr<Exec> second = session.make_exec();
  second->take_in(moved.pid());
  CHECK(second->group().read_if_there("cgroup.procs") == fmt::format("{}\n", moved.pid()));
  CHECK(session.first_exec().read_if_there("cgroup.procs") == "");
}

TEST_CASE("an exec that outlives its session's groups does no harm") {
  const Playground playground;
  if (!playground) return test::skip(kNone);
  std::optional<Cgroup> session(std::in_place, playground.again(), "session", plan_with({}));
  const std::shared_ptr<Exec> second = session->make_exec();
  session.reset();
  CHECK(!is_there(playground.group(), "session"));
  CHECK(second->hits().processes == 0);
}

TEST_CASE("groups that somebody removed while they were in use are silent") {
  const Playground playground;
  if (!playground) return test::skip(kNone);
  const Cgroup session(playground.again(), "session", plan_with({}));
  playground.group().remove_child("session", std::chrono::steady_clock::now() + 10s);
  CHECK(!session.usage().memory);
  CHECK(session.hits().processes == 0);
  CHECK(session.throttling().periods == 0);
  CHECK(!session.freeze());
  CHECK(!session.thaw());
}

TEST_CASE("a frozen session stands still and still dies with its group") {
  const Playground playground;
  if (!playground) return test::skip(kNone);
  std::optional<Cgroup> session(std::in_place, playground.again(), "session", plan_with({}));
  sys::Process sleeper = sleeper_in(session->first_exec());
  session->freeze();
  while (session->session().number("cgroup.events", "frozen") != 1) {
  }
  session->thaw();
  while (session->session().number("cgroup.events", "frozen") != 0) {
  }
  session->freeze();
  session.reset();
  CHECK(sleeper.wait().signal == SIGKILL);
}

TEST_CASE("caps are written into the session's group") {
  const Playground playground;
  if (!playground) return test::skip(kNone);
  const Cgroup session(playground.again(), "session",
                       plan_with({{"depth", "7", "cgroup.max.depth", "7", {"try.toml", 4}}}));
  CHECK(session.session().number("cgroup.max.depth") == 7);
}

TEST_CASE("a cap that the kernel refuses is told with its line, and nothing is left") {
  const Playground playground;
  if (!playground) return test::skip(kNone);
  const ControlGroup plan = plan_with({{"depth", "much", "cgroup.max.depth", "much", {"try.toml", 4}}});
  std::string refusal;
  try {
    const Cgroup session(playground.again(), "session", plan);
  } catch (const Error& error) {
    refusal = error.what();
  }
  CHECK(refusal.starts_with("the cap depth = much (try.toml:4) cannot be set: "));
  CHECK(!is_there(playground.group(), "session"));
}

TEST_CASE("what a killed supervisor left is swept by the next session, and what lives is not") {
  const Playground playground;
  if (!playground) return test::skip(kNone);
  playground.group().make_child("clawbox-dead").make_child("exec-1");
  playground.group().make_child("clawbox-beginning");
  playground.group().make_child("others").make_child("exec-1");
  const Cgroup living(playground.again(), "clawbox-living", plan_with({}));
  ControlGroup plan = plan_with({});
  plan.directory = playground.group().path();
  const Cgroup session = make_direct(plan, "new");
  CHECK(!is_there(playground.group(), "clawbox-dead"));
  for (const char* name : {"clawbox-beginning", "clawbox-living", "clawbox-new", "others"})
    CHECK(is_there(playground.group(), name));
}

TEST_CASE("a directory that is no control group is refused") {
  ControlGroup plan = plan_with({});
  plan.directory = "/nonexistent/group";
  CHECK_THROWS_AS(make_direct(plan, "new"), Error);
}

TEST_CASE("a session without a group asks for nothing") {
  const Cgroup none = create({}, "id");
  CHECK(!none);
  CHECK(!none.usage().cpu);
  CHECK(none.hits().processes == 0);
  CHECK(!none.first_exec().directory());
  CHECK(none.freeze());
}
