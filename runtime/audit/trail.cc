#include "audit/trail.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>

#include "base/error.h"
#include "sys/files.h"

namespace clawbox::audit {
namespace {

std::string now_text() {
  using namespace std::chrono;
  const auto now = system_clock::now();
  const auto today = floor<days>(now);
  const year_month_day date(today);
  const hh_mm_ss time(floor<microseconds>(now - today));  // not gmtime_r(3), which reads the time zone's file
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

}  // namespace

Trail::Trail(const OwnedFd& directory, std::string session)
    : session_(std::move(session)),
      file_(sys::open_at(directory, session_ + ".jsonl", O_CREAT | O_EXCL | O_APPEND | O_WRONLY,
                         sys::Resolve::kBeneathNoSymlinks, 0600)) {}

void Trail::append(const std::string& event, const Json& details) {
  Json record;
  record["v"] = 1;
  record["seq"] = ++sequence_;
  record["time"] = now_text();
  record["session"] = session_;
  record["event"] = event;
  record.update(details);
  const std::string line = record.dump() + "\n";
  const ssize_t put =
      ::write(file_.get(), line.data(), line.size());  // O_APPEND, one write: a reader never sees half a line of ours
  if (put < 0) throw_errno("writing the audit trail");
  if (static_cast<std::size_t>(put) != line.size()) throw_sys_error(ENOSPC, "writing the audit trail");
}

}  // namespace clawbox::audit
