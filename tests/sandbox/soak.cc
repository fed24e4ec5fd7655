// Lasting sessions under fire: one part or another is killed at a random moment, a few hundred times. Whoever is left
// says what happened as it is documented, and nothing stays behind.
//
// CLAWBOX_SOAK_SEED repeats the choices of an earlier run, if not its timing.
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <random>
#include <set>

#include "base/json.h"
#include "support/catch.h"
#include "support/environment.h"
#include "support/listing.h"

using namespace clawbox::test;
using clawbox::Json;

namespace fs = std::filesystem;

namespace {

constexpr int kRounds = 50;
constexpr int kKilled = 128 + SIGKILL;

class Chance {
 public:
  explicit Chance(unsigned seed) : numbers_(seed) {}

  int below(int limit) { return std::uniform_int_distribution(0, limit - 1)(numbers_); }
  /// No wait for anything: it chooses the moment of a blow.
  void pass_some_time() { ::poll(nullptr, 0, below(20)); }

 private:
  std::mt19937 numbers_;
};

unsigned chosen_seed() {
  const char* given = std::getenv("CLAWBOX_SOAK_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device()();
  std::printf("CLAWBOX_SOAK_SEED=%u\n", seed);
  return seed;
}

/// Asks again until the deadline: what is asked is a program, or the kernel.
bool becomes_true(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::sched_yield();
  }
  return true;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::istringstream text(read_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; text >> child;) children.push_back(child);
  return children;
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  if (!fs::exists(directory)) return names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename());
  return names;
}

std::string mounts_below(const std::string& directory) {
  std::istringstream lines(read_file("/proc/self/mountinfo"));
  std::string found;
  for (std::string line; std::getline(lines, line);)
    if (line.find(directory) != std::string::npos) found += line + "\n";
  return found;
}

std::set<std::string> groups_of(pid_t pid) {
  std::istringstream lines(read_file("/proc/" + std::to_string(pid) + "/cgroup"));
  std::set<std::string> groups;
  for (std::string line; std::getline(lines, line);) groups.insert(line);
  return groups;
}

/// A user whose processes come to this one when their parents die, so that each that is left is seen.
struct World : Environment {
  World() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~World() { run(clawbox({"rm", "--all", "--force"})); }

  Finished call(std::vector<std::string> words) const { return run(clawbox(std::move(words))); }
  std::vector<std::string> words_to_create(const std::string& name, bool overlay) const {
    std::vector<std::string> words{"create", "--quiet", "--name", name};
    if (overlay) words.insert(words.end(), {"--overlay", "--disk", "64MiB"});
    return words;
  }
  std::string create(const std::string& name, bool overlay = false) const {
    const Finished finished = call(words_to_create(name, overlay));
    INFO(finished.out << finished.err);
    REQUIRE(finished.status == 0);
    return finished.out.substr(0, finished.out.size() - 1);
  }
  Json inspect(const std::string& session) const {
    const Finished finished = call({"inspect", session});
    INFO(finished.err);
    REQUIRE(finished.status == 0);
    return Json::parse(finished.out);
  }
  Json commands_in(const std::string& session) const { return inspect(session).at("commands"); }
  /// What `ls` says of it.
  Json listed(const std::string& id) const {
    for (Json& one : Json::parse(call({"ls", "--all", "--json"}).out))
      if (one.at("id") == id) return std::move(one);
    return {};
  }
};

/// A session as the host sees it.
struct Target {
  Target(const World& world, std::string id_or_name) : word(std::move(id_or_name)) {
    const Json facts = world.inspect(word);
    id = facts.at("id").get<std::string>();
    supervisor = facts.at("supervisor").get<pid_t>();
    for (const pid_t child : children_of(supervisor))
      if (read_file("/proc/" + std::to_string(child) + "/comm") == "clawbox-init\n") init = child;
    REQUIRE(init != 0);
    watched_supervisor = watch(supervisor);
    watched_init = watch(init);
    groups = groups_of(init);
  }

  std::size_t descriptors() const { return names_in("/proc/" + std::to_string(supervisor) + "/fd").size(); }
  bool is_alone() const { return children_of(init).empty(); }  // whoever lost its parent is pid 1's child

  std::string word, id;
  pid_t supervisor = 0, init = 0;
  clawbox::OwnedFd watched_supervisor, watched_init;
  std::set<std::string> groups;
};

enum class Fate { kClientKilled, kCommandKilled, kOverdue, kEndsItself };

/// A command in a session, and what becomes of it.
class Shot {
 public:
  Shot(const World& world, const Target& target, Fate fate, int number)
      : world_(world), target_(target), fate_(fate), label_(std::to_string(number)), client_(start()) {}

