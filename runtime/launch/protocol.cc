#include "launch/protocol.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace clawbox::launch {

bool send(const OwnedFd& channel, const Packet& packet, std::span<const int> descriptors) {
  return sys::send_packet(channel, std::as_bytes(std::span(&packet, 1)), descriptors);
}

bool send(const OwnedFd& channel, Kind kind, uint32_t command, int32_t number) {
  Packet packet;
  packet.kind = kind;
  packet.command = command;
  packet.number = number;
  return send(channel, packet);
}

std::optional<Message> receive(const OwnedFd& channel) {
  Message message;
  auto received = sys::receive_packet(channel, std::as_writable_bytes(std::span(&message.packet, 1)));
  if (!received) return std::nullopt;
  message.descriptors = std::move(received->descriptors);
  return message;
}

Packet failure_packet(ExitStatus status, int code, std::string_view what, std::string_view remedy) {
  Packet packet;
  packet.kind = Kind::kFailed;
  packet.status = static_cast<int32_t>(status);
  packet.number = code;
  constexpr std::size_t kRoom = sizeof packet.text - 2;
  const std::size_t first = std::min(what.size(), kRoom);
  what.copy(packet.text, first);
  remedy.copy(packet.text + first + 1, std::min(remedy.size(), kRoom - first));
  return packet;
}

Error failure_in(const Packet& failure) {
  return Error(static_cast<ExitStatus>(failure.status), std::string(what_of(failure)), std::string(remedy_of(failure)));
}

std::string_view what_of(const Packet& failure) { return {failure.text, ::strnlen(failure.text, sizeof failure.text)}; }

std::string_view remedy_of(const Packet& failure) {
  const std::size_t start = what_of(failure).size() + 1;
  if (start >= sizeof failure.text) return {};
  return {failure.text + start, ::strnlen(failure.text + start, sizeof failure.text - start)};
}

}  // namespace clawbox::launch
