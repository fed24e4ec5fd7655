// SHA-256 (FIPS 180-4) through libcrypto.
//
// By its low-level calls, not EVP: from the static library these link 20 KB and cost a start nothing, where EVP links
// 3.4 MB and its first use costs 1.1 ms (as much as the shared library) to make a table of every algorithm. Both use
// the processor's SHA instructions: 0.3 µs for a line of 500 bytes.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <string>
#include <string_view>

namespace clawbox::audit {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  Digest finish();  // once

 private:
  SHA256_CTX state_;
};

Digest sha256(std::string_view bytes);
/// Lower case, 64 digits.
std::string hex_of(const Digest& digest);

}  // namespace clawbox::audit