  void read_sign_of_life() { client_.read_until("here\n"); }
  /// Whether somebody was killed.
  bool strike(Chance& chance) {
    if (fate_ == Fate::kClientKilled && chance.below(2) == 0) read_sign_of_life();
    if (fate_ == Fate::kCommandKilled) read_sign_of_life();
    const pid_t command = fate_ == Fate::kCommandKilled ? pid() : 0;
    chance.pass_some_time();
    if (fate_ == Fate::kClientKilled) client_.send(SIGKILL);
    if (fate_ == Fate::kCommandKilled) ::kill(command, SIGKILL);
    return fate_ == Fate::kClientKilled || fate_ == Fate::kCommandKilled;
  }
  /// All that held its output has ended, too.
  void check_end() {
    const Finished finished = client_.wait();
    INFO(finished.out << finished.err);
    CHECK(!finished.overdue);
    CHECK(finished.status == expected());
  }
  Running& client() { return client_; }

 private:
  int expected() const {
    if (fate_ == Fate::kOverdue) return 124;
    return fate_ == Fate::kEndsItself ? 7 : kKilled;
  }
  const char* script() const {
    if (fate_ == Fate::kEndsItself) return "echo here; exit 7";
    return fate_ == Fate::kCommandKilled ? "echo here; exec sleep 1000" : "sleep 1000 & sleep 1000 & echo here; wait";
  }
  Running start() const {
    std::vector<std::string> words{"exec", "--label", "shot=" + label_};
    if (fate_ == Fate::kOverdue) words.insert(words.end(), {"--timeout", "30ms"});
    words.insert(words.end(), {target_.word, "--", "sh", "-c", script()});
    return Running(world_.clawbox(std::move(words)));
  }
  /// What a command prints may be here before its supervisor knows its number.
  pid_t pid() const {
    pid_t pid = 0;
    REQUIRE(becomes_true([&] {
      for (const Json& command : world_.commands_in(target_.word))
        if (command.at("labels").value("shot", "") == label_ && command.at("pid").is_number())
          pid = command.at("pid").get<pid_t>();
      return pid != 0;
    }));
    return pid;
  }

  const World& world_;
  const Target& target_;
  Fate fate_;
  std::string label_;
  Running client_;
};

class Soak {
 public:
  Soak(const World& world, unsigned seed) : world_(world), chance_(seed), survivor_(world, world.create("survivor")) {
    mounts_ = mounts_below(world.directory().path());
    shoot_at_commands();
    descriptors_ = survivor_.descriptors();
  }

  /// Whatever is killed of its commands, the session lives, and has as many files open as ever.
  void shoot_at_commands() {
    std::vector<Shot> shots;
    for (int i = 0; i < 5; ++i) shots.emplace_back(world_, survivor_, Fate(chance_.below(4)), i);
    shoot_at_detached();
    for (Shot& shot : shots) kills_ += shot.strike(chance_) ? 1 : 0;
    for (Shot& shot : shots) shot.check_end();
    CHECK(world_.call({"exec", "survivor", "--", "true"}).status == 0);  // by now it has heard of every killed client
    CHECK(becomes_true([&] { return survivor_.is_alone(); }));
    CHECK(becomes_true([&] { return world_.commands_in("survivor").empty(); }));
    CHECK(world_.inspect("survivor").at("supervisor") == survivor_.supervisor);
    if (descriptors_ != 0) CHECK(becomes_true([&] { return survivor_.descriptors() == descriptors_; }));
  }

  /// Killed while it is made, by its creator's death or its own: the next who wants it gets one.
  void shoot_at_creation() {
    Running creator(world_.clawbox(world_.words_to_create("target", overlay_)));
    chance_.pass_some_time();
    if (chance_.below(2) == 0) {
      creator.send(SIGKILL);
      ++kills_;
      const int status = creator.wait().status;
      CHECK((status == 0 || status == kKilled));
      return;
    }
    const clawbox::OwnedFd supervisor = kill_supervisor_of(creator);
    const Finished finished = creator.wait();
    INFO(finished.err);
    CHECK((finished.status == 0 || finished.status == 125));
    CHECK(gone_within(supervisor, kDeadline));
  }

  void shoot_at_session() {
    const Target target(world_, world_.create("target", overlay_));
    if (!earlier_.empty()) remove(earlier_);
    CHECK(target.id != earlier_);
    std::vector<Shot> shots;
    for (int i = 0; i < 2; ++i) shots.emplace_back(world_, target, Fate::kClientKilled, i);
    if (chance_.below(2) == 0) world_.call({"exec", "--detach", "target", "--", "sh", "-c", "sleep 1000 & wait"});
    shots.front().read_sign_of_life();
    chance_.pass_some_time();
    end(target);
    CHECK(shots.front().client().wait().status == kKilled);
    const Finished late = shots.back().client().wait();  // it may have come when nobody was there any more
    INFO(late.status << " " << late.out << late.err);
    CHECK((late.status == kKilled || late.status == 75));
    CHECK(gone_within(target.watched_init, kDeadline));
    CHECK(gone_within(target.watched_supervisor, kDeadline));
    for (const std::string& group : target.groups) groups_.insert(group);
    earlier_ = target.id;
    if (chance_.below(2) == 0) remove(std::exchange(earlier_, ""));
  }

