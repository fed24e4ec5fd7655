#include "egress/name_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "sys/inet_sockets.h"

namespace clawbox::egress {
namespace {

using namespace std::chrono_literals;

constexpr int kPacketsInTurn = 32;
constexpr std::size_t kMostStreams = 64;
constexpr std::size_t kMostQuestion = 4096;  // of a stream, before it is cut off
constexpr auto kStreamLimit = 10s;           // between two questions

}  // namespace

NameServer::NameServer(sys::Loop& loop, Stub stub, OnAnswer on_answer, Shed shed)
    : loop_(loop), stub_(stub), on_answer_(std::move(on_answer)), shed_(std::move(shed)) {}

NameServer::~NameServer() {
  for (const OwnedFd& socket : sockets_) loop_.forget(socket.get());
  for (const Stream& stream : streams_) loop_.forget(stream.socket.get());
}

void NameServer::serve_packets(OwnedFd socket) {
  const OwnedFd& kept = sockets_.emplace_back(std::move(socket));
  loop_.watch(kept.get(), EPOLLIN, [this, &kept](uint32_t) { answer_packets(kept); });
}

void NameServer::serve_streams(OwnedFd listening) {
  const OwnedFd& kept = sockets_.emplace_back(std::move(listening));
  loop_.watch(kept.get(), EPOLLIN, [this, &kept](uint32_t) { accept(kept); });
}

std::string NameServer::answer(std::string_view message, Transport transport) {
  StubReply reply = stub_.answer(message, transport, Names::Clock::now());
  if (reply.asked) on_answer_(*reply.asked);
  return std::move(reply.message);
}

void NameServer::answer_packets(const OwnedFd& socket) {
  std::array<char, 4096> buffer;
  for (int i = 0; i < kPacketsInTurn; ++i) {
    const auto packet = sys::receive_datagram(socket, buffer);
    if (!packet) return;
    if (packet->size == 0) continue;
    const std::string reply = answer({buffer.data(), packet->size}, Transport::kUdp);
    if (!reply.empty()) sys::send_datagram(socket, reply, packet->from, packet->to);
  }
}

void NameServer::accept(const OwnedFd& listening) {
  sys::Accepted accepted = sys::accept_stream(listening);
  if (accepted.error == EMFILE || accepted.error == ENFILE) return shed_(listening);
  if (!accepted.socket || streams_.size() >= kMostStreams) return;
  const Entry stream =
      streams_.insert(streams_.end(), Stream{std::move(accepted.socket), {}, Clock::now() + kStreamLimit});
  loop_.watch(stream->socket.get(), EPOLLIN, [this, stream](uint32_t) { hear(stream); });
}

/// A client that does not take its answers is cut off: nothing is kept for it.
void NameServer::hear(Entry stream) {
  std::array<char, kMostQuestion> buffer;
  const ssize_t got = ::recv(stream->socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return close(stream);
  stream->messages.feed({buffer.data(), static_cast<std::size_t>(got)});
  while (const auto message = stream->messages.next()) {
    const std::string reply = answer(*message, Transport::kTcp);
    const std::string framed = reply.empty() ? "" : dns::framed(reply);
    if (::send(stream->socket.get(), framed.data(), framed.size(), MSG_DONTWAIT | MSG_NOSIGNAL) !=
        static_cast<ssize_t>(framed.size()))
      return close(stream);
    stream->until = Clock::now() + kStreamLimit;
  }
  if (stream->messages.waiting() > kMostQuestion) close(stream);
}

void NameServer::close(Entry stream) {
  loop_.forget(stream->socket.get());
  streams_.erase(stream);
}

void NameServer::tick(Clock::time_point now) {
  for (auto at = streams_.begin(); at != streams_.end();) {
    const Entry stream = at++;
    if (now >= stream->until) close(stream);
  }
}

}  // namespace clawbox::egress
