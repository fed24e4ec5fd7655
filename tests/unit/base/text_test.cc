#include "base/text.h"

#include <string>
#include <vector>

#include "support/catch.h"

namespace clawbox {
namespace {

using namespace std::string_literals;

struct Row {
  std::string given, expected;
};

const std::vector<std::string> kModes = {"none", "ro", "rw", "overlay", "allowlist"};

}  // namespace

TEST_CASE("bytes that could deceive a terminal or its reader are escaped") {
  const auto [given, expected] = GENERATE(values<Row>({
      {"plain text, with = signs", "plain text, with = signs"},
      {"grüße 日本 🦀", "grüße 日本 🦀"},
      {"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
      {"\x1b[31mred", "\\x1b[31mred"},
      {"nul\0!"s, "nul\\x00!"},
      {"del\x7f", "del\\x7f"},
      {"back\\slash", "back\\x5cslash"},
      {"c1 \u009b", "c1 \\u{009b}"},
      {"\u202Egnp.exe", "\\u{202e}gnp.exe"},
      {"\u2066\u2069", "\\u{2066}\\u{2069}"},
      {"\u200E\u200F\u061C", "\\u{200e}\\u{200f}\\u{061c}"},
      {"zero\u200Bwidth\uFEFF", "zero\\u{200b}width\\u{feff}"},
      {"line\u2028end", "line\\u{2028}end"},
      {"tag\U000E0041", "tag\\u{e0041}"},
  }));
  CHECK(escaped(given) == expected);
}

TEST_CASE("bytes that are not UTF-8 are escaped one by one") {
  const auto [given, expected] = GENERATE(values<Row>({
      {"\xff", "\\xff"},
      {"\x80", "\\x80"},
      {"cut \xe2\x82", "cut \\xe2\\x82"},
      {"\xc3(", "\\xc3("},
      {"\xc0\xaf overlong", "\\xc0\\xaf overlong"},
      {"\xe0\x80\xaf overlong", "\\xe0\\x80\\xaf overlong"},
      {"\xed\xa0\x80 surrogate", "\\xed\\xa0\\x80 surrogate"},
      {"\xf4\x90\x80\x80 too large", "\\xf4\\x90\\x80\\x80 too large"},
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
  }));
  CHECK(escaped(given) == expected);
}

TEST_CASE("long text ends in an ellipsis and never inside an escape or a character") {
  CHECK(escaped("abcdef", 6) == "abcdef");
  CHECK(escaped("abcdefg", 6) == "abcdef…");
  CHECK(escaped("abc\n", 6) == "abc…");
  CHECK(escaped("abcdeü", 6) == "abcde…");
  CHECK(escaped(std::string(1 << 20, 'x')).size() == 1024 + 3);
}

TEST_CASE("a quoted name cannot end its own quotes") {
  CHECK(in_quotes("it's") == "'it\\x27s'");
  CHECK(in_quotes("") == "''");
}

TEST_CASE("a shell reads a quoted word back as it was") {
  const auto [given, expected] = GENERATE(values<Row>({
      {"make", "make"},
      {"--jobs=2", "--jobs=2"},
      {"", "''"},
      {"two words", "'two words'"},
      {"it's", "'it'\\''s'"},
      {"$HOME", "'$HOME'"},
      {"~/x", "'~/x'"},
      {"=ls", "'=ls'"},
      {"back\\slash", "'back\\slash'"},
      {"a\nb", "$'a\\012b'"},
      {"it's\x1b", "$'it\\'s\\033'"},
      {"\xff"
       "f",
       "$'\\377f'"},
      {"\u202E", "$'\\342\\200\\256'"},
  }));
  CHECK(shell_quoted(given) == expected);
}

TEST_CASE("words are quoted one by one and joined by blanks") {
  CHECK(shell_quoted(std::vector<std::string>{"sh", "-c", "echo $1", ""}) == "sh -c 'echo $1' ''");
  CHECK(shell_quoted(std::vector<std::string>{}).empty());
}

TEST_CASE("the nearest name is offered for a slip of the keyboard") {
  const auto [given, expected] = GENERATE(
      values<Row>({{"overlya", "overlay"}, {"alowlist", "allowlist"}, {"RW", "rw"}, {"nome", "none"}, {"rx", "ro"}}));
  CHECK(nearest_name(given, kModes) == expected);
}

TEST_CASE("neighbours that changed places are one mistake, and a name of one letter can be meant") {
  const std::vector<std::string> names{"work", "o"};
  CHECK(nearest_name("wrok", names) == "work");
  CHECK(nearest_name("owkr", names) == std::nullopt);
  CHECK(nearest_name("oo", names) == "o");
  CHECK(nearest_name("x", names) == std::nullopt);
}

TEST_CASE("no name is offered when none is near") {
  const std::string given = GENERATE(as<std::string>(), "", "zzz", "x", "completely-different", std::string(4096, 'o'));
  CHECK_FALSE(nearest_name(given, kModes).has_value());
}

TEST_CASE("the question names the nearest name or is silent") {
  CHECK(did_you_mean("overlya", kModes) == ", did you mean 'overlay'?");
  CHECK(did_you_mean("zzz", kModes).empty());
}

TEST_CASE("splitting keeps empty parts and joining puts them back") {
  const std::string text = GENERATE(as<std::string>(), "", "a", "a:b", ":a::b:");
  CHECK(joined(split(text, ':'), ":") == text);
  CHECK(split(":a", ':') == std::vector<std::string>{"", "a"});
}

}  // namespace clawbox
