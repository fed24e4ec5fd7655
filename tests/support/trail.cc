#include "support/trail.h"

#include <zstd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace clawbox::test {
namespace {

Json only(const std::vector<Json>& found, const std::string& what, const std::string& text) {
  if (found.size() == 1) return found.front();
  throw std::runtime_error(std::to_string(found.size()) + " records of " + what + " in:\n" + text);
}

bool begins_with(const std::vector<std::string>& words, const std::vector<std::string>& beginning) {
  return words.size() >= beginning.size() && std::equal(beginning.begin(), beginning.end(), words.begin());
}

std::string decompressed(const std::string& bytes) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(), ZSTD_freeDStream);
  std::array<char, 65536> buffer;
  std::string text;
  for (ZSTD_inBuffer in{bytes.data(), bytes.size(), 0}; in.pos < in.size;) {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(stream.get(), &out, &in)) != 0) throw std::runtime_error("bad zstd");
    text.append(buffer.data(), out.pos);
  }
  return text;
}

/// The number of a segment by its name, SESSION[.N].jsonl[.zst]: the newest, which has none, is last.
unsigned long segment_in(const std::string& name) {
  const std::size_t dot = name.find('.');
  const bool numbered = name.substr(dot) != ".jsonl" && name.substr(dot) != ".jsonl.zst";
  return numbered ? std::stoul(name.substr(dot + 1)) : ~0UL;
}

bool is_trail(const std::string& name) {
  return name[0] != '.' && !name.starts_with("index.") && (name.ends_with(".jsonl") || name.ends_with(".jsonl.zst"));
}

using Segments = std::map<unsigned long, std::string>;

/// Nothing where one went away meanwhile: housekeeping compresses closed ones, and a moment there are both.
std::optional<Segments> segments_in(const std::string& directory) {
  Segments segments;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(directory, absent)) {
    const std::string name = entry.path().filename();
    if (!is_trail(name)) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    if (!file) return std::nullopt;
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    segments[segment_in(name)] = name.ends_with(".zst") ? decompressed(bytes) : bytes;
  }
  return segments;
}

}  // namespace

std::string bytes_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  const std::string text = value.at("escaped").get<std::string>();
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      bytes += text[at];
      continue;
    }
    const bool is_byte = text.at(at + 1) == 'x';
    bytes += is_byte ? static_cast<char>(std::stoi(text.substr(at + 2, 2), nullptr, 16)) : '\\';
    at += is_byte ? 3 : 1;
  }
  return bytes;
}

std::vector<std::string> words_of(const Json& values) {
  std::vector<std::string> words;
  for (const Json& value : values) words.push_back(bytes_of(value));
  return words;
}

std::string trail_directory(const Environment& environment) { return environment.state() + "/clawbox/audit"; }

Trail::Trail(const Environment& environment) {
  std::optional<Segments> segments;
  while (!segments) segments = segments_in(trail_directory(environment));
  for (const auto& [number, bytes] : *segments) text_ += bytes;
  std::istringstream lines(text_.substr(0, text_.rfind('\n') + 1));
  for (std::string line; std::getline(lines, line);) records_.push_back(Json::parse(line));
}

std::vector<Json> Trail::all(std::string_view event) const {
  std::vector<Json> found;
  for (const Json& record : records_)
    if (record.at("event") == event) found.push_back(record);
  return found;
}

std::vector<Json> Trail::execs(const std::vector<std::string>& argv) const {
  std::vector<Json> found;
  for (const Json& record : all("exec"))
    if (begins_with(words_of(record.at("argv")), argv)) found.push_back(record);
  return found;
}

Json Trail::exec(const std::vector<std::string>& argv) const {
  return only(execs(argv), "exec " + Json(argv).dump(), text_);
}

Json Trail::end_of(const Json& exec) const {
  std::vector<Json> found;
  for (const Json& record : all("exec.end"))
    if (record.at("id") == exec.at("id")) found.push_back(record);
  return only(found, "exec.end of " + exec.dump(), text_);
}

bool Trail::has_no_gaps() const {
  uint64_t expected = 0;
  for (const Json& record : records_)
    if (record.at("seq") != ++expected || !record.contains("session")) return false;
  return expected > 0;
}

}  // namespace clawbox::test
