// What a program does in a store with tight caps, and what it took of the host.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/store.h"
#include "support/temp_dir.h"

namespace clawbox::test {

inline constexpr uint64_t kMiB = 1024 * 1024;
inline constexpr store::Caps kTight{8 * kMiB, 200};

/// Those that refuse what passes their caps, as this user can have them; skips one that the machine does not have.
std::vector<store::Backing> hard_backings();

/// 64 KiB at a time until it fails: "ENOSPC" or what came instead. At most 1 GiB, should nothing stop it.
std::string fill(int fd);
std::string fill(const std::string& path);

struct Outcome {
  std::string said;      // with ENOSPC for the EDQUOT of a quota
  store::Usage on_host;  // afterwards
  std::optional<store::Full> told;
};
/// `act` in a store over a directory in `place`.
Outcome attack(store::Backing backing, const std::function<std::string()>& act,
               const std::string& place = TempDir::base());
void check_within_caps(const Outcome& outcome);

}  // namespace clawbox::test
