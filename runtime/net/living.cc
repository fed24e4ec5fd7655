#include "net/living.h"

#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <functional>
#include <string>

#include "base/error.h"
#include "net/steering.h"
#include "sys/channel.h"
#include "sys/processes.h"

namespace clawbox::net {
namespace {

constexpr std::size_t kMostText = 4096;
constexpr char kDone = '+';    // before a net::Door for each descriptor: an empty packet would be end-of-file
constexpr char kFailed = '!';  // before errno and a text

using Act = std::function<std::vector<Opened>()>;

void enter(const OwnedFd& network) {
  const OwnedFd owner(::ioctl(network.get(), NS_GET_USERNS));
  if (!owner) throw_errno("looking for the owner of the session's network");
  if (::setns(owner.get(), CLONE_NEWUSER) != 0) throw_errno("entering the session's user namespace");
  if (::setns(network.get(), CLONE_NEWNET) != 0) throw_errno("entering the session's network");
}

[[noreturn]] void act_inside(const OwnedFd& network, const Act& act, const OwnedFd& channel) noexcept {
  try {
    enter(network);
    std::string doors(1, kDone);
    std::vector<int> descriptors;
    const std::vector<Opened> opened = act();
    for (const Opened& one : opened) {
      doors += static_cast<char>(one.door);
      descriptors.push_back(one.socket.get());
    }
    sys::send_text(channel, doors, descriptors);
  } catch (const SysError& error) {
    sys::send_text(channel, fmt::format("{}{} {}", kFailed, error.code(), error.what()));
  } catch (...) {
    // The caller sees that nothing came.
  }
  sys::exit_alone(0);
}

std::vector<Opened> inside(const OwnedFd& network, const Act& act) {
  auto [ours, theirs] = sys::make_channel();
  const pid_t child = sys::fork();
  if (child == 0) act_inside(network, act, theirs);
  theirs.reset();
  auto message = sys::receive_text(ours, kMostText);
  sys::wait_for(child);
  const std::string text = message ? message->text : fmt::format("{}{} it ended", kFailed, EPIPE);
  if (text.starts_with(kFailed)) {
    const std::size_t space = text.find(' ');
    throw_sys_error(std::stoi(text.substr(1, space - 1)), "changing the session's network: " + text.substr(space + 1));
  }
  if (text.size() != message->descriptors.size() + 1) throw_sys_error(EPROTO, "changing the session's network");
  std::vector<Opened> opened;
  for (std::size_t i = 0; i < message->descriptors.size(); ++i)
    opened.push_back({static_cast<Door>(text[i + 1]), std::move(message->descriptors[i])});
  return opened;
}

}  // namespace

std::vector<Opened> open_spares(const OwnedFd& network, std::size_t count, Ipv6 ipv6) {
  return inside(network, [=] { return spare_streams(count, ipv6); });
}

void let_through(const OwnedFd& network, const NetworkAllowlist& list, const NetworkRule& rule, Ipv6 ipv6) {
  inside(network, [&]() -> std::vector<Opened> {
    steer_more(list, rule, ipv6);
    return {};
  });
}

}  // namespace clawbox::net
