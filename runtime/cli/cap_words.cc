#include "cli/cap_words.h"

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "cli/planning.h"
#include "profile/checks.h"
#include "profile/keys.h"

namespace clawbox::cli {
namespace {

using Number = std::optional<uint64_t>;

struct CapWord {
  const char* name;  // of the key, and of the option
  const char* example;
  Number (*parse)(const std::string& text);
  const char* objection;  // to what it cannot parse

  Number read(const std::string& text) const {
    if (text.empty()) return std::nullopt;
    const profile::Key& key = *profile::find_key(std::string("limits.") + name);
    const Number number = parse(text);
    if (number && *number >= key.range.least && *number <= key.range.most) return number;
    throw Error(ExitStatus::kUsage,
                fmt::format("--{} {}: {}", name, in_quotes(text), number ? "out of range" : objection),
                fmt::format("from {}, for example --{} {}", profile::range_text(key), name, example));
  }
};

Number size_in(const std::string& text) { return parse_size(text); }

Number count_in(const std::string& text) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() ? Number(count) : std::nullopt;
}

/// "1.5" processors, or "150%" of one.
Number percent_in(const std::string& text) {
  if (text.ends_with('%')) return parse_percent(text);
  double processors = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), processors, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(processors > 0) || processors > 10'000) return 0;  // of the wrong size, and so out of range
  return static_cast<uint64_t>(std::llround(processors * 100));
}

Number milliseconds_in(const std::string& text) {
  const auto time = parse_duration(text);
  return time ? Number(static_cast<uint64_t>(time->count())) : std::nullopt;
}

constexpr const char* kNoSize = "not a size: a number and a unit (K, M, G, KiB, MiB, GiB)";
constexpr CapWord kMemory{"memory", "2G", size_in, kNoSize}, kDisk{"disk", "4G", size_in, kNoSize},
    kCpu{"cpu", "1.5", percent_in, "not a number of processors, nor a percentage"},
    kProcesses{"processes", "200", count_in, "not a whole number"},
    kTime{"time", "10m", milliseconds_in, "not a time: a number and a unit (ms, s, m, h)"};

}  // namespace

void add_cap_words(CLI::App& verb, CapTexts& texts) {
  const auto add = [&](const CapWord& word, std::string& text, const char* type, const std::string& what) {
    verb.add_option(std::string("--") + word.name, text, what)->type_name(type)->check(not_empty());
  };
  add(kMemory, texts.memory, "SIZE", "cap on memory: lower than the profile's, or as far up as its limits.max_memory");
  add(kCpu, texts.cpu, "NUMBER", "the same for processors: 1.5, or 150%");
  add(kProcesses, texts.processes, "COUNT", "the same for processes");
  add(kDisk, texts.disk, "SIZE", "the same for the disk");
  add(kTime, texts.time, "TIME", "the same for wall-clock time: 90s, 10m, 2h");
}

plan::CapWords cap_words(const CapTexts& texts) {
  plan::CapWords words;
  words.memory = kMemory.read(texts.memory);
  words.cpu = kCpu.read(texts.cpu);
  words.processes = kProcesses.read(texts.processes);
  words.disk = kDisk.read(texts.disk);
  if (const Number time = kTime.read(texts.time)) words.time = std::chrono::milliseconds(*time);
  return words;
}

}  // namespace clawbox::cli
