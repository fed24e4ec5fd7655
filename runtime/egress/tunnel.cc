#include "egress/tunnel.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/host_name.h"

namespace clawbox::egress {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) text += i + j <= bytes.size() ? kAlphabet[group >> (18 - 6 * j) & 63U] : '=';
  }
  return text;
}

}  // namespace

bool goes_past(const UpstreamProxy& proxy, std::string_view host) {
  return std::any_of(proxy.no_proxy.begin(), proxy.no_proxy.end(),
                     [host](const std::string& one) { return one == "*" || one == host || is_below(host, one); });
}

std::string tunnel_request(const UpstreamProxy& proxy, std::string_view host, uint16_t port) {
  const std::string authorization =
      proxy.credentials.empty() ? "" : fmt::format("Proxy-Authorization: Basic {}\r\n", base64(proxy.credentials));
  return fmt::format("CONNECT {0}:{1} HTTP/1.1\r\nHost: {0}:{1}\r\n{2}\r\n", host, port, authorization);
}

TunnelAnswer tunnel_answer(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return {};
  const std::string_view status =
      end >= 12 && bytes.substr(0, 5) == "HTTP/" && bytes[8] == ' ' && (bytes[12] == ' ' || bytes[12] == '\r')
          ? bytes.substr(9, 3)
          : "";
  const bool is_number = status.size() == 3 && std::all_of(status.begin(), status.end(),
                                                           [](char digit) { return '0' <= digit && digit <= '9'; });
  if (!is_number) return {TunnelAnswer::State::kRefused, "nonsense", 0};
  if (status[0] != '2') return {TunnelAnswer::State::kRefused, std::string(status), 0};
  return {TunnelAnswer::State::kOpen, "", end + 4};
}

}  // namespace clawbox::egress
