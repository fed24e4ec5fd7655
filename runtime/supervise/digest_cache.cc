#include "supervise/digest_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "sys/files.h"

namespace clawbox::supervise {
namespace {

constexpr std::size_t kMostEntries = 2048;
constexpr std::size_t kMostBytes = std::size_t{2} << 20;
constexpr std::string_view kHeader = "clawbox-programs 1";
const std::string kFile = "programs";

/// FNV-1a: finds damage, not malice.
uint64_t checksum_of(std::string_view bytes) {
  uint64_t sum = 0xcbf29ce484222325;
  for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return sum;
}

std::string hex_of(std::string_view bytes) {
  std::string out = "-";
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

template <class Number>
bool parse(std::string_view text, Number& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<std::string> bytes_of(std::string_view hex) {
  if (hex.empty() || hex.front() != '-' || hex.size() % 2 != 1) return std::nullopt;
  std::string bytes;
  for (std::size_t at = 1; at < hex.size(); at += 2) {
    unsigned char byte = 0;
    if (!parse(hex.substr(at, 2), byte, 16)) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct Entry {
  sys::FileIdentity identity;
  ProgramFacts facts;
};

std::string line_of(const sys::FileIdentity& id, const ProgramFacts& facts) {
  return fmt::format("{} {} {} {} {} {} {}\n", id.device, id.inode, id.size, id.changed_s, id.changed_ns, facts.sha256,
                     hex_of(facts.interpreter));
}

std::optional<Entry> parse_line(std::string_view line) {
  const std::vector<std::string> words = split(line, ' ');
  Entry entry;
  if (words.size() != 7 || !is_digest(words[5])) return std::nullopt;
  sys::FileIdentity& id = entry.identity;
  if (!parse(words[0], id.device) || !parse(words[1], id.inode) || !parse(words[2], id.size) ||
      !parse(words[3], id.changed_s) || !parse(words[4], id.changed_ns) || !id.is_lasting())
    return std::nullopt;
  const auto interpreter = bytes_of(words[6]);
  if (!interpreter) return std::nullopt;
  entry.facts = {.sha256 = words[5], .interpreter = *interpreter};
  return entry;
}

/// Header with the checksum of the rest, then a line for each program. All or nothing.
std::vector<Entry> parse_file(std::string_view text) {
  const std::size_t first_end = text.find('\n');
  if (first_end == std::string_view::npos) return {};
  const std::string_view lines = text.substr(first_end + 1);
  if (text.substr(0, first_end) != fmt::format("{} {:016x}", kHeader, checksum_of(lines))) return {};
  std::vector<Entry> entries;
  for (std::size_t at = 0; at < lines.size() && entries.size() < kMostEntries;) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    auto entry = parse_line(lines.substr(at, end - at));
    if (!entry) return {};
    entries.push_back(std::move(*entry));
    at = end + 1;
  }
  return entries;
}

bool is_private(const OwnedFd& file) {
  const struct stat status = sys::status_of(file);
  return S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::vector<Entry> read_file(const OwnedFd& directory) {
  try {
    const auto file = sys::open_if_there(directory, kFile, O_RDONLY | O_NONBLOCK, sys::Resolve::kBeneathNoSymlinks);
    if (!file || !is_private(*file)) return {};
    return parse_file(sys::read_all(*file, kMostBytes, "the cache of programs' digests"));
  } catch (const SysError&) {
    return {};  // a link in its place, too long, an I/O error: nothing is lost by hashing again
  }
}

}  // namespace

const ProgramFacts* DigestCache::find(const sys::FileIdentity& identity) {
  if (!loaded_) load();
  const auto found = known_.find(identity);
  return found == known_.end() ? nullptr : &found->second;
}

void DigestCache::remember(const sys::FileIdentity& identity, ProgramFacts facts) {
  changed_ = changed_ || identity.is_lasting();
  insert(identity, std::move(facts));
}

void DigestCache::insert(const sys::FileIdentity& identity, ProgramFacts facts) {
  if (known_.insert_or_assign(identity, std::move(facts)).second) order_.push_back(identity);
  if (order_.size() <= kMostEntries) return;
  known_.erase(order_.front());
  order_.pop_front();
}

void DigestCache::load() {
  loaded_ = true;
  if (!directory_) return;
  for (Entry& entry : read_file(directory_)) insert(entry.identity, std::move(entry.facts));
}

void DigestCache::save() {
  if (!directory_ || !changed_) return;
  std::string lines;
  for (const Entry& entry : read_file(directory_))
    if (!known_.contains(entry.identity)) lines += line_of(entry.identity, entry.facts);
  for (const sys::FileIdentity& identity : order_)
    if (identity.is_lasting()) lines += line_of(identity, known_.at(identity));
  // The newest are at the end; a file too long would not be read again.
  while (lines.size() > kMostBytes / 2 ||
         static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n')) > kMostEntries)
    lines.erase(0, lines.find('\n', lines.size() / 4) + 1);
  sys::replace_file(directory_, kFile, fmt::format("{} {:016x}\n{}", kHeader, checksum_of(lines), lines), 0600);
  changed_ = false;
}

}  // namespace clawbox::supervise
