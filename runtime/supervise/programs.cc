#include "supervise/programs.h"

#include <poll.h>
#include <sys/epoll.h>

#include <chrono>

#include "audit/hostile.h"
#include "base/error.h"
#include "sys/files.h"

namespace clawbox::supervise {
namespace {

using namespace std::chrono_literals;

constexpr auto kLastWait = 2s;
constexpr uint64_t kLargest = uint64_t{512} << 20;  // bytes; hashing is work of ours that no cap of the session counts
constexpr std::size_t kMostPrograms = 100'000;      // a build may make and run many; further ones have their exec only

}  // namespace

void add_place(Json& record, const sys::FileIdentity& identity) {
  record["dev"] = fmt::format("{}:{}", identity.device >> 32, identity.device & 0xffffffff);
  record["ino"] = identity.inode;
}

Programs::Programs(sys::Loop& loop, OwnedFd cache, Write write)
    : loop_(loop), write_(std::move(write)), digests_(std::move(cache)) {
  loop_.watch(digests_.fd(), EPOLLIN, [this](uint32_t) { take_answers(); });
}

Programs::~Programs() { loop_.forget(digests_.fd()); }

void Programs::started(const OwnedFd& file, const sys::FileIdentity& identity, const std::string& path) {
  if (seen_.contains(identity) || seen_.size() >= kMostPrograms) return;
  seen_.emplace(identity, Found{});
  if (identity.size > kLargest)
    return write_program(path, identity, {"", "", "it is too large to be read beside the session"});
  std::optional<ProgramDigests::Asked> asked;
  try {
    asked = digests_.ask(sys::duplicate(file.get()), identity);
  } catch (const SysError& error) {  // too many descriptors, say: the exec itself is on record
    return write_program(path, identity, {"", "", error.what()});
  }
  if (asked->known) return write_program(path, identity, *asked->known);
  waiting_.emplace(asked->ticket, Waiting{path, identity});
}

Programs::Found Programs::find(const sys::FileIdentity& identity) const {
  const auto seen = seen_.find(identity);
  return seen != seen_.end() ? seen->second : Found{};
}

void Programs::take_answers() {
  for (const ProgramDigests::Answer& answer : digests_.take()) {
    const auto asked = waiting_.extract(answer.ticket);
    if (asked) write_program(asked.mapped().path, asked.mapped().identity, answer.facts);
  }
}

void Programs::write_program(const std::string& path, const sys::FileIdentity& identity, const ProgramFacts& facts) {
  const bool known = facts.unreadable.empty();
  const Kind kind = facts.interpreter.empty() ? Kind::kBinary : Kind::kScript;
  seen_[identity] = {known ? kind : Kind::kUnreadable, facts.interpreter};
  Json record{{"path", audit::hostile(path)}};
  add_place(record, identity);
  record["size"] = identity.size;
  if (known) record["sha256"] = facts.sha256;
  if (!facts.interpreter.empty()) record["interpreter"] = audit::hostile(facts.interpreter);
  if (!known) record["unreadable"] = facts.unreadable;
  write_("program", record);
}

void Programs::finish() {
  const auto until = std::chrono::steady_clock::now() + kLastWait;
  while (digests_.is_waiting() && std::chrono::steady_clock::now() < until) {
    pollfd ready{digests_.fd(), POLLIN, 0};
    ::poll(&ready, 1, 100);
    take_answers();
  }
  for (const auto& [ticket, asked] : waiting_)
    write_program(asked.path, asked.identity, {"", "", "the session ended before it was read"});
  waiting_.clear();
  try {
    digests_.save();
  } catch (const SysError&) {
    // The next session reads the programs again: slower, and nothing is lost.
  }
}

}  // namespace clawbox::supervise
