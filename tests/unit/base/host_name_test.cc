#include "base/host_name.h"

#include <dlfcn.h>

#include <string>

#include "base/network_rule.h"
#include "support/catch.h"

namespace clawbox {
namespace {

std::string canonical(const std::string& text) {
  const HostNameReading reading = read_host_name(text);
  CHECK(reading.name.has_value() == reading.objection.empty());
  return reading.name ? *reading.name : "refused: " + reading.objection;
}

std::string labels(std::size_t count, std::size_t length) {
  std::string name;
  for (std::size_t i = 0; i < count; ++i) name += (i == 0 ? "" : ".") + std::string(length, 'a');
  return name;
}

struct Spelling {
  std::string written, canonical;
};

}  // namespace

TEST_CASE("a name has one form, whatever its case and final dot") {
  CHECK(canonical("GitHub.COM.") == "github.com");
  CHECK(canonical("_dmarc.x-1.example") == "_dmarc.x-1.example");
  CHECK(canonical("a") == "a");
  CHECK(canonical_host_name("ExAmPlE.org") == "example.org");
}

TEST_CASE("a name of 253 letters and a part of 63 are the longest") {
  const std::string longest = labels(3, 63) + "." + std::string(61, 'b');
  REQUIRE(longest.size() == 253);
  CHECK(canonical(longest) == longest);
  CHECK(canonical(longest + ".") == longest);
  CHECK_FALSE(canonical_host_name(longest + "b"));
  CHECK_FALSE(canonical_host_name(std::string(64, 'a') + ".org"));
  CHECK(canonical_host_name(std::string(63, 'a') + ".org"));
  CHECK_FALSE(canonical_host_name(std::string(100000, 'a')));
}

TEST_CASE("what is no name is refused with the text in it") {
  const auto text = GENERATE(as<std::string>{}, "", ".", "a..b", ".a", "a..", "-a.org", "a-.org", "a b", "a/b", "a:80",
                             "*.a", "a\tb", "a%2e", "a@b", "[::1]");
  CAPTURE(text);
  CHECK_FALSE(canonical_host_name(text));
  CHECK(canonical(text).find("refused: '") == 0);
  CHECK_FALSE(canonical_host_name(std::string("a\0.org", 6)));
}

TEST_CASE("an address in a name's clothes is no name") {
  const auto text = GENERATE(as<std::string>{}, "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "1.2.3.0x4",
                             "a.1", "a.0x", "0X7F.1.", "::1");
  CAPTURE(text);
  CHECK_FALSE(canonical_host_name(text));
}

TEST_CASE("names of other scripts become punycode, and ask for libidn2 where it is missing") {
  const auto [written, expected] = GENERATE(values<Spelling>({
      {"bücher.example", "xn--bcher-kva.example"},
      {"BÜCHER.example.", "xn--bcher-kva.example"},
      {"straße.example", "xn--strae-oqa.example"},  // non-transitional: not strasse
      {"例え。テスト", "xn--r8jz45g.xn--zckzah"},
  }));
  CAPTURE(written);
  void* library = ::dlopen("libidn2.so.0", RTLD_NOW);
  if (library != nullptr) {
    CHECK(canonical(written) == expected);
    ::dlclose(library);
  } else {
    CHECK(canonical(written).find("install libidn2") != std::string::npos);
  }
  CHECK_FALSE(canonical_host_name(written));  // from a wire: never
}

TEST_CASE("letters beyond ASCII that are no name are refused") {
  CHECK(canonical("\xff\xfe.example").find("refused: ") == 0);
  CHECK(canonical("a\u202eb.example").find("refused: ") == 0);
  CHECK(canonical("ü b.example").find("refused: ") == 0);
  CHECK(canonical("１２７.１").find("refused: ") == 0);  // full-width digits
}

TEST_CASE("below a domain means whole parts") {
  CHECK(is_below("a.example.org", "example.org"));
  CHECK(is_below("a.b.example.org", "example.org"));
  CHECK_FALSE(is_below("example.org", "example.org"));
  CHECK_FALSE(is_below("badexample.org", "example.org"));
  CHECK_FALSE(is_below(".example.org", "example.org"));
  CHECK_FALSE(is_below("org", "example.org"));
}

TEST_CASE("a rule is shown as it would be asked for") {
  CHECK(to_string(NetworkRule{ExactHost{"a.org"}, {{443, 443}}}) == "a.org:443");
  CHECK(to_string(NetworkRule{Subdomains{"a.org"}, {{80, 80}, {8000, 8010}}}) == "*.a.org:80,8000-8010");
  CHECK(to_string(NetworkRule{*parse_ip_prefix("2001:db8::/32"), {{22, 22}}}) == "[2001:db8::/32]:22");
  CHECK(to_string(std::vector<PortRange>{{80, 80}, {443, 443}}) == "80, 443");
}

}  // namespace clawbox