  void round() {
    overlay_ = chance_.below(3) == 0 && can_overlay_;
    shoot_at_commands();
    if (chance_.below(2) == 0) shoot_at_creation();
    shoot_at_session();
  }

  void check_nothing_is_left() {
    CHECK(kills_ >= 200);
    CHECK(world_.call({"rm", "--all", "--force"}).status == 0);
    CHECK(gone_within(survivor_.watched_init, kDeadline));
    std::vector<std::string> tidies{"run", "--quiet"};  // what killed ones left
    if (can_overlay_) tidies.insert(tidies.end(), {"--overlay", "--disk", "64MiB"});
    tidies.insert(tidies.end(), {"--", "true"});
    CHECK(world_.call(tidies).status == 0);
    for (const std::string& id : names_in(world_.state() + "/clawbox/overlays")) world_.call({"discard", id});
    CHECK(Json::parse(world_.call({"ls", "--all", "--json"}).out).empty());
    CHECK(names_in(world_.runtime() + "/clawbox/sessions").empty());
    CHECK(names_in(world_.runtime() + "/clawbox/names").empty());
    CHECK(names_in(world_.state() + "/clawbox/overlays").empty());
    for (const std::string& id : names_in(world_.state() + "/clawbox/sessions"))
      CHECK(names_in(world_.state() + "/clawbox/sessions/" + id) == std::vector<std::string>{"session.json"});
    CHECK(mounts_below(world_.directory().path()) == mounts_);
    check_no_group_is_left();
    for (const pid_t child : children_of(::getpid())) CHECK(gone_within(watch(child), kDeadline));
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    CHECK(errno == ECHILD);
  }

 private:
  void shoot_at_detached() {
    const Finished finished =
        world_.call({"exec", "--detach", "--label", "shot=detached", "survivor", "--", "sleep", "1000"});
    INFO(finished.err);
    REQUIRE(finished.status == 0);
    for (const Json& command : world_.commands_in("survivor"))
      if (command.at("labels").value("shot", "") == "detached" && command.at("pid").is_number())
        ::kill(command.at("pid").get<pid_t>(), SIGKILL), ++kills_;
  }

  /// Its leader of a session of processes: other children try out what the machine can.
  clawbox::OwnedFd kill_supervisor_of(const Running& creator) {
    const clawbox::OwnedFd ended = watch(creator.pid());
    clawbox::OwnedFd supervisor;
    becomes_true([&] {
      for (const pid_t child : children_of(creator.pid()))
        if (::getsid(child) == child) supervisor = watch(child);
      return supervisor || gone_within(ended, 0ms);
    });
    chance_.pass_some_time();
    if (supervisor && !gone_within(supervisor, 0ms)) ::syscall(SYS_pidfd_send_signal, supervisor.get(), SIGKILL, 0, 0);
    kills_ += supervisor ? 1 : 0;
    return supervisor;
  }

  void end(const Target& target) {
    const int how = chance_.below(3);
    if (how == 0) ::kill(target.supervisor, SIGKILL);
    if (how == 1) ::kill(target.init, SIGKILL);
    if (how == 2) CHECK(world_.call({"kill", "target"}).status == 0);
    ++kills_;
    CHECK(gone_within(target.watched_supervisor, kDeadline));
    const Json listed = world_.listed(target.id);
    INFO(listed.dump());
    CHECK(listed.value("state", "") == (how == 2 ? "ended" : "failed"));
    CHECK(!listed.value("reason", "").empty());
    if (how == 0) CHECK(listed.value("reason", "").find("supervisor was killed") != std::string::npos);
  }

  void remove(const std::string& id) {
    CHECK(world_.call({"rm", id}).status == 0);
    CHECK(world_.call({"inspect", id}).status == 72);
  }

  void check_no_group_is_left() const {
    const std::set<std::string> ours = groups_of(::getpid());
    for (const std::string& group : groups_)
      if (!ours.contains(group) && group.starts_with("0::"))
        for (const char* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"})
          CHECK_FALSE(fs::exists(root + group.substr(3)));
  }

  const World& world_;
  Chance chance_;
  Target survivor_;
  std::size_t descriptors_ = 0;
  std::string mounts_, earlier_;
  std::set<std::string> groups_;
  bool overlay_ = false;
  const bool can_overlay_ = !lacking(world_, {"overlay", "fuse"});
  int kills_ = 0;
};

}  // namespace

TEST_CASE("whatever is killed of sessions, what is left says what happened, and nothing stays behind", "[long]") {
  const unsigned seed = chosen_seed();
  INFO("CLAWBOX_SOAK_SEED=" << seed);
  const World world;
  Soak soak(world, seed);
  for (int round = 0; round < kRounds; ++round) {
    INFO("round " << round);
    soak.round();
  }
  soak.check_nothing_is_left();
}
