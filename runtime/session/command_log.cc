#include "session/command_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "sys/directories.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

constexpr std::size_t kPiece = 64 << 10;

OwnedFd opened(const OwnedFd& logs, const std::string& name) {
  auto file = sys::open_if_there(logs, name, O_RDONLY, sys::Resolve::kBeneathNoSymlinks);
  return file ? std::move(*file) : OwnedFd();
}

std::string piece_of(const OwnedFd& file) {
  std::string piece(kPiece, '\0');
  const ssize_t got = file ? ::read(file.get(), piece.data(), piece.size()) : 0;
  piece.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return piece;
}

}  // namespace

std::vector<uint32_t> logged_commands(const KeptSession& session) {
  std::vector<uint32_t> numbers;
  sys::Listing listing(session.logs());
  while (const dirent* entry = listing.next()) {
    const std::string_view name = entry->d_name;
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

CommandLog::CommandLog(const KeptSession& session, uint32_t command)
    : logs_(session.logs()), name_(std::to_string(command)), before_(opened(logs_, name_ + ".old")) {
  file_ = opened(logs_, name_);
}

std::string CommandLog::next() {
  for (const OwnedFd* file : {&before_, &file_})
    if (std::string piece = piece_of(*file); !piece.empty()) return piece;
  OwnedFd now = opened(logs_, name_);
  const bool is_new = now && (!file_ || sys::status_of(now).st_ino != sys::status_of(file_).st_ino);
  if (!is_new) return "";
  before_ = std::move(file_);
  file_ = std::move(now);
  return next();
}

}  // namespace clawbox::session
