#include "cgroup/systemd.h"

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "cgroup/sd_bus.h"

namespace clawbox::cgroup {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr auto kJobWithin = 20s;

Error refusal(const std::string& doing, const std::string& cause) {
  return Error(
      ExitStatus::kFeatureMissing, fmt::format("{}: {}", doing, cause),
      "`systemctl --user status` shows whether your service manager works; limits.fallback = \"rlimit\" in the "
      "profile runs without it");
}

[[noreturn]] void throw_refused(const std::string& doing, const std::string& cause) { throw refusal(doing, cause); }

/// D-Bus specification, "Server Addresses": what is not optionally escaped must be.
std::string address_of(const std::string& socket) {
  std::string address = "unix:path=";
  for (const char c : socket) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::strchr("-_/.\\*", c) != nullptr;
    address += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return address;
}

/// Without its unit file, which says so, our own slice would stay behind when the last session has ended.
const char* slice_of_sessions() { return ::access(kSliceUnit, F_OK) == 0 ? "clawbox.slice" : "app.slice"; }

class Connection {
 public:
  Connection(const SdBus& library, const std::string& socket) : library_(library) {
    const std::string doing = fmt::format("speaking to systemd at {}", in_quotes(socket));
    check(library_.create(&bus_), doing);
    check(library_.set_address(bus_, address_of(socket).c_str()), doing);
    check(library_.start(bus_), doing);
  }
  Connection(const Connection&) = delete;
  ~Connection() { library_.close(bus_); }

  /// The path of the job.
  std::string start_scope(const std::string& unit);
  /// The result of the job: "done" if all is well.
  std::string result_of(const std::string& job);

 private:
  void check(int result, const std::string& doing) const {
    if (result < 0) throw_refused(doing, std::strerror(-result));
  }

  const SdBus& library_;
  SdBus::Bus* bus_ = nullptr;
};

std::string Connection::start_scope(const std::string& unit) {
  SdBus::Failure failure{};
  SdBus::Message* reply = nullptr;
  const int result = library_.call(bus_, kService, kPath, kManager, "StartTransientUnit", &failure, &reply,
                                   "ssa(sv)a(sa(sv))", unit.c_str(), "fail", 5, "Description", "s", "clawbox session",
                                   "Slice", "s", slice_of_sessions(), "CollectMode", "s", "inactive-or-failed",
                                   "Delegate", "b", 1, "PIDs", "au", 1, static_cast<uint32_t>(::getpid()), 0);
  if (result < 0) {
    const Error refusal = refusal_of_scope(failure.name != nullptr ? failure.name : "",
                                           failure.message != nullptr ? failure.message : std::strerror(-result));
    library_.free_failure(&failure);
    throw Error(refusal);
  }
  const char* job = nullptr;
  const int read = library_.read(reply, "o", &job);
  std::string path = read >= 0 && job != nullptr ? job : "";
  library_.drop(reply);
  check(read, "reading systemd's answer");
  return path;
}

/// We are moved when the job runs, not when it is accepted. A private connection gets every signal unasked.
std::string Connection::result_of(const std::string& job) {
  for (const Clock::time_point deadline = Clock::now() + kJobWithin; Clock::now() < deadline;) {
    SdBus::Message* message = nullptr;
    const int worked = library_.process(bus_, &message);
    check(worked, "waiting for systemd");
    uint32_t id = 0;
    const char *path = nullptr, *unit = nullptr, *result = nullptr;
    const bool removed = message != nullptr && library_.is_signal(message, kManager, "JobRemoved") > 0 &&
                         library_.read(message, "uoss", &id, &path, &unit, &result) > 0;
    std::string told = removed && job == path ? result : "";
    if (message != nullptr) library_.drop(message);
    if (!told.empty()) return told;
    if (worked == 0) check(library_.wait(bus_, std::chrono::microseconds(1s).count()), "waiting for systemd");
  }
  return "it has not begun";
}

}  // namespace

Error refusal_of_scope(std::string_view name, std::string_view text) {
  // So it answers for a property that it does not know: of those that we set, CollectMode came last, with 236.
  if (name == "org.freedesktop.DBus.Error.PropertyReadOnly")
    return Error(ExitStatus::kFeatureMissing,
                 fmt::format("this systemd is too old to give a session its control group: {}", escaped(text)),
                 "systemd 236 or later, or a directory of cgroup v2 that an administrator gave away, named by "
                 "limits.cgroup");
  return refusal("asking systemd for a scope", escaped(text));
}

void enter_scope(const std::string& socket, const std::string& unit) {
  const SdBus library;
  Connection connection(library, socket);
  const std::string result = connection.result_of(connection.start_scope(unit));
  if (result != "done") throw_refused("moving into " + unit, escaped(result));
}

}  // namespace clawbox::cgroup
