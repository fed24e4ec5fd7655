#include "session/registry.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "session/directories.h"
#include "sys/directories.h"
#include "sys/files.h"
#include "sys/sockets.h"

namespace clawbox::session {
namespace {

constexpr std::size_t kMostText = 256 << 10;
constexpr std::string_view kFacts = ".json";

std::string socket_of(const std::string& id) { return id + ".sock"; }
std::string file_of(const std::string& id) { return id + std::string(kFacts); }

/// Locked while it has no name yet, so that nobody can take it for a dead one between creation and lock.
OwnedFd locked_file(const OwnedFd& directory, const std::string& text) {
  OwnedFd file = sys::open_at(directory, ".", O_TMPFILE | O_RDWR, sys::Resolve::kBeneathNoSymlinks, 0600);
  sys::try_lock(file);
  sys::write_all(file, text, "a session's facts");
  return file;
}

/// False where the name is there already.
bool give_name(const OwnedFd& file, const OwnedFd& directory, const std::string& name) {
  const std::string source = fmt::format("/proc/self/fd/{}", file.get());
  if (::linkat(AT_FDCWD, source.c_str(), directory.get(), name.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  if (errno != EEXIST) throw_errno("naming the session");
  return false;
}

std::optional<OwnedFd> file_in(const OwnedFd& directory, const std::string& name) {
  return sys::open_if_there(directory, name, O_RDONLY | O_NOFOLLOW, sys::Resolve::kBeneathNoSymlinks);
}

bool is_held(const OwnedFd& directory, const std::string& name) {
  const auto file = file_in(directory, name);
  return file && sys::is_locked(*file);
}

/// A file that is not locked belongs to nobody who lives, and a socket goes before its file.
void sweep_sessions(const OwnedFd& directory) {
  for (const std::string& name : sys::names_in(directory)) {
    const std::string id = name.substr(0, name.rfind('.'));
    if (is_held(directory, file_of(id))) continue;
    ::unlinkat(directory.get(), socket_of(id).c_str(), 0);
    ::unlinkat(directory.get(), file_of(id).c_str(), 0);
  }
}

void sweep_names(const OwnedFd& directory) {
  for (const std::string& name : sys::names_in(directory))
    if (!is_held(directory, name)) ::unlinkat(directory.get(), name.c_str(), 0);
}

std::optional<Facts> facts_from(const OwnedFd& file) try {
  return facts_in(Json::parse(sys::read_all(file, kMostText, "a session's facts")));
} catch (const Json::exception&) {
  return std::nullopt;
} catch (const SysError&) {
  return std::nullopt;  // one such file must not keep people from all the others
}

std::optional<Facts> living_in(const OwnedFd& sessions, const std::string& id) {
  const auto file = file_in(sessions, file_of(id));
  return file && sys::is_locked(*file) ? facts_from(*file) : std::nullopt;
}

std::string text_of(const Facts& facts) {
  std::string text = as_json(facts).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (text.size() <= kMostText) return text;
  throw Error(ExitStatus::kUsage, fmt::format("what is said of the session takes {}", size_text(text.size())),
              fmt::format("give it fewer or shorter labels: {} are read", size_text(kMostText)));
}

}  // namespace

Registration::Registration(OwnedFd directory, std::string id, OwnedFd file, OwnedFd socket)
    : directory_(std::move(directory)), id_(std::move(id)), file_(std::move(file)), socket_(std::move(socket)) {}

Registration::~Registration() {
  if (name_file_) ::unlinkat(names_.get(), name_.c_str(), 0);
  if (socket_) ::unlinkat(directory_.get(), socket_of(id_).c_str(), 0);
  if (file_) ::unlinkat(directory_.get(), file_of(id_).c_str(), 0);
}

/// The file first, by which the socket is known not to be a dead one's. One at a time, or two could take the same dead
/// name or id away from each other.
Registration Registry::enter(const Facts& facts) const try {
  OwnedFd directory = open_private_directory(runtime_ + "/sessions");
  const OwnedFd alone = sys::open_at(directory, ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
  sys::lock(alone);
  sweep_sessions(directory);
  OwnedFd file = locked_file(directory, text_of(facts));
  if (file_in(directory, file_of(facts.id))) throw NameTaken(facts.id);
  Registration entry(std::move(directory), facts.id, {}, {});
  take_name(entry, facts.name);
  if (!give_name(file, entry.directory_, file_of(facts.id))) throw NameTaken(facts.id);
  entry.file_ = std::move(file);
  entry.socket_ = sys::listen_at(entry.directory_, socket_of(facts.id));
  return entry;
} catch (const SysError& error) {
  throw Error(ExitStatus::kStateUnusable,
              fmt::format("registering the session in {}: {}", in_quotes(runtime_), error.what()),
              "make the directory writable for you, free some space, or point XDG_RUNTIME_DIR elsewhere");
}

void Registry::take_name(Registration& entry, const std::string& name) const {
  entry.names_ = open_private_directory(runtime_ + "/names");
  sweep_names(entry.names_);
  if (name.empty()) return;
  OwnedFd file = locked_file(entry.names_, entry.id_ + "\n");
  if (!give_name(file, entry.names_, name)) throw NameTaken(name);
  entry.name_ = name;
  entry.name_file_ = std::move(file);
}

std::vector<Facts> Registry::living() const {
  std::vector<Facts> living;
  const OwnedFd directory = open_private_directory(runtime_ + "/sessions");
  for (const std::string& name : sys::names_in(directory)) {
    if (!name.ends_with(kFacts)) continue;
    if (auto facts = living_in(directory, name.substr(0, name.size() - kFacts.size()))) living.push_back(*facts);
  }
  std::sort(living.begin(), living.end(), [](const Facts& a, const Facts& b) { return a.id < b.id; });
  return living;
}

std::optional<Facts> Registry::living(const std::string& name_or_id) const {
  if (!is_name(name_or_id)) return std::nullopt;
  const OwnedFd sessions = open_private_directory(runtime_ + "/sessions");
  if (auto facts = living_in(sessions, name_or_id)) return facts;
  const auto name = file_in(open_private_directory(runtime_ + "/names"), name_or_id);
  if (!name || !sys::is_locked(*name)) return std::nullopt;
  const std::string line = sys::read_all(*name, kMostText, "a session's name");
  return living_in(sessions, line.substr(0, line.find('\n')));
}

bool Registry::lives(const std::string& id) const {
  return is_held(open_private_directory(runtime_ + "/sessions"), file_of(id));
}

std::optional<OwnedFd> Registry::connect(const std::string& id) const {
  return sys::connect_to(open_private_directory(runtime_ + "/sessions"), socket_of(id));
}

}  // namespace clawbox::session
