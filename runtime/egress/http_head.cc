#include "egress/http_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include "base/host_name.h"
#include "base/ip_address.h"

namespace clawbox::egress {
namespace {

constexpr std::size_t kLongestMethod = 32;

bool is_token(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_token(c); });
}

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

struct Authority {
  std::string host;
  std::optional<uint16_t> port;
};

std::optional<std::string> canonical(std::string_view host, bool in_brackets) {
  const auto address = parse_ip_address(host);
  if (in_brackets) return address && !address->is_v4() ? std::optional(to_string(*address)) : std::nullopt;
  if (address) return address->is_v4() ? std::optional(to_string(*address)) : std::nullopt;
  return canonical_host_name(host);
}

// RFC 3986 3.2.2 and 3.2.3, without user information.
std::optional<Authority> read_authority(std::string_view text) {
  const bool brackets = text.starts_with('[');
  const std::size_t end = brackets ? text.find(']') : text.find(':');
  if (brackets && end == std::string_view::npos) return {};
  const std::string_view host = brackets ? text.substr(1, end - 1) : text.substr(0, end);
  std::string_view rest = brackets ? text.substr(end + 1) : text.substr(std::min(end, text.size()));
  const auto name = canonical(host, brackets);
  if (!name) return {};
  if (rest.empty() || rest == ":") return Authority{*name, {}};
  if (!rest.starts_with(':')) return {};
  rest.remove_prefix(1);
  uint16_t port = 0;
  const auto [last, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
  if (error != std::errc() || last != rest.data() + rest.size()) return {};
  return Authority{*name, port};
}

// The authority of "http://host:80/path"; nothing for "/path" and "*".
std::optional<std::string_view> absolute_authority(std::string_view target) {
  const std::size_t colon = target.find("://");
  if (target.starts_with('/') || colon == std::string_view::npos) return {};
  const std::string_view rest = target.substr(colon + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

struct Head {
  HttpHead head;
  std::string problem;
};

struct RequestLine {
  std::string_view method, target, version;
};

std::optional<RequestLine> read_request_line(std::string_view line) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return {};
  const RequestLine parts{line.substr(0, first), line.substr(first + 1, last - first - 1), line.substr(last + 1)};
  const auto visible = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; };
  const bool version = parts.version == "HTTP/1.1" || parts.version == "HTTP/1.0";
  if (!is_token(parts.method) || parts.method.size() > kLongestMethod || parts.target.empty() || !version) return {};
  return std::all_of(parts.target.begin(), parts.target.end(), visible) ? std::optional(parts) : std::nullopt;
}

// Each line ends with CR LF, and neither stands anywhere else. `text` ends with the empty line.
std::optional<std::vector<std::string_view>> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    if (end == std::string_view::npos || line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      return {};
    lines.push_back(line);
    text.remove_prefix(end + 2);
  }
  return lines;
}

struct Hosts {
  std::string_view value;
  unsigned count = 0;
  bool broken = false;
};

Hosts hosts_in(std::span<const std::string_view> fields) {
  Hosts hosts;
  for (const std::string_view field : fields) {
    const std::size_t colon = field.find(':');
    // A name with a blank at its end, or a line that goes on from the one before, means one thing here and another
    // there.
    if (colon == std::string_view::npos || !is_token(field.substr(0, colon))) return {{}, 0, true};
    if (!same_word(field.substr(0, colon), "host")) continue;
    hosts.value = without_blanks(field.substr(colon + 1));
    ++hosts.count;
  }
  return hosts;
}

Head broken_head(std::string problem) { return {{}, std::move(problem)}; }

// What the request line itself says of the host: CONNECT's target, or an absolute one.
std::optional<std::string_view> authority_in(const RequestLine& line) {
  if (line.method == "CONNECT") return line.target;
  return absolute_authority(line.target);
}

Head read_head(std::string_view text) {
  const auto lines = lines_of(text);
  if (!lines || lines->empty()) return broken_head("an HTTP request with loose line ends or NULs");
  if (lines->size() > kMaxHttpFields + 1) return broken_head("an HTTP request with too many fields");
  const auto line = read_request_line(lines->front());
  if (!line) return broken_head("a line that is no HTTP/1 request");
  const Hosts hosts = hosts_in(std::span(*lines).subspan(1));
  if (hosts.broken) return broken_head("an HTTP request with a field that has no name");
  if (hosts.count > 1) return broken_head("an HTTP request with two Host fields");

  const auto in_line = authority_in(*line);
  if (hosts.count == 0 && !in_line) return broken_head("an HTTP request without a Host");
  const auto from_field = hosts.count == 0 ? std::nullopt : read_authority(hosts.value);
  const auto from_line = in_line ? read_authority(*in_line) : std::nullopt;
  if ((hosts.count > 0 && !from_field) || (in_line && !from_line))
    return broken_head("an HTTP request whose host is no name");
  if (from_field && from_line && from_field->host != from_line->host)
    return broken_head("an HTTP request that names one host in its target and another in Host");
  const Authority& host = from_line ? *from_line : *from_field;
  return {{std::string(line->method), std::string(line->target), host.host, host.port}, {}};
}

}  // namespace

HttpHeadReader::State HttpHeadReader::broken(std::string problem) {
  problem_ = std::move(problem);
  raw_.clear();
  return state_ = State::kBroken;
}

HttpHeadReader::State HttpHeadReader::feed(std::string_view bytes) {
  if (state_ != State::kNeedMore) return state_;
  const std::size_t searched = raw_.size() < 3 ? 0 : raw_.size() - 3;
  raw_.append(bytes.substr(0, kMaxHttpHead + 1 - std::min(raw_.size(), kMaxHttpHead)));
  if (like_http(raw_) == Likeness::kNo) return broken("a line that is no HTTP/1 request");
  // Servers that take a bare LF as the end of a line would see a head that ends earlier than ours.
  const std::size_t end = raw_.find("\r\n\r\n", searched);
  if (end == std::string::npos) {
    if (raw_.find("\n\n", searched) != std::string::npos) return broken("an HTTP request with loose line ends or NULs");
    return raw_.size() > kMaxHttpHead ? broken("an HTTP request with a head that does not end") : state_;
  }
  Head read = read_head(std::string_view(raw_).substr(0, end + 2));
  if (!read.problem.empty()) return broken(std::move(read.problem));
  head_ = std::move(read.head);
  raw_.clear();
  return state_ = State::kDone;
}

Likeness like_http(std::string_view first_bytes) {
  const auto* end = std::find_if_not(first_bytes.begin(), first_bytes.end(), [](char c) { return is_token(c); });
  const auto length = static_cast<std::size_t>(end - first_bytes.begin());
  if (length > kLongestMethod) return Likeness::kNo;
  if (end == first_bytes.end()) return Likeness::kMaybe;
  return *end == ' ' && length > 0 ? Likeness::kYes : Likeness::kNo;
}

std::string http_forbidden(std::string_view why) {
  const std::string body = fmt::format("clawbox: {}\n", why);
  return fmt::format(
      "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      body.size(), body);
}

}  // namespace clawbox::egress
