#include "egress/tls_hello.h"

#include <algorithm>

namespace clawbox::egress {
namespace {

constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kMaxRecord = 16384;  // RFC 8446 5.1, in the clear
constexpr uint8_t kHandshakeRecord = 22, kClientHello = 1;
constexpr uint16_t kServerName = 0, kAlpn = 16, kEncryptedHello = 0xfe0d;
constexpr std::size_t kMaxProtocols = 32;

struct Broken {};  // thrown and caught in this file only: something ends where it may not

class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : left_(bytes) {}

  bool at_end() const { return left_.empty(); }
  std::string_view take(std::size_t count) {
    if (count > left_.size()) throw Broken{};
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }
  std::size_t number(unsigned bytes) {
    std::size_t value = 0;
    for (const char byte : take(bytes)) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
  /// What a length of `bytes` bytes announces.
  Cursor block(unsigned bytes) { return Cursor(take(number(bytes))); }
  std::string_view rest() const { return left_; }

 private:
  std::string_view left_;
};

// RFC 6066 3: a list with room for other kinds of names, of which none was ever defined. One host name or it is broken.
std::string server_name(Cursor extension) {
  Cursor list = extension.block(2);
  if (!extension.at_end() || list.number(1) != 0) throw Broken{};
  const Cursor name = list.block(2);
  if (!list.at_end() || name.rest().empty()) throw Broken{};
  return std::string(name.rest());
}

std::vector<std::string> protocols(Cursor extension) {
  std::vector<std::string> names;
  Cursor list = extension.block(2);
  while (!list.at_end() && names.size() < kMaxProtocols) names.emplace_back(list.block(1).rest());
  return names;
}

void read_extension(std::size_t type, Cursor body, TlsHello& hello) {
  if (type == kServerName) {
    if (hello.server_name) throw Broken{};  // RFC 8446 4.2: no two of a kind; servers differ in which they take
    hello.server_name = server_name(body);
  } else if (type == kAlpn) {
    hello.protocols = protocols(body);
  } else if (type == kEncryptedHello) {
    hello.encrypted_hello = true;
  }
}

TlsHello read_hello(Cursor body) {
  TlsHello hello;
  body.take(2 + 32);  // version, random
  body.block(1);      // session
  body.block(2);      // ciphers
  body.block(1);      // compression
  if (body.at_end()) return hello;
  Cursor extensions = body.block(2);
  while (!extensions.at_end()) {
    const std::size_t type = extensions.number(2);
    read_extension(type, extensions.block(2), hello);
  }
  if (!body.at_end()) throw Broken{};
  return hello;
}

std::size_t length_at(const std::string& bytes, std::size_t at, unsigned count) {
  return Cursor(std::string_view(bytes).substr(at)).number(count);
}

}  // namespace

TlsHelloReader::State TlsHelloReader::broken(std::string problem) {
  problem_ = std::move(problem);
  raw_.clear();
  handshake_.clear();
  return state_ = State::kBroken;
}

TlsHelloReader::State TlsHelloReader::feed(std::string_view bytes) {
  while (state_ == State::kNeedMore && !bytes.empty()) {
    const std::size_t whole = raw_.size() < kRecordHeader ? kRecordHeader : kRecordHeader + length_at(raw_, 3, 2);
    const std::size_t taken = std::min(whole - raw_.size(), bytes.size());
    raw_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    take_record();
  }
  return state_;
}

// After each piece: is what we have of the record right so far, and is it whole?
TlsHelloReader::State TlsHelloReader::take_record() {
  if (static_cast<uint8_t>(raw_[0]) != kHandshakeRecord) return broken("the first record is no TLS handshake");
  if (raw_.size() > 1 && raw_[1] != 3) return broken("the first record is no TLS handshake");
  if (raw_.size() < kRecordHeader) return state_;
  const std::size_t length = length_at(raw_, 3, 2);
  // RFC 8446 5.1 forbids empty ones, and with them a hello could be made to last for ever.
  if (length == 0 || length > kMaxRecord) return broken("a record of a size that TLS does not know");
  if (raw_.size() < kRecordHeader + length) return state_;
  if (++records_ > kMaxHelloRecords) return broken("a hello in too many records");
  handshake_.append(raw_, kRecordHeader, length);
  raw_.clear();
  return parse_when_whole();
}

TlsHelloReader::State TlsHelloReader::parse_when_whole() {
  if (static_cast<uint8_t>(handshake_[0]) != kClientHello) return broken("the first message is no client's hello");
  if (handshake_.size() < 4) return state_;
  const std::size_t length = length_at(handshake_, 1, 3);
  if (length > kMaxHello) return broken("a hello of more bytes than any client sends");
  if (handshake_.size() < 4 + length) return state_;
  try {
    hello_ = read_hello(Cursor(std::string_view(handshake_).substr(4, length)));
    return state_ = State::kDone;
  } catch (const Broken&) {
    return broken("a hello that is not as TLS wants it");
  }
}

std::string tls_access_denied() {
  return {"\x15\x03\x03\x00\x02\x02\x31",
          7};  // alert, TLS 1.2 as all clients take it, 2 bytes: fatal, access_denied (49)
}

}  // namespace clawbox::egress
