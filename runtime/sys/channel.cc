#include "sys/channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace clawbox::sys {
namespace {

struct alignas(cmsghdr) ControlBuffer {
  char bytes[CMSG_SPACE(sizeof(int) * kMostDescriptors)];
};

std::vector<OwnedFd> descriptors_of(msghdr& message) {
  std::vector<OwnedFd> result;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      result.emplace_back(fd);
    }
  }
  return result;
}

Channel connected(int type, const char* action) {
  int ends[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0) throw_errno("{}", action);
  return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

}  // namespace

Channel make_channel() { return connected(SOCK_SEQPACKET, "making a channel"); }

Channel make_stream() { return connected(SOCK_STREAM, "making a stream"); }

bool send_packet(const OwnedFd& channel, std::span<const std::byte> packet, std::span<const int> descriptors) {
  iovec bytes{const_cast<std::byte*>(packet.data()), packet.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  while (::sendmsg(channel.get(), &message, MSG_NOSIGNAL) < 0) {
    if (errno == EPIPE || errno == ECONNRESET) return false;
    if (errno != EINTR) throw_errno("sending on the channel");
  }
  return true;
}

namespace {

struct Raw {
  std::size_t size = 0;
  bool is_cut = false;
  std::vector<OwnedFd> descriptors;
};

Raw receive(const OwnedFd& channel, std::span<std::byte> packet) {
  iovec bytes{packet.data(), packet.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t got = 0;
  while ((got = ::recvmsg(channel.get(), &message, MSG_CMSG_CLOEXEC)) < 0) {
    // ECONNRESET, once: the other end closed without reading all. What it has sent is still there.
    if (errno != EINTR && errno != ECONNRESET) throw_errno("receiving on the channel");
  }
  std::vector<OwnedFd> descriptors = descriptors_of(message);
  return {static_cast<std::size_t>(got), (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0, std::move(descriptors)};
}

}  // namespace

std::optional<Received> receive_packet(const OwnedFd& channel, std::span<std::byte> packet) {
  Raw raw = receive(channel, packet);
  if (raw.size == 0) return std::nullopt;
  if (raw.size != packet.size() || raw.is_cut) throw_sys_error(EPROTO, "a packet of the wrong size on the channel");
  return Received{std::move(raw.descriptors)};
}

bool send_text(const OwnedFd& channel, std::string_view text, std::span<const int> descriptors) {
  return send_packet(channel, std::as_bytes(std::span(text)), descriptors);
}

/// Of a packet, cut or not; 0 at end-of-file.
std::size_t size_of_next(const OwnedFd& channel) {
  ssize_t size = 0;
  while ((size = ::recv(channel.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC)) < 0)
    if (errno != EINTR && errno != ECONNRESET) throw_errno("receiving on the channel");
  return static_cast<std::size_t>(size);
}

std::optional<ReceivedText> receive_text(const OwnedFd& channel, std::size_t most) {
  std::string text(std::min(size_of_next(channel), most), '\0');
  Raw raw = receive(channel, std::as_writable_bytes(std::span(text)));
  if (raw.size == 0) return std::nullopt;
  if (raw.is_cut) throw_sys_error(EPROTO, "a packet that is too large on the channel");
  text.resize(raw.size);
  return ReceivedText{std::move(text), std::move(raw.descriptors)};
}

}  // namespace clawbox::sys
