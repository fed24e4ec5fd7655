#include "session/kept_session.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "session/directories.h"
#include "sys/directories.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

constexpr const char* kFile = "session.json";
constexpr const char* kPlan = "plan.json";
constexpr std::size_t kMostText = 16 << 20;

std::string path_of(const std::string& state, const std::string& id) { return state + "/sessions/" + id; }

Json read(const OwnedFd& directory, const std::string& name) {
  const OwnedFd file = sys::open_at(directory, name, O_RDONLY, sys::Resolve::kBeneathNoSymlinks);
  return Json::parse(sys::read_all(file, kMostText, name));
}

OwnedFd opened_all(const std::string& state) {
  return sys::open_at(open_private_directory(state + "/sessions"), ".", O_RDONLY | O_DIRECTORY,
                      sys::Resolve::kBeneathNoSymlinks);
}

constexpr char kHalfMade = '.';

/// What somebody who was killed was making. Whoever makes one holds the lock, and so does who calls this.
void sweep_half_made(const std::string& state, const OwnedFd& all) {
  sys::Listing listing(all);
  std::vector<std::string> found;
  while (const dirent* entry = listing.next())
    if (entry->d_name[0] == kHalfMade) found.emplace_back(entry->d_name);
  for (const std::string& name : found) {
    std::error_code ignored;
    if (name != "." && name != "..") std::filesystem::remove_all(path_of(state, name), ignored);
  }
}

}  // namespace

/// Aside, and then put in its place at once: half of one is nobody's. Exclusively: what an earlier one of this id has
/// left is not ours to write over, and not ours to throw away.
KeptSession KeptSession::make(const std::string& state, const Facts& facts, const Plan& plan) try {
  const OwnedFd all = opened_all(state);
  sys::lock(all);
  sweep_half_made(state, all);
  const std::string aside = kHalfMade + facts.id;
  sys::make_directory(all, aside, 0700);
  KeptSession kept(path_of(state, aside), open_private_directory(path_of(state, aside)), as_json(facts));
  try {
    sys::make_directory(kept.directory_, "logs", 0700);
    sys::replace_file(kept.directory_, kPlan, explained(plan).dump() + "\n", 0600);
    kept.write();
    if (::renameat2(all.get(), aside.c_str(), all.get(), facts.id.c_str(), RENAME_NOREPLACE) < 0)
      throw_errno("naming the session {}", facts.id);
  } catch (const SysError&) {
    kept.discard();
    throw;
  }
  kept.path_ = path_of(state, facts.id);
  return kept;
} catch (const SysError& error) {
  if (error.code() == EEXIST)
    throw Error(ExitStatus::kSessionBusy, fmt::format("the id {} was used before", in_quotes(facts.id)),
                "choose another one, or leave out --id; an id is not used again, since records are found by it");
  throw Error(ExitStatus::kStateUnusable, fmt::format("keeping the session in {}: {}", state, error.what()),
              "free some space, or point XDG_STATE_HOME elsewhere");
}

std::optional<KeptSession> KeptSession::open(const std::string& state, const std::string& id) try {
  OwnedFd directory = sys::open(path_of(state, id), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  Json json = read(directory, kFile);
  return KeptSession(path_of(state, id), std::move(directory), std::move(json));
} catch (const SysError&) {
  return std::nullopt;  // not there, or half made by somebody who was killed
} catch (const Json::exception&) {
  return std::nullopt;
}

std::vector<std::string> KeptSession::ids(const std::string& state) {
  const OwnedFd all = opened_all(state);
  if (sys::try_lock(all)) sweep_half_made(state, all);
  std::vector<std::string> ids = sys::names_in(all);
  std::erase_if(ids, [](const std::string& id) { return id.front() == kHalfMade; });
  return ids;
}

Json KeptSession::plan() const { return read(directory_, kPlan); }

OwnedFd KeptSession::logs() const {
  return sys::open_at(directory_, "logs", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
}

void KeptSession::end(const Json& how) {
  json_["ended"] = how;
  json_["ended_ms"] = now_ms();
  write();
}

void KeptSession::remove() {
  empty();  // first: on a full file system this makes the room
  json_["removed"] = true;
  write();
}

void KeptSession::discard() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void KeptSession::empty() const {
  if (const auto all = sys::open_if_there(directory_, "logs", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks))
    for (const std::string& name : sys::names_in(*all)) ::unlinkat(all->get(), name.c_str(), 0);
  ::unlinkat(directory_.get(), "logs", AT_REMOVEDIR);
  for (const std::string& name : sys::names_in(directory_))  // files that a killed writer has not renamed yet, too
    if (name != kFile) ::unlinkat(directory_.get(), name.c_str(), 0);
}

void KeptSession::write() const { sys::replace_file(directory_, kFile, json_.dump() + "\n", 0600); }

}  // namespace clawbox::session
