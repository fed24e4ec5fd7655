#include "supervise/store_watch.h"

#include <sys/epoll.h>

#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::supervise {
namespace {

std::string cap_text(const store::Full& full) {
  return full.of == store::Full::Of::kFiles ? fmt::format("{} files", full.caps.files) : size_text(full.caps.bytes);
}

std::string used_text(const store::Full& full) {
  return full.of == store::Full::Of::kFiles ? fmt::format("{} files", full.used.files)
                                            : fmt::format("{} MiB", full.used.bytes >> 20);
}

const char* key_of(const store::Full& full) { return full.of == store::Full::Of::kFiles ? "files" : "disk"; }

}  // namespace

StoreWatch::StoreWatch(sys::Loop& loop, const Plan& plan, store::Store& store, Session session)
    : loop_(loop), storage_(*plan.storage), store_(store), session_(std::move(session)) {
  store_.session_begins(session_.init);
  news_ = store_.news();
  if (news_ >= 0) loop_.watch(news_, EPOLLIN, [this](uint32_t) { take_news(); });
}

StoreWatch::~StoreWatch() { forget(); }

void StoreWatch::forget() {
  if (news_ >= 0) loop_.forget(std::exchange(news_, -1));
}

void StoreWatch::take_news() {
  using State = store::Store::News::State;
  const store::Store::News news = store_.next_news();
  if (news.full && news.state == State::kServed) return tell_full(*news.full);
  if (news.state == State::kServed) return;
  forget();
  if (news.state == State::kExceeded) return end_over(*news.full);
  if (news.state == State::kLost) note_lost();
}

void StoreWatch::finish() {
  if (const store::Store::News news = store_.last_news(); news.full) tell_full(*news.full);
}

void StoreWatch::note_lost() {
  session_.write("cap", {{"cap", "disk"}, {"state", "lost"}, {"origin", to_string(storage_.origin)}});
  if (storage_.backing == Storage::Backing::kWatch)
    return session_.end(EndedBy::kFailed, "nobody can tell any more what the session writes to its workspace");
  session_.tell("the process that serves the workspace's disk is gone: from now on its files cannot be reached inside");
}

void StoreWatch::tell_full(const store::Full& full) {
  session_.write(
      "cap", {{"cap", key_of(full)}, {"hits", 1}, {"value", cap_text(full)}, {"origin", to_string(storage_.origin)}});
  const char* error = storage_.backing == Storage::Backing::kQuota ? "EDQUOT or ENOSPC" : "ENOSPC";
  session_.tell(fmt::format("the disk of the workspace is full: the cap is {} ({}); programs are told {}",
                            cap_text(full), to_string(storage_.origin), error));
}

void StoreWatch::end_over(const store::Full& full) {
  session_.write("cap", {{"cap", key_of(full)},
                         {"hits", 1},
                         {"state", "exceeded"},
                         {"value", cap_text(full)},
                         {"used", full.of == store::Full::Of::kFiles ? full.used.files : full.used.bytes},
                         {"origin", to_string(storage_.origin)}});
  session_.end(EndedBy::kDisk, fmt::format("ended by the cap {} = {} ({}): {} were written", key_of(full),
                                           cap_text(full), to_string(storage_.origin), used_text(full)));
}

}  // namespace clawbox::supervise
