#include "egress/news.h"

#include <algorithm>

namespace clawbox::egress {

void News::set_address(const IpAddress& of) {
  has_address = 1;
  is_v4 = of.is_v4() ? 1 : 0;
  address.fill(0);
  const auto bytes = of.bytes();
  std::copy(bytes.begin(), bytes.end(), address.begin());
}

IpAddress News::ip() const {
  if (is_v4 != 0) return IpAddress::v4(std::span<const uint8_t, 4>(address.data(), 4));
  return IpAddress::v6(address);
}

}  // namespace clawbox::egress
