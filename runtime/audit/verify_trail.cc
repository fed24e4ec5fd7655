#include "audit/verify_trail.h"

#include <fmt/format.h>

#include "audit/chain.h"
#include "audit/reader.h"
#include "audit/segment_names.h"
#include "base/error.h"

namespace clawbox::audit {
namespace {

/// Each means that the trail was rotated, or a segment compressed, just then.
constexpr int kMostTries = 100;

class TrailCheck {
 public:
  TrailCheck(const OwnedFd& directory, const SessionFiles& session, const KnownHead* known, Life life)
      : directory_(directory), session_(session.id), segments_(session.segments), known_(known), life_(life) {
    // Only a key can look so: within a value each quote is escaped.
    belongs_ = fmt::format(R"(,"session":"{}","event":")", session.id);
  }

  TrailFacts result() {
    std::optional<Finding> found;
    for (std::size_t file = 0; !found; ++file) {
      auto source = life_ == Life::kLives ? open_living(file) : open_dead(file);
      if (!source) break;
      found = check_segment(file, std::move(*source));
    }
    if (!found) found = check_end();
    return {chain_.records(), found, unknown_end_};
  }

 private:
  using Source = std::optional<std::unique_ptr<ByteSource>>;

  Source open_dead(std::size_t file) const {
    if (file == segments_.size()) return std::nullopt;
    return open_segment(directory_, segments_[file].name);
  }

  /// A living trail rotates: the newest is only what it seems while its number is the same after it was opened. It is
  /// the last that is read: what is written later is not missed.
  Source open_living(std::size_t file) {
    if (file > 0 && segments_[file - 1].name == newest_name(session_)) return std::nullopt;
    for (int tries = 0; tries < kMostTries; ++tries) {
      const auto segment = segment_after(directory_, session_, file);
      if (!segment) return std::nullopt;
      auto source = open_if_still_there(*segment);
      const auto again = segment_after(directory_, session_, file);
      if (!source || !again || again->name != segment->name) continue;
      segments_.resize(file);
      segments_.push_back(*segment);
      return source;
    }
    throw_sys_error(EAGAIN, fmt::format("following the trail of {}", session_));
  }

  Source open_if_still_there(const Segment& segment) const try {
    return open_segment(directory_, segment.name);
  } catch (const SysError& error) {
    if (error.code() == ENOENT) return std::nullopt;
    throw;
  }

  std::optional<Finding> check_segment(std::size_t file, std::unique_ptr<ByteSource> source) {
    if (segments_[file].number != file + 1)
      return finding({file, 1}, fmt::format("{} is missing before it", segment_name(session_, file + 1)));
    const ByteSource& bytes = *source;
    LineReader reader(std::move(source));
    while (const auto line = reader.next())
      if (auto found = check_line(*line, {file, line->number})) return found;
    const Spot after{file, reader.lines() + 1};
    if (!bytes.damage().empty()) return finding(after, bytes.damage());
    if (reader.unfinished_bytes() > 0) return torn(after, reader.unfinished_bytes());
    return std::nullopt;
  }

  std::optional<Finding> check_line(const Line& line, Spot where) {
    if (line.too_long) return finding(where, "it is longer than any record");
    if (ended_) return finding(where, "it was added after session.end");
    if (const auto broken = chain_.add(line.text, where)) return finding(broken->where, broken->what);
    const std::size_t at = line.text.find(belongs_);
    if (at == std::string_view::npos) return finding(where, "it is no record of this session");
    ended_ = line.text.substr(at + belongs_.size()).starts_with("session.end\"");
    return std::nullopt;
  }

  std::optional<Finding> torn(Spot where, std::size_t bytes) const {
    const std::string what = fmt::format("it is not whole: {} bytes without a newline", bytes);
    const bool last = where.file + 1 == segments_.size();
    if (!last || ended_ || known_ != nullptr) return finding(where, what);
    if (life_ == Life::kLives) return std::nullopt;  // being written
    if (const auto broken = chain_.finish("")) return finding(broken->where, broken->what);
    return finding(where, what + "; a crash cut it off", Finding::Kind::kCutOff);
  }

  std::optional<Finding> check_end() {
    if (const auto broken = chain_.finish(known_ != nullptr ? known_->head : ""))
      return finding(broken->where, broken->what);
    if (known_ != nullptr) return check_head();
    if (life_ == Life::kLives) return std::nullopt;
    if (!ended_) return finding(chain_.last(), "no session.end follows: a crash cut it off", Finding::Kind::kCutOff);
    unknown_end_ = true;
    return finding(chain_.last(),
                   fmt::format("it ends the session, but {} does not know: a crash, or the index was cut", kIndexName),
                   Finding::Kind::kCutOff);
  }

  std::optional<Finding> check_head() const {
    if (known_->head == chain_.head()) return std::nullopt;
    if (chain_.records() < known_->records)
      return finding(chain_.last(), fmt::format("{} records follow it by line {} of {}: they were cut off",
                                                known_->records - chain_.records(), known_->line, kIndexName));
    return finding(chain_.last(), fmt::format("its hash is not the head in line {} of {}: one of them was changed",
                                              known_->line, kIndexName));
  }

  Finding finding(Spot where, std::string what, Finding::Kind kind = Finding::Kind::kChanged) const {
    return {kind, segments_[where.file].name, where.line, std::move(what)};
  }

  const OwnedFd& directory_;
  std::string session_;
  std::vector<Segment> segments_;
  const KnownHead* known_;
  Life life_;
  std::string belongs_;
  Chain chain_;
  bool ended_ = false, unknown_end_ = false;
};

}  // namespace

TrailFacts verify_trail(const OwnedFd& directory, const SessionFiles& session, const KnownHead* known, Life life) {
  return TrailCheck(directory, session, known, life).result();
}

}  // namespace clawbox::audit
