#include "net/ruleset.h"

// First: the kernel's headers give way to it, and not the other way round.
#include <netinet/in.h>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace clawbox::net {
namespace {

constexpr std::size_t kMostBytes = std::size_t{512} << 10;
constexpr uint32_t kSnapLength = 64;  // headers and ports
constexpr uint32_t kValue = NFT_REG_1, kPort = NFT_REG_2;

void put_be32(nlmsghdr* message, uint16_t attribute, uint32_t value) {
  mnl_attr_put_u32(message, attribute, htonl(value));
}

void put_family(nlmsghdr* message, uint8_t family, uint16_t subsystem) {
  auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  extra->nfgen_family = family;
  extra->version = NFNETLINK_V0;
  extra->res_id = htons(subsystem);
}

std::array<uint8_t, 16> mask_of(unsigned length) {
  std::array<uint8_t, 16> mask{};
  for (unsigned bit = 0; bit < length; ++bit) mask[bit / 8] = static_cast<uint8_t>(mask[bit / 8] | 0x80U >> (bit % 8));
  return mask;
}

}  // namespace

Rule::Rule(nlmsghdr* message) : message_(message), expressions_(mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS)) {}

Rule::~Rule() { mnl_attr_nest_end(message_, expressions_); }

nlattr* Rule::begin(const char* name) {
  element_ = mnl_attr_nest_start(message_, NFTA_LIST_ELEM);
  mnl_attr_put_strz(message_, NFTA_EXPR_NAME, name);
  return mnl_attr_nest_start(message_, NFTA_EXPR_DATA);
}

void Rule::end(nlattr* data) {
  mnl_attr_nest_end(message_, data);
  mnl_attr_nest_end(message_, element_);
}

void Rule::load_meta(uint32_t key) {
  nlattr* data = begin("meta");
  put_be32(message_, NFTA_META_DREG, kValue);
  put_be32(message_, NFTA_META_KEY, key);
  end(data);
}

void Rule::load_payload(uint32_t base, uint32_t offset, uint32_t size) {
  nlattr* data = begin("payload");
  put_be32(message_, NFTA_PAYLOAD_DREG, kValue);
  put_be32(message_, NFTA_PAYLOAD_BASE, base);
  put_be32(message_, NFTA_PAYLOAD_OFFSET, offset);
  put_be32(message_, NFTA_PAYLOAD_LEN, size);
  end(data);
}

void Rule::compare(uint32_t operation, const void* bytes, std::size_t size) {
  nlattr* data = begin("cmp");
  put_be32(message_, NFTA_CMP_SREG, kValue);
  put_be32(message_, NFTA_CMP_OP, operation);
  nlattr* value = mnl_attr_nest_start(message_, NFTA_CMP_DATA);
  mnl_attr_put(message_, NFTA_DATA_VALUE, size, bytes);
  mnl_attr_nest_end(message_, value);
  end(data);
}

Rule& Rule::to(const IpPrefix& destination) {
  const bool v4 = destination.address.is_v4();
  const auto bytes = destination.address.bytes();
  load_meta(NFT_META_NFPROTO);
  const uint8_t family = v4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
  compare(NFT_CMP_EQ, &family, sizeof family);
  load_payload(NFT_PAYLOAD_NETWORK_HEADER, v4 ? 16 : 24, static_cast<uint32_t>(bytes.size()));
  if (!destination.is_one_address()) {
    const std::array<uint8_t, 16> mask = mask_of(destination.length), zero{};
    nlattr* data = begin("bitwise");
    put_be32(message_, NFTA_BITWISE_SREG, kValue);
    put_be32(message_, NFTA_BITWISE_DREG, kValue);
    put_be32(message_, NFTA_BITWISE_LEN, static_cast<uint32_t>(bytes.size()));
    for (const auto& [attribute, value] : {std::pair{NFTA_BITWISE_MASK, &mask}, std::pair{NFTA_BITWISE_XOR, &zero}}) {
      nlattr* nest = mnl_attr_nest_start(message_, static_cast<uint16_t>(attribute));
      mnl_attr_put(message_, NFTA_DATA_VALUE, bytes.size(), value->data());
      mnl_attr_nest_end(message_, nest);
    }
    end(data);
  }
  compare(NFT_CMP_EQ, bytes.data(), bytes.size());
  return *this;
}

Rule& Rule::protocol(uint8_t number) {
  load_meta(NFT_META_L4PROTO);
  compare(NFT_CMP_EQ, &number, sizeof number);
  return *this;
}

Rule& Rule::ports(const PortRange& destination) {
  const uint16_t first = htons(destination.first), last = htons(destination.last);
  load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof first);
  const bool is_one = first == last;
  compare(is_one ? NFT_CMP_EQ : NFT_CMP_GTE, &first, sizeof first);
  if (!is_one) compare(NFT_CMP_LTE, &last, sizeof last);
  return *this;
}

