// Samples, damaged in the ways in which hostile messages are: the same seed gives the same bytes.
//
// CLAWBOX_FUZZ_ROUNDS and CLAWBOX_FUZZ_SEED go beyond the bounded run that the test suite makes.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace clawbox::fuzz {

inline uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Mutations {
 public:
  explicit Mutations(std::vector<std::string> samples)
      : samples_(std::move(samples)), random_(number_from("CLAWBOX_FUZZ_SEED", 20260922)) {}

  static uint64_t rounds() { return number_from("CLAWBOX_FUZZ_ROUNDS", 60000); }

  std::string next() {
    std::string bytes = samples_[below(samples_.size())];
    for (std::size_t i = below(8); i > 0; --i) damage(bytes);
    return bytes;
  }
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

 private:
  void damage(std::string& bytes) {
    static constexpr unsigned char kOdd[] = {0,    1,    2,    3,    0x0a, 0x0d, 0x20, 0x2e,
                                             0x3a, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff};
    const std::size_t at = below(bytes.size() + 1), size = below(16);
    switch (below(7)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random_());
        return;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(kOdd[below(sizeof kOdd)]);
        return;
      case 2:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        return;
      case 3:
        bytes.erase(at, size);
        return;
      case 4:
        bytes.insert(at, std::string(size, static_cast<char>(kOdd[below(sizeof kOdd)])));
        return;
      case 5:
        bytes.insert(at, bytes.substr(below(bytes.size() + 1), size));
        return;
      default:
        bytes.resize(at);
    }
  }

  std::vector<std::string> samples_;
  std::mt19937_64 random_;
};

}  // namespace clawbox::fuzz
