#include "net/netlink.h"

#include <array>
#include <cstring>

#include "base/error.h"

namespace clawbox::net {
namespace {

constexpr std::size_t kMostMessage = 1024;  // what is left for one message when it is begun

/// Each netlink answer of a datagram, in order; returns whether `acknowledged` was among them.
bool read_answers(const char* bytes, int size, uint32_t acknowledged, const Requests& requests) {
  for (const auto* header = reinterpret_cast<const nlmsghdr*>(bytes); mnl_nlmsg_ok(header, size);
       header = mnl_nlmsg_next(header, &size)) {
    if (header->nlmsg_type != NLMSG_ERROR) continue;
    const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header));
    if (error->error != 0) throw_sys_error(-error->error, requests.doing(header->nlmsg_seq));
    if (header->nlmsg_seq == acknowledged) return true;
  }
  return false;
}

}  // namespace

nlmsghdr* Requests::last() { return reinterpret_cast<nlmsghdr*>(buffer_.get() + end_); }

std::size_t Requests::last_size() const {
  if (doing_.empty()) return 0;
  nlmsghdr header;
  std::memcpy(&header, buffer_.get() + end_, sizeof header);
  return MNL_ALIGN(header.nlmsg_len);
}

nlmsghdr* Requests::add(int type, int flags, std::string doing) {
  end_ += last_size();
  if (end_ + kMostMessage > most_bytes_) throw_sys_error(ENOBUFS, doing);
  doing_.push_back(std::move(doing));
  nlmsghdr* header = mnl_nlmsg_put_header(buffer_.get() + end_);
  header->nlmsg_type = static_cast<uint16_t>(type);
  header->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  header->nlmsg_seq = last_sequence();
  return header;
}

const std::string& Requests::doing(uint32_t sequence) const {
  return doing_.at(sequence == 0 || sequence > doing_.size() ? 0 : sequence - 1);
}

Netlink::Netlink(int protocol) : socket_(mnl_socket_open2(protocol, SOCK_CLOEXEC)) {
  if (socket_ == nullptr || mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0)
    throw_errno("opening a netlink socket");
}

void Netlink::ask(const Requests& requests, uint32_t acknowledged) const {
  if (mnl_socket_sendto(socket_.get(), requests.bytes(), requests.size()) < 0)
    throw_errno("{}", requests.doing(acknowledged));
  std::array<char, 8192> buffer;
  while (true) {
    const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (got < 0) throw_errno("{}", requests.doing(acknowledged));
    if (read_answers(buffer.data(), static_cast<int>(got), acknowledged, requests)) return;
  }
}

}  // namespace clawbox::net
