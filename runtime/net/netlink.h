// A netlink socket and a batch of requests on it, answered in order: netlink(7), through libmnl.
#pragma once

#include <libmnl/libmnl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace clawbox::net {

/// Messages that go to the kernel in one send.
class Requests {
 public:
  explicit Requests(std::size_t most_bytes)
      : buffer_(std::make_unique_for_overwrite<char[]>(most_bytes)), most_bytes_(most_bytes) {}

  /// A message of `type` after the last one; `flags` besides NLM_F_REQUEST. `doing`: for the error, should it fail.
  /// Attributes are put at its end until the next `add`; throws SysError (ENOBUFS) where they would not fit.
  nlmsghdr* add(int type, int flags, std::string doing);
  nlmsghdr* last();
  std::size_t size() const { return end_ + last_size(); }
  const char* bytes() const { return buffer_.get(); }
  const std::string& doing(uint32_t sequence) const;
  uint32_t last_sequence() const { return static_cast<uint32_t>(doing_.size()); }

 private:
  std::size_t last_size() const;

  std::unique_ptr<char[]> buffer_;  // not zeroed: a small rule-set in a large buffer touches two pages of it
  std::size_t most_bytes_ = 0;
  std::size_t end_ = 0;             // of the messages before the last
  std::vector<std::string> doing_;  // by sequence number, from 1
};

class Netlink {
 public:
  /// `protocol`: NETLINK_ROUTE, NETLINK_NETFILTER. In the network namespace of the caller.
  explicit Netlink(int protocol);
  /// Sends them, and waits until the message numbered `acknowledged` is answered (it has NLM_F_ACK). Throws SysError
  /// with what the first refused one was doing.
  void ask(const Requests& requests, uint32_t acknowledged) const;
  int fd() const { return mnl_socket_get_fd(socket_.get()); }

 private:
  struct Close {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };
  std::unique_ptr<mnl_socket, Close> socket_;
};

}  // namespace clawbox::net
