#include "session/resident.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "session/error_json.h"
#include "session/guest.h"
#include "session/kept_session.h"
#include "session/registry.h"
#include "session/session.h"
#include "sys/channel.h"
#include "sys/files.h"
#include "sys/heap.h"
#include "sys/processes.h"

namespace clawbox::session {
namespace {

constexpr std::size_t kMostText = 64 << 10;

void read_and_print_nothing() {
  const OwnedFd null = sys::open("/dev/null", O_RDWR);
  for (int number = 0; number < 3; ++number)
    if (::dup2(null.get(), number) < 0) throw_errno("connecting descriptor {}", number);
}

/// Nothing of the caller stays: no descriptor, no terminal, no directory that could not be unmounted.
void leave_caller(OwnedFd& channel) {
  constexpr int kChannel = 3;
  sys::new_session();
  read_and_print_nothing();
  if (channel.get() != kChannel) {
    if (::dup3(channel.get(), kChannel, O_CLOEXEC) < 0) throw_errno("keeping the channel");
    channel = OwnedFd(kChannel);
  }
  sys::close_from(kChannel + 1);
  if (::chdir("/") < 0) throw_errno("entering /");
}

Json failed(const Error& error) {
  Outcome outcome;
  outcome.ended_by = EndedBy::kFailed;
  outcome.exit_status = static_cast<int>(error.status());
  outcome.detail = error.what();
  return as_json(outcome);
}

void serve(const Directories& directories, const Plan& plan, const Wish& wish, OwnedFd& channel) {
  Facts facts = facts_of(plan, wish);
  facts.kind = Facts::Kind::kLasting;
  facts.plan_hash = hash_of(plan);
  const Registration entry = Registry(directories.runtime).enter(facts);
  KeptSession kept = KeptSession::make(directories.state, facts, plan);
  sys::rename_process(("clawbox " + (facts.name.empty() ? facts.id : facts.name)).c_str());
  LastingGuest guest(kept.logs(), wish.care, [&] {
    sys::send_text(channel, Json{{"id", facts.id}}.dump());
    channel.reset();
    sys::release_free_pages();  // this process stays for hours
  });
  sys::begin_new_pages();
  try {
    kept.end(as_json(Session(directories).serve(plan, entry, guest)));
  } catch (const Error& error) {
    if (channel) kept.discard();
    if (!channel) kept.end(failed(error));
    throw;
  }
}

[[noreturn]] void live_as_supervisor(const Directories& directories, Plan plan, const Wish& wish,
                                     OwnedFd channel) noexcept {
  try {
    leave_caller(channel);
    move_to_own_host_id(plan);
    serve(directories, plan, wish, channel);
    ::_exit(0);
  } catch (const NameTaken& error) {
    Json json = as_json(error);
    json["taken"] = true;
    if (channel) sys::send_text(channel, json.dump());
  } catch (const Error& error) {
    if (channel) sys::send_text(channel, as_json(error).dump(-1, ' ', false, Json::error_handler_t::replace));
  } catch (const std::exception& error) {
    if (channel) sys::send_text(channel, as_json(Error(ExitStatus::kInternal, error.what())).dump());
  }
  ::_exit(1);
}

}  // namespace

std::string create(const Directories& directories, const Plan& plan, const Wish& wish) {
  auto [ours, theirs] = sys::make_channel();
  const pid_t pid = sys::fork();
  if (pid == 0) {
    ours.reset();
    live_as_supervisor(directories, plan, wish, std::move(theirs));
  }
  theirs.reset();
  const auto message = sys::receive_text(ours, kMostText);
  if (!message) {
    sys::wait_for(pid);
    throw Error(ExitStatus::kSetupFailed, "the session's supervisor was killed while it started");
  }
  const Json answer = Json::parse(message->text);
  if (answer.contains("id")) return answer.at("id").get<std::string>();
  sys::wait_for(pid);
  if (answer.contains("taken")) throw NameTaken(wish.name.empty() ? wish.id : wish.name);
  throw Error(error_in(answer));
}

}  // namespace clawbox::session
