#include "store/file_server.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <span>
#include <utility>

#include "base/error.h"
#include "store/server.h"
#include "store/usage_walk.h"
#include "sys/channel.h"
#include "sys/files.h"
#include "sys/process_facts.h"

namespace clawbox::store {
namespace {

/// Descriptors 0 to 2 are /dev/null, then come the given ones, and nothing else is open.
template <std::size_t N>
void keep_only(std::array<OwnedFd*, N> kept) {
  constexpr int kFirst = 3;
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) throw_errno("opening /dev/null");
  for (OwnedFd* one : kept) {  // above the numbers they get
    OwnedFd high(::fcntl(one->get(), F_DUPFD_CLOEXEC, kFirst + static_cast<int>(N)));
    if (!high) throw_errno("keeping a descriptor");
    one->release();
    *one = std::move(high);
  }
  for (const int standard : {0, 1, 2})
    if (::dup2(null, standard) < 0) throw_errno("closing the standard descriptors");
  int number = kFirst;
  for (OwnedFd* one : kept) {
    if (::dup3(one->get(), number, O_CLOEXEC) < 0) throw_errno("keeping a descriptor");
    one->release();
    *one = OwnedFd(number++);
  }
  sys::close_from(number);
}

// Unlinked files that are open take one descriptor each.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) throw_errno("RLIMIT_NOFILE");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) throw_errno("RLIMIT_NOFILE");
}

void tell(const OwnedFd& channel, const ServerNews& news) {
  sys::send_packet(channel, std::as_bytes(std::span(&news, 1)));  // nobody there to hear it: serving goes on
}

/// A session of root's has a host id of its own, and files of root's would have no owner there.
void take_on(const Ids& ids) {
  sys::drop_groups();
  sys::become(ids.uid, ids.gid);
}

void enter(const ServerPlan& plan) {
  const bool is_root = ::geteuid() == 0;  // asked here: there an id without a name could look like any
  if (plan.user_namespace && ::setns(plan.user_namespace.get(), CLONE_NEWUSER) != 0)
    throw_errno("entering the session's user namespace");
  if (plan.ids && is_root) take_on(*plan.ids);
}

void serve(ServerPlan plan, OwnedFd& channel) {
  sys::reset_signals();
  enter(plan);
  plan.user_namespace.reset();
  sys::die_with_parent();  // after setns: a change of credentials forgets it
  OwnedFd proc = sys::open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
  keep_only(std::array{&plan.backing, &plan.device, &channel, &proc});
  allow_many_descriptors();
  ::umask(0);  // the kernel applies that of who makes a file
  confine_server(plan.backing, plan.filters);
  const Charges charges = Charges::on(plan.backing.get());
  const Quota at_first(plan.caps, usage_below(plan.backing, charges));
  QuotaFs files(sys::duplicate(plan.backing.get()), std::move(proc), at_first, charges);
  tell(channel, {.what = ServerNews::What::kServing, .caps = plan.caps, .used = files.quota().used()});
  Server server(std::move(plan.device), std::move(files), [&channel](Refusal refusal, const Quota& quota) {
    const bool bytes = refusal == Refusal::kBytes;
    tell(channel, {.what = bytes ? ServerNews::What::kFullOfBytes : ServerNews::What::kFullOfFiles,
                   .caps = quota.caps(),
                   .used = quota.used()});
  });
  server.run();
  tell(channel, {.what = ServerNews::What::kReleased});
}

[[noreturn]] void run(ServerPlan plan, OwnedFd channel) {
  int status = 1;
  try {
    serve(std::move(plan), channel);
    status = 0;
  } catch (const SysError& error) {
    tell(channel, {.what = ServerNews::What::kFailed, .error = error.code()});
  } catch (...) {
    tell(channel, {.what = ServerNews::What::kFailed, .error = ENOMEM});
  }
  ::_exit(status);
}

}  // namespace

FileServer start_file_server(ServerPlan plan) {
  auto [ours, theirs] = sys::make_channel();
  const pid_t pid = sys::fork();  // not clone3: its child may call nothing that takes locks
  if (pid == 0) run(std::move(plan), std::move(theirs));
  auto pidfd = sys::pidfd_of(pid);  // our child, not reaped: it is there
  return {sys::Process(pid, pidfd ? std::move(*pidfd) : OwnedFd()), std::move(ours)};
}

std::optional<ServerNews> next_news(const FileServer& server) {
  ServerNews news;
  if (!sys::receive_packet(server.news, std::as_writable_bytes(std::span(&news, 1)))) return std::nullopt;
  return news;
}

}  // namespace clawbox::store
