#include "unit/store/attack.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "store/usage_walk.h"
#include "support/catch.h"
#include "sys/files.h"
#include "unit/store/session.h"

namespace clawbox::test {
namespace {

using store::Backing;

store::Usage used_by(const std::string& directory) {
  return store::usage_below(sys::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::string as_enospc(std::string said) {
  for (std::size_t at = said.find("EDQUOT"); at != std::string::npos; at = said.find("EDQUOT"))
    said.replace(at, 6, "ENOSPC");
  return said;
}

}  // namespace

std::vector<Backing> hard_backings() {
  std::vector<Backing> hard;
  for (const Backing backing : store::kBackings) {
    if (backing == Backing::kWatch || (backing == Backing::kLoop && ::geteuid() != 0)) continue;
    const std::string why = store::why_not(backing, TempDir::base(), kTight);
    if (why.empty())
      hard.push_back(backing);
    else
      skip(std::string("kernel: ") + store::name_of(backing) + ": " + why);
  }
  return hard;
}

std::string fill(int fd) {
  static const std::array<char, 65536> kBytes{1};
  for (int i = 0; i < 16384; ++i)
    if (::write(fd, kBytes.data(), kBytes.size()) < 0) return ::strerrorname_np(errno);
  return "no end";
}

std::string fill(const std::string& path) {
  const OwnedFd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  return fill(file.get());
}

Outcome attack(Backing backing, const std::function<std::string()>& act, const std::string& place) {
  const TempDir directory(place);
  const auto store = store::open(backing, wish_for(directory.path(), kTight, backing));
  Outcome outcome;
  outcome.said = as_enospc(inside_store(*store, act));
  outcome.on_host = used_by(directory.path());
  outcome.told = store->last_news().full;
  REQUIRE(store->wait_until_released(std::chrono::seconds(60)));
  const store::Usage released = used_by(directory.path());
  outcome.on_host = {std::max(outcome.on_host.bytes, released.bytes), std::max(outcome.on_host.files, released.files)};
  return outcome;
}

void check_within_caps(const Outcome& outcome) {
  CHECK(outcome.on_host.bytes <= kTight.bytes);
  CHECK(outcome.on_host.files <= kTight.files);
}

}  // namespace clawbox::test
