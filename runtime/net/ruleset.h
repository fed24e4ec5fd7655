// One table of nf_tables, built rule by rule and loaded in one batch, as the kernel demands: nft(8), netlink attributes
// of <linux/netfilter/nf_tables.h>, through libmnl.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/ip_address.h"
#include "base/network_rule.h"
#include "net/netlink.h"

namespace clawbox::net {

/// Expressions in the order in which they are tried: matches first, then what becomes of the packet.
class Rule {
 public:
  explicit Rule(nlmsghdr* message);
  Rule(const Rule&) = delete;
  ~Rule();

  Rule& to(const IpPrefix& destination);
  Rule& protocol(uint8_t number);  // IPPROTO_…
  Rule& port(uint16_t destination) { return ports({destination, destination}); }
  Rule& ports(const PortRange& destination);

  void accept();
  /// To the transparent socket at this address and port.
  void transparent(const IpAddress& address, uint16_t port);
  Rule& log(const char* prefix, uint16_t group);  // nfnetlink_log, 64 bytes of each packet
  void reset();                                   // of TCP
  void reject();                                  // EPERM to who sends

 private:
  nlattr* begin(const char* name);
  void end(nlattr* data);
  void load_meta(uint32_t key);
  void load_payload(uint32_t base, uint32_t offset, uint32_t size);
  void compare(uint32_t operation, const void* bytes, std::size_t size);
  void put_immediate(uint32_t reg, const void* bytes, std::size_t size);

  nlmsghdr* message_;
  nlattr* expressions_;
  nlattr* element_ = nullptr;
};

class Ruleset {
 public:
  explicit Ruleset(std::string table);

  /// Of type filter at `hook`; `policy`: NF_ACCEPT or NF_DROP.
  void add_chain(const char* name, uint32_t hook, int32_t priority, uint32_t policy);
  void add_rule(const char* chain, const std::function<void(Rule&)>& make);
  void add_first_rule(const char* chain, const std::function<void(Rule&)>& make);  // of a chain that is there
  /// Throws SysError with what the kernel refused.
  void load();

 private:
  void put_rule(const char* chain, int flags, const std::function<void(Rule&)>& make);
  nlmsghdr* add(int type, int flags, std::string doing);

  std::string table_;
  Requests requests_;
};

}  // namespace clawbox::net
