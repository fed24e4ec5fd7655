#include "net/nftables_probe.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <memory>

#include "base/error.h"

namespace clawbox::net {
namespace {

struct CloseSocket {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};
struct StopBatch {
  void operator()(mnl_nlmsg_batch* batch) const { mnl_nlmsg_batch_stop(batch); }
};
using Socket = std::unique_ptr<mnl_socket, CloseSocket>;
using Batch = std::unique_ptr<mnl_nlmsg_batch, StopBatch>;
using Buffer = std::array<char, 4096>;

enum Sequence : uint32_t { kBegin = 1, kTable, kEnd };

/// `family` and `subsystem` as <linux/netfilter/nfnetlink.h> has them.
nlmsghdr* add_message(mnl_nlmsg_batch* batch, int type, int flags, uint8_t family, uint16_t subsystem,
                      Sequence sequence) {
  nlmsghdr* message = mnl_nlmsg_put_header(mnl_nlmsg_batch_current(batch));
  message->nlmsg_type = static_cast<uint16_t>(type);
  message->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  message->nlmsg_seq = sequence;
  auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  extra->nfgen_family = family;
  extra->version = NFNETLINK_V0;
  extra->res_id = htons(subsystem);
  return message;
}

Batch table_batch(Buffer& buffer) {
  Batch batch(mnl_nlmsg_batch_start(buffer.data(), buffer.size() / 2));  // libmnl wants twice the limit
  if (batch == nullptr) throw_errno("starting an nf_tables batch");
  add_message(batch.get(), NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, kBegin);
  mnl_nlmsg_batch_next(batch.get());
  constexpr int kNewTable = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE;
  nlmsghdr* table = add_message(batch.get(), kNewTable, NLM_F_CREATE | NLM_F_ACK, NFPROTO_INET, 0, kTable);
  mnl_attr_put_strz(table, NFTA_TABLE_NAME, "clawbox-doctor");
  mnl_nlmsg_batch_next(batch.get());
  add_message(batch.get(), NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, kEnd);
  mnl_nlmsg_batch_next(batch.get());
  return batch;
}

}  // namespace

void make_probe_table() {
  const Socket socket(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
  if (socket == nullptr || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
    throw_errno("opening a netfilter socket");
  Buffer buffer{};
  const Batch batch = table_batch(buffer);
  if (mnl_socket_sendto(socket.get(), mnl_nlmsg_batch_head(batch.get()), mnl_nlmsg_batch_size(batch.get())) < 0)
    throw_errno("sending an nf_tables batch");
  // A batch that the kernel refuses as a whole is answered under the number of its first message: 0 takes any.
  const ssize_t got = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
  const unsigned port = mnl_socket_get_portid(socket.get());
  if (got < 0 || mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), 0, port, nullptr, nullptr) < 0)
    throw_errno("making an nf_tables table");
}

}  // namespace clawbox::net
