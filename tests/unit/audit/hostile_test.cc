#include "audit/hostile.h"

#include <random>

#include "base/characters.h"
#include "base/text.h"
#include "support/catch.h"

using namespace clawbox;
using audit::hostile;
using audit::original_bytes;

namespace {

std::string utf8(char32_t code) {
  const auto byte = [](char32_t value) { return static_cast<char>(value); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | code >> 6), byte(0x80 | (code & 0x3F))};
  if (code < 0x10000) return {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F))};
  return {byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 0x3F)), byte(0x80 | (code >> 6 & 0x3F)),
          byte(0x80 | (code & 0x3F))};
}

/// A piece of what an attacker would write: any byte, letters, controls, overrides, backslashes, half characters.
std::string random_piece(std::mt19937& random) {
  static const std::vector<std::string> pieces = {"\\",     "\\\\",     "\\x41",        "x41",  "\x1b[2J", "\n",
                                                  "\u202e", "\u200b",   "über",         "日本", "\u00ad",  "\"",
                                                  "\xc3",   "\xf0\x9f", "\xed\xa0\x80", "a"};
  if (random() % 3 == 0) return {static_cast<char>(random() % 256)};
  return pieces[random() % pieces.size()];
}

}  // namespace

TEST_CASE("plain text is a plain string") {
  for (const std::string text : {"", "git", "C:\\dir", "über 日本 🎉", "a\"b"}) {
    CHECK(hostile(text) == Json(text));
    CHECK(original_bytes(hostile(text)) == text);
  }
}

TEST_CASE("bytes that a terminal would obey or a reader would not see are escaped, and backslashes with them") {
  CHECK(hostile("a\x1b[2J\\") == Json({{"escaped", "a\\x1b[2J\\\\"}}));
  CHECK(hostile("a\u202eb") == Json({{"escaped", "a\\xe2\\x80\\xaeb"}}));
  CHECK(hostile("ü\xff") == Json({{"escaped", "ü\\xff"}}));
  CHECK(hostile(std::string("a\0b", 3)) == Json({{"escaped", "a\\x00b"}}));
}

TEST_CASE("whatever the bytes are, they come back, also by way of a line of JSON") {
  std::mt19937 random(20240607);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (std::size_t pieces = random() % 12; pieces > 0; --pieces) bytes += random_piece(random);
    const std::string line = Json({{"argv", {hostile(bytes)}}}).dump();
    REQUIRE(line.find('\n') == std::string::npos);
    REQUIRE(original_bytes(Json::parse(line)["argv"][0]) == bytes);
  }
}

TEST_CASE("two different words never become the same value") {
  CHECK(hostile("\\x1b") != hostile("\x1b"));
  CHECK(hostile("\\\x01") != hostile("\\\\\x01"));
}

TEST_CASE("what the trail escapes is what a terminal is not given, for every character there is") {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code == '\\' || (code >= 0xD800 && code <= 0xDFFF)) continue;
    const std::string text = utf8(code);
    const bool plain = hostile(text).is_string();
    if (plain != (escaped(text) == text)) FAIL("U+" << std::hex << static_cast<uint32_t>(code));
  }
}

TEST_CASE("a value that is not the work of the escaping is no text") {
  for (const char* text : {R"(1)", R"({"escaped":1})", R"({"escaped":"a","b":1})", R"({"escaped":"\\x4"})",
                           R"({"escaped":"\\q41"})", R"({"escaped":"\\"})", R"({"other":"a"})", R"(["a"])"})
    CHECK_FALSE(original_bytes(Json::parse(text)));
}
