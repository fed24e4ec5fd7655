#include "supervise/program_digests.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

#include "audit/sha256.h"
#include "base/error.h"
#include "sys/channel.h"

namespace clawbox::supervise {
namespace {

constexpr std::size_t kMostQuestions = 64;  // each holds a descriptor
constexpr std::size_t kMostStuck = 4;       // a file system that holds more of them would get any number

std::string reason_of(int error) {
  if (error == EINVAL) return "not a regular file";
  if (error == ESTALE) return "changed while it was read";
  if (error == ETIMEDOUT) return "timed out";
  if (error == EBUSY) return "too many files are waiting";
  return std::strerror(error);
}

ProgramFacts unreadable(int error) { return {.sha256 = "", .interpreter = "", .unreadable = reason_of(error)}; }

/// A change in the same tick of the kernel's clock would leave the identity as it is; a tick is at most 10 ms.
bool is_settled(const sys::FileIdentity& identity) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const int64_t age_ms =
      (now.tv_sec - identity.changed_s) * 1000 + (now.tv_nsec - static_cast<int64_t>(identity.changed_ns)) / 1'000'000;
  return age_ms > 100;
}

bool may_cache(const sys::FileIdentity& identity) { return identity.unique() && is_settled(identity); }

}  // namespace

ProgramDigests::ProgramDigests(OwnedFd cache, std::chrono::milliseconds deadline)
    : cache_(std::move(cache)), deadline_(deadline) {
  ready_.add(timer_.fd());
  ready_.add(nudge_.fd());
}

ProgramDigests::~ProgramDigests() {
  // A process that a file system holds is not waited for; init reaps it when we are gone.
  if (worker_ && !questions_.empty()) give_up_worker();
  for (sys::Process& process : stuck_)
    if (!process.ended()) process.release();
}

ProgramDigests::Asked ProgramDigests::ask(OwnedFd file, const sys::FileIdentity& identity) {
  const ProgramFacts* const known = identity.unique() ? cache_.find(identity) : nullptr;
  if (known != nullptr) return {*known, 0};
  const auto waiting = std::find_if(questions_.begin(), questions_.end(),
                                    [&](const Question& question) { return question.identity == identity; });
  if (waiting != questions_.end()) return {std::nullopt, waiting->ticket};
  return {std::nullopt, enqueue({0, std::move(file), identity})};
}

ProgramDigests::Ticket ProgramDigests::enqueue(Question question) {
  question.ticket = ++last_ticket_;
  if (questions_.size() >= kMostQuestions || stuck_.size() >= kMostStuck) {
    nudge_.start(std::chrono::milliseconds(1));
    refused_.push_back({question.ticket, unreadable(stuck_.size() >= kMostStuck ? ETIMEDOUT : EBUSY)});
    return question.ticket;
  }
  questions_.push_back(std::move(question));
  if (questions_.size() == 1) send_next();
  return last_ticket_;
}

void ProgramDigests::ensure_worker() {
  if (worker_) return;
  worker_ = start_digest_worker();
  ready_.add(worker_->channel.get());
}

void ProgramDigests::send_next() {
  if (questions_.empty()) return;
  ensure_worker();
  constexpr DigestRequest kRequest;
  const int file = questions_.front().file.get();
  // A worker that is gone is end-of-file on the channel, which take() sees.
  sys::send_packet(worker_->channel, std::as_bytes(std::span(&kRequest, 1)), std::span(&file, 1));
  timer_.start(deadline_);
}

std::vector<ProgramDigests::Answer> ProgramDigests::take() {
  std::vector<Answer> answers = std::exchange(refused_, {});
  nudge_.drain();
  reap_stuck();
  if (worker_ && sys::is_readable(worker_->channel.get())) receive(answers);
  if (!sys::is_readable(timer_.fd())) return answers;
  timer_.drain();
  if (questions_.empty()) return answers;
  give_up_worker();
  finish(answers, unreadable(ETIMEDOUT));
  return answers;
}

void ProgramDigests::receive(std::vector<Answer>& answers) {
  DigestReply reply;
  std::optional<sys::Received> received;
  try {
    received = sys::receive_packet(worker_->channel, std::as_writable_bytes(std::span(&reply, 1)));
  } catch (const SysError&) {
    // A packet that is not a reply: the worker is no longer what we started.
  }
  if (!received) give_up_worker();
  if (questions_.empty()) return;
  if (received)
    finish(answers, facts_from(reply));
  else
    finish(answers, {.sha256 = "", .interpreter = "", .unreadable = "the reader of programs died"});
}

ProgramFacts ProgramDigests::facts_from(const DigestReply& reply) {
  if (reply.error != 0) return unreadable(reply.error);
  if (questions_.front().identity != reply.identity) return unreadable(ESTALE);
  const std::size_t size = std::min<std::size_t>(reply.interpreter_size, sizeof reply.interpreter);
  ProgramFacts facts{.sha256 = audit::hex_of(reply.sha256), .interpreter = {reply.interpreter, size}, .unreadable = ""};
  if (may_cache(reply.identity)) cache_.remember(reply.identity, facts);
  return facts;
}

void ProgramDigests::finish(std::vector<Answer>& answers, ProgramFacts facts) {
  answers.push_back({questions_.front().ticket, std::move(facts)});
  questions_.pop_front();
  timer_.start(std::chrono::milliseconds(0));
  if (stuck_.size() < kMostStuck) return send_next();
  for (; !questions_.empty(); questions_.pop_front())
    answers.push_back({questions_.front().ticket, unreadable(ETIMEDOUT)});
}

void ProgramDigests::give_up_worker() {
  ready_.remove(worker_->channel.get());
  worker_->process.kill();
  ready_.add(worker_->process.pidfd().get());
  stuck_.push_back(std::move(worker_->process));
  worker_.reset();
}

void ProgramDigests::reap_stuck() {
  std::erase_if(stuck_, [&](sys::Process& process) {
    if (!process.ended()) return false;
    ready_.remove(process.pidfd().get());
    process.wait();
    return true;
  });
}

}  // namespace clawbox::supervise
