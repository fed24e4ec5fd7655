#include "cli/fs_answer.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "audit/hostile.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/print.h"
#include "review/patch.h"

namespace clawbox::cli {
namespace {

using files::Operation;

const char* type_of(uint32_t mode) {
  return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "directory" : S_ISLNK(mode) ? "link" : "other";
}

const char* type_of(char letter) {
  return letter == 'f' ? "file" : letter == 'd' ? "directory" : letter == 'l' ? "link" : "other";
}

Json facts_of(const files::Answer& answer) {
  return {{"type", type_of(answer.mode)},
          {"size", answer.size},
          {"mode", fmt::format("{:04o}", answer.mode & 07777)},
          {"modified_ms", answer.modified_ns / 1'000'000},
          {"links", answer.links}};
}

struct Entry {
  std::string name;
  char type = 'o';
};

std::vector<Entry> entries_in(const std::string& listing) {
  std::vector<Entry> entries;
  for (std::size_t at = 0; at < listing.size();) {
    const std::size_t end = std::min(listing.find('\0', at), listing.size());
    entries.push_back({listing.substr(at + 1, end - at - 1), listing[at]});
    at = end + 1;
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

/// How many bytes at the end may be the begin of a character.
std::size_t unfinished_at_end(std::string_view bytes) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(bytes.size(), 3); ++back) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

void print_listing(const std::string& listing, bool json) {
  Json list = Json::array();
  std::string text;
  for (const Entry& entry : entries_in(listing)) {
    if (json) list.push_back({{"name", audit::hostile(entry.name)}, {"type", type_of(entry.type)}});
    if (!json) text += escaped(entry.name, 4096) + (entry.type == 'd' ? "/\n" : "\n");
  }
  print(json ? list.dump() + "\n" : text);
}

}  // namespace

void print_answer(bool json, files::Operation operation, const files::Answer& answer, const std::string& listing) {
  if (operation == Operation::kList) return print_listing(listing, json);
  const bool tells = operation == Operation::kStat || operation == Operation::kWrite;
  if (tells && json) return print(facts_of(answer).dump() + "\n");
  if (operation == Operation::kStat)
    print(fmt::format("{}, {}, mode {:04o}, {} name{}\n", type_of(answer.mode), size_text(answer.size),
                      answer.mode & 07777, answer.links, answer.links == 1 ? "" : "s"));
}

std::string TerminalText::next(std::string_view piece) {
  const std::string bytes = std::exchange(unfinished_, "").append(piece);
  const std::size_t whole = bytes.size() - unfinished_at_end(bytes);
  unfinished_ = bytes.substr(whole);
  return review::visible(std::string_view(bytes).substr(0, whole));
}

std::string TerminalText::rest() const { return review::visible(unfinished_); }

int report_failure(bool json, std::string_view operation, const files::Answer& answer) {
  const char* const known = ::strerrorname_np(answer.error);
  const std::string name = known != nullptr ? known : std::to_string(answer.error);
  const std::string text = fmt::format("fs {}: {} ({})", operation, answer.what, name);
  if (!json) print_error(Error(ExitStatus::kProblemsFound, text));
  if (json) {
    const Json object{{"errno", name}, {"error", text}};
    fmt::print(stderr, "{}\n", object.dump(-1, ' ', true, Json::error_handler_t::replace));
  }
  return static_cast<int>(ExitStatus::kProblemsFound);
}

}  // namespace clawbox::cli
