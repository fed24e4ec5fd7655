#include "supervise/store_watch.h"

#include <sys/epoll.h>

#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::supervise {

StoreWatch::StoreWatch(sys::Loop& loop, const Plan& plan, store::Store& store, ExecLog::Write write, Tell tell)
    : loop_(loop),
      storage_(*plan.storage),
      store_(store),
      write_(std::move(write)),
      tell_(std::move(tell)),
      news_(store.news()) {
  if (news_ >= 0) loop_.watch(news_, EPOLLIN, [this](uint32_t) { take_news(); });
}

StoreWatch::~StoreWatch() { forget(); }

void StoreWatch::forget() {
  if (news_ >= 0) loop_.forget(std::exchange(news_, -1));
}

void StoreWatch::take_news() {
  const store::Store::News news = store_.next_news();
  if (news.full) tell_full(*news.full);
  if (news.state == store::Store::News::State::kServed) return;
  forget();
  if (news.state == store::Store::News::State::kReleased) return;
  write_("cap", {{"cap", "disk"}, {"state", "lost"}, {"origin", to_string(storage_.origin)}});
  tell_("the process that serves the workspace's disk is gone: from now on its files cannot be reached inside");
}

void StoreWatch::tell_full(const store::Full& full) {
  const bool files = full.of == store::Full::Of::kFiles;
  const std::string value = files ? fmt::format("{} files", full.caps.files) : size_text(full.caps.bytes);
  write_("cap",
         {{"cap", files ? "files" : "disk"}, {"hits", 1}, {"value", value}, {"origin", to_string(storage_.origin)}});
  tell_(fmt::format("the disk of the workspace is full: the cap is {} ({}); programs are told ENOSPC", value,
                    to_string(storage_.origin)));
}

}  // namespace clawbox::supervise
