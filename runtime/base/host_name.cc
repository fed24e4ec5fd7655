#include "base/host_name.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/ip_address.h"
#include "base/text.h"

namespace clawbox {
namespace {

// Of idn2.h, which the build does not need: libidn2's interface has been stable since 2.0 (2017).
constexpr int kNonTransitional = 8;  // IDN2_NONTRANSITIONAL
constexpr int kNfcInput = 1;         // IDN2_NFC_INPUT
using Lookup = int (*)(const uint8_t*, uint8_t**, int);
using Free = void (*)(void*);
using Strerror = const char* (*)(int);

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool fits(char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// inet_aton(3), and with it getaddrinfo(3), reads such names as addresses: "127.1", "0x7f000001", "2130706433".
bool ends_in_a_number(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  if (std::all_of(last.begin(), last.end(), is_digit)) return true;
  return last.starts_with("0x") && std::all_of(last.begin() + 2, last.end(), is_hex);
}

// `name` without a final dot, ASCII, lower case. Empty: nothing is wrong with it.
std::string wrong_with(std::string_view name) {
  if (name.empty()) return "is no host name";
  if (name.size() > kMaxHostName) return fmt::format("is longer than {} letters", kMaxHostName);
  for (const std::string& label : split(name, '.')) {
    if (label.empty()) return "has an empty part";
    if (label.size() > kMaxLabel) return fmt::format("has a part of more than {} letters", kMaxLabel);
    if (label.front() == '-' || label.back() == '-') return "has a part that begins or ends with '-'";
    if (!std::all_of(label.begin(), label.end(), fits))
      return "holds something else than letters, digits, '-', '_' and dots";
  }
  if (ends_in_a_number(name)) return "is no host name: its last part is a number, as of an address";
  return {};
}

std::string without_final_dot(std::string_view text) {
  std::string name(text.ends_with('.') ? text.substr(0, text.size() - 1) : text);
  std::transform(name.begin(), name.end(), name.begin(), lower);
  return name;
}

HostNameReading read_ascii(std::string_view text, std::string_view shown) {
  std::string name = without_final_dot(text);
  if (std::string wrong = wrong_with(name); !wrong.empty()) return {{}, fmt::format("{} {}", in_quotes(shown), wrong)};
  return {std::move(name), {}};
}

struct Closer {
  void operator()(void* library) const { ::dlclose(library); }
};

template <class Function>
Function symbol(void* library, const char* name) {
  return reinterpret_cast<Function>(::dlsym(library, name));
}

HostNameReading by_library(const std::string& text) {
  const std::unique_ptr<void, Closer> library(::dlopen("libidn2.so.0", RTLD_NOW | RTLD_LOCAL));
  const auto lookup = library ? symbol<Lookup>(library.get(), "idn2_lookup_u8") : nullptr;
  const auto release = library ? symbol<Free>(library.get(), "idn2_free") : nullptr;
  const auto words = library ? symbol<Strerror>(library.get(), "idn2_strerror") : nullptr;
  if (lookup == nullptr || release == nullptr || words == nullptr)
    return {{},
            fmt::format("{} has letters beyond ASCII, and libidn2, which turns them into what DNS knows, is not "
                        "installed: install libidn2, or write the name as xn--…",
                        in_quotes(text))};
  uint8_t* found = nullptr;
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.c_str());
  const int code = lookup(bytes, &found, kNonTransitional | kNfcInput);
  if (code != 0) return {{}, fmt::format("{} is no host name: {}", in_quotes(text), words(code))};
  const std::unique_ptr<uint8_t, Free> owner(found, release);
  return read_ascii(reinterpret_cast<const char*>(found), text);
}

}  // namespace

HostNameReading read_host_name(std::string_view text) {
  if (is_ascii(text)) return read_ascii(text, text);
  if (text.find('\0') != std::string_view::npos || text.size() > kMaxHostName * 4)
    return {{}, fmt::format("{} is no host name", in_quotes(text))};
  return by_library(std::string(text));
}

std::optional<std::string> canonical_host_name(std::string_view bytes) {
  if (bytes.size() > kMaxHostName + 1) return {};
  std::string name = without_final_dot(bytes);
  if (!wrong_with(name).empty()) return {};
  return name;
}

bool is_below(std::string_view name, std::string_view domain) {
  return name.size() > domain.size() + 1 && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.';
}

}  // namespace clawbox
