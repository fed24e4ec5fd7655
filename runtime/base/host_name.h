// Names of hosts in the one form in which they are compared: lower case, ASCII, no dot at the end.
//
// RFC 1035 lengths (63 octets a label, 253 letters a name, which is 255 octets on the wire), letters, digits, '-' and
// '_'. Everything else is refused, and so is an address in a name's clothes: a last label of digits only, or 0x… .
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace clawbox {

inline constexpr std::size_t kMaxHostName = 253;
inline constexpr std::size_t kMaxLabel = 63;

struct HostNameReading {
  std::optional<std::string> name;  // canonical
  std::string objection;            // why there is none, as a sentence that names the text; what to do about it
};

/// From a person: letters of other scripts become punycode (IDNA 2008, UTS 46 non-transitional) by libidn2, which is
/// loaded only then and may be absent.
HostNameReading read_host_name(std::string_view text);

/// From a wire (DNS, TLS, HTTP): ASCII only. Nothing for what no rule can name.
std::optional<std::string> canonical_host_name(std::string_view bytes);

/// "a.b.example.org" is below "example.org"; both canonical. No name is below itself.
bool is_below(std::string_view name, std::string_view domain);

}  // namespace clawbox
