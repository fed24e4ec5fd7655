#include "cli/log_search.h"

#include <algorithm>
#include <list>
#include <set>

#include "audit/life.h"
#include "audit/query.h"
#include "audit/reader_trail.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/log_forms.h"
#include "cli/log_trails.h"
#include "cli/print.h"
#include "session/output.h"

namespace clawbox::cli {
namespace {

using audit::SessionFiles;
using audit::TrailReader;
using session::Output;

constexpr std::chrono::milliseconds kLookAgain{1000};  // where inotify(7) is not granted, or does not see the change

/// One session: its trail, and the question as far as it was answered.
struct Reading {
  TrailReader trail;
  audit::Search search;
  bool ended = false;  // its last record has been read
};

class Answering {
 public:
  Answering(const LogQuestion& question, audit::Narrator::Sessions sessions, Output::Through through)
      : question_(question),
        colour_(takes_colour(Stream::kOut) ? audit::Colour::kAnsi : audit::Colour::kNone),
        output_(std::make_unique<Output>(through)),
        form_(make_form(question.form, colour_, sessions)) {}

  /// All lines that are there now.
  void read(Reading& reading) {
    while (!output_->gone()) {
      const auto line = reading.trail.next();
      if (!line) break;
      const audit::Answer answer =
          line->too_long ? audit::Answer{.broken = "the line is longer than any record"} : look_at(reading, line->text);
      for (const audit::Found& found : answer.found) show(found);
      if (!answer.broken.empty())
        warn(fmt::format("{} is no record: {}", reading.trail.position(*line), answer.broken));
    }
    for (const std::string& trouble : reading.trail.take_troubles()) warn(trouble);
  }

  void end_session(const Reading& reading) {
    output_->put(form_->end_of_session());
    if (reading.search.forgotten() > 0)
      warn(fmt::format("{}: too many programs ran at once: of {} of them the outcome was not looked at",
                       escaped(reading.trail.session()), reading.search.forgotten()));
  }

  void flush() { output_->flush(); }
  bool nobody_reads() const { return output_->gone(); }
  bool found_something() const { return found_; }
  ~Answering() {
    const bool was_read = !output_->gone();
    output_.reset();  // the pager goes first: it would hide the warnings
    if (!found_ && was_read) print_warning("no record matches");
    for (const std::string& text : held_warnings_) print_warning(text);
    if (warnings_ > kMostWarnings) print_warning(fmt::format("and {} warnings more", warnings_ - kMostWarnings));
  }

 private:
  audit::Answer look_at(Reading& reading, std::string_view line) {
    const std::string_view event = audit::raw_event(line);
    reading.ended |= event == "session.end" || event == "session.failed";
    if (question_.form == LogForm::kTree && (event.starts_with("exec") || event == "refused"))
      if (const auto parsed = audit::parse_record(line); parsed.record) form_->pass_by(*parsed.record);
    return reading.search.look_at(line);
  }

  void show(const audit::Found& found) {
    found_ = true;
    output_->put(form_->show(found));
  }

  void warn(const std::string& text) {
    if (++warnings_ > kMostWarnings) return;
    if (output_->has_pager()) held_warnings_.push_back(text);
    if (!output_->has_pager()) print_warning(text);
  }

  static constexpr uint64_t kMostWarnings = 20;
  const LogQuestion& question_;
  audit::Colour colour_;
  std::unique_ptr<Output> output_;
  std::vector<std::string> held_warnings_;
  std::unique_ptr<Form> form_;
  bool found_ = false;
  uint64_t warnings_ = 0;
};

int status_for(const Answering& answering) {
  return static_cast<int>(answering.found_something() ? ExitStatus::kOk : ExitStatus::kProblemsFound);
}

std::vector<SessionFiles> within(std::vector<SessionFiles> sessions, const audit::Window& window) {
  std::erase_if(sessions, [&](const SessionFiles& session) { return !audit::may_touch(session, window); });
  return sessions;
}

int search_once(const OwnedFd& directory, std::vector<SessionFiles> sessions, const LogQuestion& question) {
  sessions = within(std::move(sessions), question.window);
  Answering answering(question,
                      sessions.size() == 1 ? audit::Narrator::Sessions::kOne : audit::Narrator::Sessions::kSeveral,
                      Output::Through::kPager);
  for (const SessionFiles& session : sessions) {
    Reading reading{TrailReader(directory, session), audit::Search(question.query)};
    answering.read(reading);
    if (answering.nobody_reads()) break;
    answering.end_session(reading);
  }
  answering.flush();
  return status_for(answering);
}

/// Sessions that are followed. Those that were named are read from their beginning; of all others only what is new.
class Following {
 public:
  Following(const OwnedFd& directory, const LogQuestion& question) : directory_(directory), question_(question) {}

  void add(const SessionFiles& session) {
    if (!known_.insert(session.id).second) return;
    readings_.push_back(
        {TrailReader(directory_, session, TrailReader::Until::kForever), audit::Search(question_.query)});
  }

  /// Those that were there before us: what they have said already was not asked for.
  void add_living_from_now() {
    for (const SessionFiles& session : audit::sessions_in(directory_)) {
      if (!audit::lives(directory_, session)) {
        known_.insert(session.id);
        continue;
      }
      add(session);
      readings_.back().trail.skip_what_is_there();
    }
  }

  void add_new() {
    for (const SessionFiles& session : audit::sessions_in(directory_)) add(session);
  }

  /// False when none is left that could say more.
  bool read(Answering& answering) {
    for (Reading& reading : readings_) {
      const bool alive = is_alive(reading.trail.session());  // before the last reading: it may end meanwhile
      answering.read(reading);
      if (!alive) reading.ended = true;
      if (reading.ended) answering.end_session(reading);
    }
    std::erase_if(readings_, [](const Reading& reading) { return reading.ended; });
    answering.flush();
    return !readings_.empty();
  }

 private:
  /// The directory is listed only where the newest file says no: it may be long, and rotation renames the file.
  bool is_alive(const std::string& id) const {
    if (audit::lives(directory_, {.id = id})) return true;
    for (const SessionFiles& session : audit::sessions_in(directory_))
      if (session.id == id) return audit::lives(directory_, session);
    return false;
  }

  const OwnedFd& directory_;
  const LogQuestion& question_;
  std::set<std::string> known_;
  std::list<Reading> readings_;
};

int follow(const OwnedFd& directory, const std::vector<SessionFiles>& named, const LogQuestion& question) {
  const audit::DirectoryWatch watch(directory);  // before the first reading, so that no change is missed
  Answering answering(question,
                      named.size() == 1 ? audit::Narrator::Sessions::kOne : audit::Narrator::Sessions::kSeveral,
                      Output::Through::kNothing);
  Following following(directory, question);
  for (const SessionFiles& session : named) following.add(session);
  if (named.empty()) following.add_living_from_now();
  while (!answering.nobody_reads()) {
    const bool more = following.read(answering);
    if (!named.empty() && !more) break;
    watch.wait(kLookAgain);
    if (named.empty()) following.add_new();
  }
  return status_for(answering);
}

}  // namespace

int search_trails(const LogWords& words) {
  const LogQuestion question = question_of(words, std::chrono::system_clock::now());
  const Trails trails = trails_in(words.directory);
  if (trails.sessions.empty() && !words.follow) throw no_trails_in(trails.path);
  const auto sessions = audit::chosen(trails.sessions, words.sessions);
  if (!words.follow) return search_once(trails.directory, sessions, question);
  return follow(trails.directory, words.sessions.empty() ? std::vector<SessionFiles>() : sessions, question);
}

}  // namespace clawbox::cli
