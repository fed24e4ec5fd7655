#include "session/socket_owners.h"

// First: the kernel's headers give way to it, and not the other way round.
#include <netinet/in.h>

#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "supervise/usage.h"
#include "sys/directories.h"
#include "sys/files.h"
#include "sys/process_facts.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::nanoseconds kAtOnce = 300ms;  // that looking may take,
constexpr int kShare = 10;                           // and after that one part of so many of the time
constexpr std::size_t kMostDescriptors = std::size_t{1} << 16;
constexpr std::size_t kMostLinks = 200;  // read of one process

/// Whether descriptor `name` of /proc/PID/fd leads to `link`.
bool leads_to(const OwnedFd& directory, int number, const std::string& link) {
  std::array<char, 64> text{};
  const ssize_t size = ::readlinkat(directory.get(), std::to_string(number).c_str(), text.data(), text.size());
  return size > 0 && std::string_view(text.data(), static_cast<std::size_t>(size)) == link;
}

/// The newest first: a socket that was just connected mostly has the highest number.
bool has_open(pid_t pid, const std::string& link) try {
  const OwnedFd directory = sys::open(fmt::format("/proc/{}/fd", pid), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  sys::Listing listing(directory);
  std::vector<int> numbers;
  while (const dirent* entry = listing.next())
    if (numbers.size() < kMostDescriptors) numbers.push_back(static_cast<int>(std::strtol(entry->d_name, nullptr, 10)));
  std::sort(numbers.rbegin(), numbers.rend());
  if (numbers.size() > kMostLinks) numbers.resize(kMostLinks);
  return std::any_of(numbers.begin(), numbers.end(), [&](int number) { return leads_to(directory, number, link); });
} catch (const SysError&) {
  return false;  // gone, or not ours to see
}

}  // namespace

bool SocketOwners::may_look() {
  const auto now = Clock::now();
  left_ = std::min(kAtOnce, left_ + (now - std::exchange(refilled_, now)) / kShare);
  return left_ > 0ns;
}

std::optional<uint32_t> SocketOwners::inode_of(uint8_t protocol, const sys::Endpoint& from,
                                               const sys::Endpoint& to) const {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 body;
  } request{};
  request.header = {sizeof request, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 1, 0};
  request.body.sdiag_family = from.address.is_v4() ? AF_INET : AF_INET6;
  request.body.sdiag_protocol = protocol;
  request.body.idiag_states = ~0U;
  // "Source" is the socket's own end, but for UDP, where it is the other one's: kernel, udp_dump_one().
  const bool is_udp = protocol == IPPROTO_UDP;
  const sys::Endpoint &source = is_udp ? to : from, &destination = is_udp ? from : to;
  request.body.id.idiag_sport = htons(source.port);
  request.body.id.idiag_dport = htons(destination.port);
  std::memcpy(request.body.id.idiag_src, source.address.bytes().data(), source.address.bytes().size());
  std::memcpy(request.body.id.idiag_dst, destination.address.bytes().data(), destination.address.bytes().size());
  request.body.id.idiag_cookie[0] = request.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (::send(diag_.get(), &request, sizeof request, MSG_DONTWAIT) < 0) return std::nullopt;
  std::array<char, 1024> reply;  // the kernel has answered by now
  const ssize_t got = ::recv(diag_.get(), reply.data(), reply.size(), MSG_DONTWAIT);
  nlmsghdr header{};
  inet_diag_msg message{};
  if (got < static_cast<ssize_t>(sizeof header + sizeof message)) return std::nullopt;
  std::memcpy(&header, reply.data(), sizeof header);
  std::memcpy(&message, reply.data() + NLMSG_HDRLEN, sizeof message);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || message.idiag_inode == 0) return std::nullopt;
  return message.idiag_inode;
}

std::optional<SocketOwners::Owner> SocketOwners::owner_in(pid_t pid, const std::string& link) {
  if (!has_open(pid, link)) return std::nullopt;
  const auto stat = sys::stat_of(pid);
  const auto status = sys::status_of(pid);
  if (!stat || !status) return std::nullopt;
  last_ = pid;
  return Owner{pid, status->tgids.empty() ? 0 : status->tgids.back(), stat->name};
}

std::optional<SocketOwners::Owner> SocketOwners::look(const std::string& link, pid_t init) {
  const std::vector<pid_t> processes = supervise::tree_of(init);
  // Who opened one mostly opens the next.
  const bool lives = last_ != 0 && std::find(processes.begin(), processes.end(), last_) != processes.end();
  if (lives)
    if (auto owner = owner_in(last_, link)) return owner;
  for (const pid_t pid : processes) {
    if (pid == init || (lives && pid == last_)) continue;
    if (auto owner = owner_in(pid, link)) return owner;
  }
  return std::nullopt;
}

std::optional<SocketOwners::Owner> SocketOwners::find(uint8_t protocol, const sys::Endpoint& from,
                                                      const sys::Endpoint& to, pid_t init) {
  if (!may_look()) return std::nullopt;
  const auto began = Clock::now();
  const auto inode = inode_of(protocol, from, to);
  auto owner = inode ? look(fmt::format("socket:[{}]", *inode), init) : std::nullopt;
  left_ -= Clock::now() - began;
  return owner;
}

}  // namespace clawbox::session
