#include "files/stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>

#include "base/error.h"

namespace clawbox::files {
namespace {

struct Header {
  FrameKind kind{};
  uint32_t size = 0;
};

void send_all(const OwnedFd& stream, std::array<iovec, 2> parts) {
  while (parts[0].iov_len + parts[1].iov_len > 0) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    ssize_t put = ::sendmsg(stream.get(), &message, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw_errno("sending to the other end of a file operation");
    for (iovec& part : parts) {
      const std::size_t taken = std::min(part.iov_len, static_cast<std::size_t>(put));
      part.iov_base = static_cast<char*>(part.iov_base) + taken;
      part.iov_len -= taken;
      put -= static_cast<ssize_t>(taken);
    }
  }
}

void receive_all(const OwnedFd& stream, char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(stream.get(), bytes, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading from the other end of a file operation");
    if (got == 0) throw_sys_error(ECONNRESET, "the other end of a file operation is gone");
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace

void send_frame(const OwnedFd& stream, FrameKind kind, std::string_view bytes) {
  Header header{kind, static_cast<uint32_t>(bytes.size())};
  send_all(stream, {iovec{&header, sizeof header}, iovec{const_cast<char*>(bytes.data()), bytes.size()}});
}

Frame receive_frame(const OwnedFd& stream) {
  Header header;
  receive_all(stream, reinterpret_cast<char*>(&header), sizeof header);
  if (header.kind > FrameKind::kAnswer || header.size > kMostPiece)
    throw_sys_error(EPROTO, "a frame of a file operation is wrong");
  Frame frame{header.kind, std::string(header.size, '\0')};
  receive_all(stream, frame.bytes.data(), frame.bytes.size());
  return frame;
}

std::string_view bytes_of(const Answer& answer) { return {reinterpret_cast<const char*>(&answer), sizeof answer}; }

Answer answer_in(const Frame& frame) {
  Answer answer;
  if (frame.bytes.size() != sizeof answer) throw_sys_error(EPROTO, "the answer of a file operation has another size");
  std::memcpy(&answer, frame.bytes.data(), sizeof answer);
  answer.what[sizeof answer.what - 1] = '\0';
  return answer;
}

}  // namespace clawbox::files
