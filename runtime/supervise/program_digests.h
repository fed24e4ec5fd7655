// SHA-256 and interpreter of programs, without ever waiting for a file: known ones come from the cache, others from a
// worker process (supervise/digest_worker.h), which is started with the first question. One file at a time; one that
// takes longer than the deadline is "unreadable: timed out", and the worker is killed.
//
//   Asked asked = digests.ask(std::move(file), identity);  // from sys::FileFinder and try_file_status
//   if (!asked.known) …                                    // comes from take(), under asked.ticket
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "supervise/digest_cache.h"
#include "supervise/digest_worker.h"
#include "sys/loop.h"
#include "sys/ready_set.h"

namespace clawbox::supervise {

class ProgramDigests {
 public:
  using Ticket = uint64_t;
  struct Asked {
    std::optional<ProgramFacts> known;
    Ticket ticket = 0;  // where it is not known; the same for a file that is waiting already
  };
  struct Answer {
    Ticket ticket = 0;
    ProgramFacts facts;
  };

  /// `cache`: a private directory, or empty.
  explicit ProgramDigests(OwnedFd cache = {}, std::chrono::milliseconds deadline = std::chrono::seconds(30));
  ~ProgramDigests();
  ProgramDigests(const ProgramDigests&) = delete;
  ProgramDigests& operator=(const ProgramDigests&) = delete;

  /// `file`: O_PATH is enough.
  Asked ask(OwnedFd file, const sys::FileIdentity& identity);

  /// Readable when take() has something to do.
  int fd() const { return ready_.fd(); }
  std::vector<Answer> take();
  bool is_waiting() const { return !questions_.empty(); }
  /// Writes the cache to disk. Throws SysError; nothing is lost but time if that is ignored.
  void save() { cache_.save(); }

 private:
  struct Question {
    Ticket ticket;
    OwnedFd file;
    sys::FileIdentity identity;
  };

  Ticket enqueue(Question question);
  void send_next();
  void ensure_worker();
  void receive(std::vector<Answer>& answers);
  void give_up_worker();
  void reap_stuck();
  void finish(std::vector<Answer>& answers, ProgramFacts facts);
  ProgramFacts facts_from(const DigestReply& reply);

  DigestCache cache_;
  std::chrono::milliseconds deadline_;
  sys::ReadySet ready_;
  sys::Timer timer_;  // of the question that the worker has
  sys::Timer nudge_;  // makes us ready for `refused_`
  std::optional<sys::Helper> worker_;
  std::vector<sys::Process> stuck_;  // killed, and not dead yet: a file system holds them
  std::deque<Question> questions_;   // the first one is with the worker
  std::vector<Answer> refused_;      // answered without asking
  Ticket last_ticket_ = 0;
};

}  // namespace clawbox::supervise