void Rule::put_immediate(uint32_t reg, const void* bytes, std::size_t size) {
  nlattr* data = begin("immediate");
  put_be32(message_, NFTA_IMMEDIATE_DREG, reg);
  nlattr* value = mnl_attr_nest_start(message_, NFTA_IMMEDIATE_DATA);
  mnl_attr_put(message_, NFTA_DATA_VALUE, size, bytes);
  mnl_attr_nest_end(message_, value);
  end(data);
}

void Rule::accept() {
  nlattr* data = begin("immediate");
  put_be32(message_, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
  nlattr* value = mnl_attr_nest_start(message_, NFTA_IMMEDIATE_DATA);
  nlattr* verdict = mnl_attr_nest_start(message_, NFTA_DATA_VERDICT);
  put_be32(message_, NFTA_VERDICT_CODE, NF_ACCEPT);
  mnl_attr_nest_end(message_, verdict);
  mnl_attr_nest_end(message_, value);
  end(data);
}

void Rule::transparent(const IpAddress& address, uint16_t port) {
  const uint16_t number = htons(port);
  put_immediate(kValue, address.bytes().data(), address.bytes().size());
  put_immediate(kPort, &number, sizeof number);
  nlattr* data = begin("tproxy");
  put_be32(message_, NFTA_TPROXY_FAMILY, address.is_v4() ? NFPROTO_IPV4 : NFPROTO_IPV6);
  put_be32(message_, NFTA_TPROXY_REG_ADDR, kValue);
  put_be32(message_, NFTA_TPROXY_REG_PORT, kPort);
  end(data);
}

Rule& Rule::log(const char* prefix, uint16_t group) {
  nlattr* data = begin("log");
  mnl_attr_put_u16(message_, NFTA_LOG_GROUP, htons(group));
  mnl_attr_put_strz(message_, NFTA_LOG_PREFIX, prefix);
  put_be32(message_, NFTA_LOG_SNAPLEN, kSnapLength);
  end(data);
  return *this;
}

void Rule::reset() {
  nlattr* data = begin("reject");
  put_be32(message_, NFTA_REJECT_TYPE, NFT_REJECT_TCP_RST);
  end(data);
}

void Rule::reject() {
  nlattr* data = begin("reject");
  put_be32(message_, NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
  mnl_attr_put_u8(message_, NFTA_REJECT_ICMP_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
  end(data);
}

Ruleset::Ruleset(std::string table) : table_(std::move(table)), requests_(kMostBytes) {
  put_family(requests_.add(NFNL_MSG_BATCH_BEGIN, 0, "loading the nf_tables rules"), AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  nlmsghdr* message = add(NFT_MSG_NEWTABLE, NLM_F_CREATE, "making an nf_tables table");
  mnl_attr_put_strz(message, NFTA_TABLE_NAME, table_.c_str());
}

nlmsghdr* Ruleset::add(int type, int flags, std::string doing) {
  nlmsghdr* message = requests_.add(NFNL_SUBSYS_NFTABLES << 8 | type, flags, std::move(doing));
  put_family(message, NFPROTO_INET, 0);
  return message;
}

void Ruleset::add_chain(const char* name, uint32_t hook, int32_t priority, uint32_t policy) {
  nlmsghdr* message = add(NFT_MSG_NEWCHAIN, NLM_F_CREATE, fmt::format("making the nf_tables chain {}", name));
  mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, table_.c_str());
  mnl_attr_put_strz(message, NFTA_CHAIN_NAME, name);
  nlattr* place = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
  put_be32(message, NFTA_HOOK_HOOKNUM, hook);
  put_be32(message, NFTA_HOOK_PRIORITY, static_cast<uint32_t>(priority));
  mnl_attr_nest_end(message, place);
  put_be32(message, NFTA_CHAIN_POLICY, policy);
  mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
}

void Ruleset::add_rule(const char* chain, const std::function<void(Rule&)>& make) {
  put_rule(chain, NLM_F_CREATE | NLM_F_APPEND, make);
}

void Ruleset::add_first_rule(const char* chain, const std::function<void(Rule&)>& make) {
  put_rule(chain, NLM_F_CREATE, make);
}

void Ruleset::put_rule(const char* chain, int flags, const std::function<void(Rule&)>& make) {
  nlmsghdr* message = add(NFT_MSG_NEWRULE, flags, fmt::format("adding a rule to {}", chain));
  mnl_attr_put_strz(message, NFTA_RULE_TABLE, table_.c_str());
  mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
  Rule rule(message);
  make(rule);
}

void Ruleset::load() {
  // Errors come of every message; an answer without one is needed of the last.
  requests_.last()->nlmsg_flags |= NLM_F_ACK;
  const uint32_t last = requests_.last_sequence();
  put_family(requests_.add(NFNL_MSG_BATCH_END, 0, "loading the nf_tables rules"), AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  Netlink(NETLINK_NETFILTER).ask(requests_, last);
}

}  // namespace clawbox::net
