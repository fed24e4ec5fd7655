// The first flight of a TLS client, read as it comes: RFC 8446 (4.1.2, 5.1), RFC 6066 (3), RFC 7301, RFC 9849 (ECH).
//
// Reads only what is in the clear: the name of the server, the protocols, and whether an encrypted hello is there. A
// hello may be spread over many records, and come byte by byte; sizes and counts are capped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clawbox::egress {

inline constexpr std::size_t kMaxHello = std::size_t{64} * 1024;  // post-quantum shares take 1.5 KiB, tickets some KiB
inline constexpr unsigned kMaxHelloRecords = 2048;                // 50 bytes a record were seen in the wild

struct TlsHello {
  std::optional<std::string> server_name;  // the bytes as they came; nothing: no such extension
  std::vector<std::string> protocols;      // ALPN
  bool encrypted_hello = false;            // ECH, a grease one too: they cannot be told apart
};

class TlsHelloReader {
 public:
  enum class State : uint8_t { kNeedMore, kDone, kBroken };

  /// The bytes that follow those fed before. After kDone and kBroken nothing is read any more.
  State feed(std::string_view bytes);
  State state() const { return state_; }
  const TlsHello& hello() const { return hello_; }         // with kDone
  const std::string& problem() const { return problem_; }  // with kBroken, as words

 private:
  State broken(std::string problem);
  State take_record();
  State parse_when_whole();

  State state_ = State::kNeedMore;
  TlsHello hello_;
  std::string problem_;
  std::string raw_;        // of the record that is not whole yet
  std::string handshake_;  // what the records carried
  unsigned records_ = 0;
};

/// A fatal alert (RFC 8446 6.2) as a record: access_denied.
std::string tls_access_denied();

}  // namespace clawbox::egress
