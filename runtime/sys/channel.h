// A pair of connected SOCK_SEQPACKET sockets: whole packets, descriptors along with them, end-of-file when the peer is
// gone. unix(7), SCM_RIGHTS.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/owned_fd.h"

namespace clawbox::sys {

struct Channel {
  OwnedFd one, other;
};
Channel make_channel();
/// The same as a stream of bytes, without borders between packets: SOCK_STREAM.
Channel make_stream();

/// False if the peer is gone. `descriptors`: at most kMostDescriptors.
inline constexpr std::size_t kMostDescriptors = 250;  // SCM_MAX_FD is 253
bool send_packet(const OwnedFd& channel, std::span<const std::byte> packet, std::span<const int> descriptors = {});

/// Fills `packet` exactly. Nothing at end-of-file; a packet of any other size throws. Waits unless MSG_DONTWAIT.
struct Received {
  std::vector<OwnedFd> descriptors;
};
std::optional<Received> receive_packet(const OwnedFd& channel, std::span<std::byte> packet);

/// Packets of any size up to `most`, which is an error to exceed: text, and descriptors along with it.
bool send_text(const OwnedFd& channel, std::string_view text, std::span<const int> descriptors = {});
struct ReceivedText {
  std::string text;
  std::vector<OwnedFd> descriptors;
};
std::optional<ReceivedText> receive_text(const OwnedFd& channel, std::size_t most);

}  // namespace clawbox::sys
