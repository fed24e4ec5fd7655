#include "launch/child.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/stopwatch.h"
#include "launch/handover.h"
#include "launch/identity.h"
#include "launch/init.h"
#include "launch/protocol.h"
#include "mount/view.h"
#include "net/link.h"
#include "net/listeners.h"
#include "net/steering.h"
#include "seccomp/install.h"
#include "seccomp/landlock.h"
#include "sys/files.h"
#include "sys/heap.h"
#include "sys/keyrings.h"
#include "sys/privileges.h"
#include "sys/processes.h"

namespace clawbox::launch {
namespace {

constexpr std::size_t kListenersInPacket = 200;  // of sys::kMostDescriptors
constexpr int kFirstFreeDescriptor = 4;          // 0–2 are /dev/null, 3 is the channel

/// The launcher is gone: nobody is left to tell.
[[noreturn]] void die() { sys::exit_alone(static_cast<int>(ExitStatus::kSetupFailed)); }

/// One id of our own needs nobody else, and no wait; anything more is the parent's work.
std::vector<OwnedFd> take_identity(const Identity& identity, const OwnedFd& channel) {
  if (identity.writer == Identity::Writer::kSelf) {
    write_own_id_map(identity);
    return {};
  }
  auto message = receive(channel);
  if (!message || message->packet.kind != Kind::kGo) die();
  return std::move(message->descriptors);
}

/// Whoever looks into it waits for the launcher to serve it.
OwnedFd mounted(const store::Store& store, const OwnedFd& channel) {
  store::Store::Mounted mounted = store.mount();
  if (!mounted.for_parent) return std::move(mounted.mount);
  const OwnedFd user_namespace = sys::open("/proc/self/ns/user", O_RDONLY);
  Packet packet;
  packet.kind = Kind::kStore;
  if (!send(channel, packet, std::array{mounted.for_parent.get(), user_namespace.get()})) die();
  return std::move(mounted.mount);
}

/// The listeners are opened while our capabilities over the network last, and served by a process outside.
void give_listeners(const std::vector<net::Opened>& opened, const OwnedFd& channel) {
  for (std::size_t first = 0; first < opened.size(); first += kListenersInPacket) {
    Packet packet;
    packet.kind = Kind::kListeners;
    std::vector<int> descriptors;
    for (std::size_t i = first; i < std::min(opened.size(), first + kListenersInPacket); ++i) {
      packet.text[i - first] = static_cast<char>(opened[i].door);
      descriptors.push_back(opened[i].socket.get());
    }
    if (!send(channel, packet, descriptors)) die();
  }
}

void set_up_network(const Network& network, const OwnedFd& channel) {
  if (network.mode == Network::Mode::kHost) return;
  if (!network.allowlist) return net::bring_loopback_up();
  const net::Ipv6 ipv6 = net::make_every_address_local(network.allowlist->synthetic);
  if (network.allowlist->steering == NetworkAllowlist::Steering::kTproxy) net::steer(*network.allowlist, ipv6);
  give_listeners(net::open_listeners(*network.allowlist, ipv6), channel);
}

/// The session's own servers, and the relay's sockets, which are bound later by a process without capabilities, may
/// have any port of the session's own network. Through the new proc, as the host's may be read-only.
void open_all_ports(const Network& network, const OwnedFd& bare_proc) {
  if (!network.allowlist) return;
  const std::string name = "sys/net/ipv4/ip_unprivileged_port_start";
  sys::write_all(sys::open_at(bare_proc, name, O_WRONLY, sys::Resolve::kNoSymlinks), "0\n", name);
}

OwnedFd build_view(const Plan& plan, std::vector<OwnedFd> mapped, OwnedFd store) {
  mount::View view;
  if (store) view.take_store(std::move(store));
  auto next = mapped.begin();
  for (const MountStep& step : plan.mounts) {
    const Bind* bind = std::get_if<Bind>(&step.action);
    const bool takes_one = bind != nullptr && bind->ownership == Ownership::kMapped;
    if (takes_one && next == mapped.end()) throw_sys_error(EPROTO, "a mapped tree is missing");
    view.apply(step, takes_one ? std::move(*next++) : OwnedFd());
  }
  view.enter();
  return sys::duplicate(view.bare_proc().get());
}

void set_limits(const Limits& limits) {
  for (const Rlimit& limit : limits.rlimits) sys::set_limit(limit.resource, limit.value);
}

void give_up_privileges() {
  sys::drop_capabilities();
  sys::require_no_capabilities();
  sys::set_no_new_privileges();
  sys::set_dumpable(sys::Dumpable::kNo);  // the program has our uid: it must not trace pid 1 or read its memory
}

void close_all_but_channel(OwnedFd& channel) {
  OwnedFd kept(::dup3(channel.get(), kFirstFreeDescriptor - 1, O_CLOEXEC));
  if (channel.get() == kFirstFreeDescriptor - 1) kept = OwnedFd(channel.release());
  channel = std::move(kept);
  sys::close_from(kFirstFreeDescriptor);
}

void report(const OwnedFd& channel, const Error& error) {
  const auto* system = dynamic_cast<const SysError*>(&error);
  const int code = system != nullptr ? system->code() : 0;
  send(channel, failure_packet(error.status(), code, error.what(), error.remedy()));
}

/// Pid 1 holds no pipe of the caller: whoever reads from one must see the end when the command closes it.
void let_go_of_stdio() {
  const OwnedFd null = sys::open("/dev/null", O_RDWR);
  for (int number = 0; number < 3; ++number)
    if (::dup2(null.get(), number) < 0) throw_errno("connecting descriptor {}", number);
}

/// Whose calls reach a keyring needs one of its own; the others have what the launcher has.
bool may_keep_keys(const SyscallPolicy& policy) {
  return std::none_of(policy.refuse.begin(), policy.refuse.end(), [](const SyscallRule& rule) {
    return rule.tests.empty() && (rule.call == "@keyring" || rule.call == "keyctl");
  });
}

/// Ends with a process that is inside, has no privileges, and holds no descriptor but its channel.
void settle(Inheritance& given, Stopwatch& watch) {
  const Plan& plan = given.plan;
  sys::die_with_parent();  // again below: the kernel forgets it when ids change
  std::vector<OwnedFd> mapped = take_identity(plan.identity, given.channel);
  watch.lap("go");
  become_session_user(plan.identity);
  sys::die_with_parent();
  sys::unshare(CLONE_NEWCGROUP);  // only now is our own cgroup its root
  set_up_network(plan.network, given.channel);
  watch.lap("network");
  sys::set_hostname(plan.identity.hostname);
  sys::rename_process("clawbox-init");
  sys::new_session();
  if (may_keep_keys(plan.syscalls)) sys::join_new_keyring();
  OwnedFd store = given.store != nullptr ? mounted(*given.store, given.channel) : OwnedFd();
  const OwnedFd bare_proc = build_view(plan, std::move(mapped), std::move(store));
  open_all_ports(plan.network, bare_proc);
  watch.lap("mounts");
  let_go_of_stdio();
  enter_inner_user_namespace(plan.identity, bare_proc);  // from here nothing of the outer namespace is ours
  set_limits(plan.limits);
  give_up_privileges();
  watch.lap("privileges");
}

[[noreturn]] void run_steps(Inheritance& given) {
  Stopwatch watch;
  settle(given, watch);
  close_all_but_channel(given.channel);  // late, so that nothing opened above is left
  landlock::restrict_self(given.plan.landlock);
  watch.lap("landlock");
  Handover handover(given.filters, given.channel);
  OwnedFd listener = seccomp::install(given.filters);  // last: nothing above has to be allowed by it
  watch.lap("seccomp");
  Packet ready;
  ready.kind = Kind::kReady;
  watch.laps().copy(ready.text, sizeof ready.text - 1);
  if (!handover.give(ready, std::move(listener))) die();
  const auto armed = receive(given.channel);
  if (!armed || armed->packet.kind != Kind::kArm) die();
  handover.finish();
  if (given.plan.command.argv.empty()) sys::release_free_pages();  // this process stays for hours
  serve_as_init(given.channel);
}

}  // namespace

void live_as_pid_1(Inheritance given) noexcept {
  try {
    run_steps(given);
  } catch (const Error& error) {
    report(given.channel, error);
  } catch (const std::exception& error) {
    report(given.channel, Error(ExitStatus::kInternal, error.what()));
  }
  die();
}

}  // namespace clawbox::launch
