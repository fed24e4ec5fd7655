#include "egress/refusals.h"

// First: the kernel's headers give way to it, and not the other way round.
#include <netinet/in.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <vector>

#include "support/catch.h"

namespace clawbox::egress {
namespace {

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string attribute(int type, const std::string& payload) {
  nlattr head{};
  head.nla_len = static_cast<uint16_t>(NLA_HDRLEN + payload.size());
  head.nla_type = static_cast<uint16_t>(type);
  return bytes_of(head) + payload + std::string(NLA_ALIGN(payload.size()) - payload.size(), '\0');
}

std::string message(const std::string& attributes, int type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) {
  nlmsghdr head{};
  const nfgenmsg extra{AF_INET, NFNETLINK_V0, htons(5)};
  head.nlmsg_len = static_cast<uint32_t>(sizeof head + sizeof extra + attributes.size());
  head.nlmsg_type = static_cast<uint16_t>(type);
  return bytes_of(head) + bytes_of(extra) + attributes;
}

std::string ports(uint16_t from, uint16_t to) { return bytes_of(htons(from)) + bytes_of(htons(to)); }

/// 10.0.0.1 to 198.18.0.9; `words`: of the header.
std::string packet4(uint8_t protocol, const std::string& payload, std::size_t words = 5) {
  std::string header(words * 4, '\0');
  header[0] = static_cast<char>(0x40U | words);
  header[9] = static_cast<char>(protocol);
  header.replace(12, 8, std::string("\x0A\0\0\x01\xC6\x12\0\x09", 8));
  return header + payload;
}

std::string packet6(uint8_t protocol, const std::string& payload) {
  std::string header(40, '\0');
  header[0] = 0x60;
  header[6] = static_cast<char>(protocol);
  header.replace(24, 2, "\xFD\xC1");
  header[39] = 9;
  return header + payload;
}

std::string logged(const std::string& packet) {
  return message(attribute(NFULA_PREFIX, std::string("tcp\0", 4)) + attribute(NFULA_PAYLOAD, packet));
}

std::vector<News> read(std::string_view datagram) {
  std::vector<News> found;
  read_refusals(datagram, [&](const News& news) { found.push_back(news); });
  return found;
}

/// Bytes whose end is the end of the readable memory: reading one more is fatal.
class AtTheEdge {
 public:
  AtTheEdge()
      : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))),
        memory_(static_cast<char*>(
            ::mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    REQUIRE(memory_ != MAP_FAILED);
    REQUIRE(::mprotect(memory_ + page_, page_, PROT_NONE) == 0);
  }
  ~AtTheEdge() { ::munmap(memory_, 2 * page_); }
  AtTheEdge(const AtTheEdge&) = delete;

  std::string_view hold(const std::string& bytes) {
    REQUIRE(bytes.size() <= page_);
    char* start = memory_ + page_ - bytes.size();
    std::memcpy(start, bytes.data(), bytes.size());
    return {start, bytes.size()};
  }

 private:
  std::size_t page_;
  char* memory_;
};

}  // namespace

TEST_CASE("a refused packet is told with protocol, address and ports") {
  const auto found = read(logged(packet4(IPPROTO_TCP, ports(40000, 444))));
  REQUIRE(found.size() == 1);
  CHECK(found[0].kind == News::Kind::kDenied);
  CHECK(found[0].outcome == News::Outcome::kDenied);
  CHECK(found[0].protocol == IPPROTO_TCP);
  CHECK(to_string(found[0].ip()) == "198.18.0.9");
  CHECK(found[0].port == 444);
  CHECK(found[0].client_port == 40000);
}

TEST_CASE("ports are found behind the options of a header, and of IPv6") {
  const auto four = read(logged(packet4(IPPROTO_UDP, ports(1, 2), 15)));
  REQUIRE(four.size() == 1);
  CHECK(four[0].port == 2);
  const auto six = read(logged(packet6(IPPROTO_UDP, ports(7, 8))));
  REQUIRE(six.size() == 1);
  CHECK(to_string(six[0].ip()) == "fdc1::9");
  CHECK(six[0].port == 8);
}

TEST_CASE("protocols without ports, and packets cut off before them, have none") {
  CHECK(read(logged(packet4(IPPROTO_ICMP, ports(1, 2)))).at(0).port == 0);
  CHECK(read(logged(packet4(IPPROTO_TCP, ""))).at(0).port == 0);
  CHECK(read(logged(packet4(IPPROTO_TCP, std::string(3, 'x')))).at(0).port == 0);
}

TEST_CASE("what is no packet is passed over") {
  CHECK(read("").empty());
  CHECK(read(logged("")).empty());
  CHECK(read(logged(std::string(19, '\x45'))).empty());
  CHECK(read(logged(std::string(60, '\x50'))).empty());
  CHECK(read(message(attribute(NFULA_PREFIX, "tcp"))).empty());
  CHECK(read(message(attribute(NFULA_PAYLOAD, packet4(IPPROTO_TCP, ports(1, 2))), NLMSG_ERROR)).empty());
}

TEST_CASE("several messages of one datagram are all read") {
  const std::string one = logged(packet4(IPPROTO_TCP, ports(1, 2)));
  CHECK(read(one + message("", NLMSG_NOOP) + one + one).size() == 3);
}

TEST_CASE("messages that are missing of the log are counted by their numbers, which may go round") {
  const auto numbered = [](uint32_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xFF);
    return message(attribute(NFULA_SEQ, bytes));
  };
  RefusalGaps gaps;
  CHECK(gaps.in(numbered(7)) == 0);
  CHECK(gaps.in(numbered(8) + message("", NLMSG_NOOP) + numbered(9)) == 0);
  CHECK(gaps.in(numbered(12) + numbered(14)) == 3);
  CHECK(gaps.in("") == 0);
  CHECK(gaps.in(logged(packet4(IPPROTO_TCP, ports(1, 2)))) == 0);
  CHECK(gaps.in(numbered(15)) == 0);
  RefusalGaps last;
  last.in(numbered(0xFFFFFFFF));
  CHECK(last.in(numbered(1)) == 1);
}

TEST_CASE("a damaged datagram is read to its end and no further") {
  AtTheEdge edge;
  std::minstd_rand random(20261122);
  const std::string whole = logged(packet4(IPPROTO_TCP, ports(1, 2), 6)) + logged(packet6(IPPROTO_UDP, ports(1, 2)));
  std::size_t told = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string bytes = whole;
    for (auto changes = random() % 4; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random() % 3 == 0 ? 0xFF : random());
    if (random() % 2 == 0) bytes.resize(random() % (bytes.size() + 1));
    told += read(edge.hold(bytes)).size();
  }
  CHECK(told > 1000);  // not everything was damaged
}

}  // namespace clawbox::egress
