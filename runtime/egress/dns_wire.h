// What reading and writing messages share. For the .cc files of egress/dns.h only.
#pragma once

#include <cstdint>
#include <string>

#include "egress/dns.h"

namespace clawbox::egress::dns {

inline constexpr std::size_t kHeader = 12;
inline constexpr uint16_t kResponse = 0x8000, kTruncated = 0x0200, kRecursionDesired = 0x0100,
                          kRecursionAvailable = 0x0080, kCheckingDisabled = 0x0010;
inline constexpr uint16_t kOpcode = 0x7800;
inline constexpr uint16_t kClassIn = 1, kClassAny = 255;

struct Counts {
  uint16_t questions = 0, answers = 0, additional = 0;
};
std::string header(uint16_t id, uint16_t flags, Counts counts);
/// `asked`: the flags of the query.
uint16_t reply_flags(uint16_t asked, ReplyCode code);

}  // namespace clawbox::egress::dns
