#include "session/registry.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <chrono>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "session/directories.h"
#include "sys/directories.h"
#include "sys/files.h"
#include "sys/openat2.h"

namespace clawbox::session {
namespace {

/// Sorts by time, and nobody can guess the rest.
std::string new_id() {
  uint32_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) throw_errno("asking for random bytes");
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  return fmt::format("{:x}-{:08x}", seconds.count(), random);
}

std::string contents(const std::string& id, const Plan& plan) {
  Json json;
  json["id"] = id;
  json["profile"] = plan.profile.name;
  json["supervisor"] = ::getpid();
  json["workspace"] = escaped(plan.workspace.host);
  return json.dump() + "\n";
}

/// A file that can be locked belongs to nobody who lives.
void sweep(const OwnedFd& directory) {
  sys::Listing listing(sys::try_openat2(directory.get(), ".", O_RDONLY | O_DIRECTORY, 0));
  while (const dirent* entry = listing.next()) {
    if (entry->d_name[0] == '.') continue;
    const auto file =
        sys::open_if_there(directory, entry->d_name, O_RDONLY | O_NOFOLLOW, sys::Resolve::kBeneathNoSymlinks);
    if (file && sys::try_lock(*file)) ::unlinkat(directory.get(), entry->d_name, 0);
  }
}

}  // namespace

Registration::Registration(OwnedFd directory, std::string id, OwnedFd file)
    : directory_(std::move(directory)), id_(std::move(id)), file_(std::move(file)) {}

Registration::~Registration() {
  if (file_) ::unlinkat(directory_.get(), (id_ + ".json").c_str(), 0);
}

Registration Registry::enter(const Plan& plan) const try {
  OwnedFd directory = open_private_directory(directory_);
  sweep(directory);
  const std::string id = new_id();
  // Locked while it has no name yet, so that a sweep between creation and lock cannot take it away.
  OwnedFd file = sys::open_at(directory, ".", O_TMPFILE | O_RDWR, sys::Resolve::kBeneathNoSymlinks, 0600);
  sys::try_lock(file);
  sys::write_all(file, contents(id, plan), id);
  const std::string source = fmt::format("/proc/self/fd/{}", file.get());
  if (::linkat(AT_FDCWD, source.c_str(), directory.get(), (id + ".json").c_str(), AT_SYMLINK_FOLLOW) < 0)
    throw_errno("naming the session");
  return Registration(std::move(directory), id, std::move(file));
} catch (const SysError& error) {
  throw Error(ExitStatus::kStateUnusable,
              fmt::format("registering the session in {}: {}", in_quotes(directory_), error.what()),
              "make the directory writable for you, free some space, or point XDG_RUNTIME_DIR elsewhere");
}

}  // namespace clawbox::session
