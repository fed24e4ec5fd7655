#include "supervise/doubts.h"

#include <fcntl.h>

#include <fmt/format.h>

#include <cerrno>

#include "audit/hostile.h"
#include "sys/openat2.h"

namespace clawbox::supervise {
namespace {

constexpr std::size_t kMostDoubts = 1000;
constexpr int kMostInterpreters = 5;  // as the kernel

/// "/usr/bin/env" of "/usr/bin/env python3".
std::string first_word(const std::string& interpreter) {
  return interpreter.substr(0, interpreter.find_first_of(" \t"));
}

}  // namespace

void Doubts::add(Doubt doubt, pid_t thread) {
  if (decide(doubt)) return;
  if (!mounts_) mounts_ = sys::try_openat2(AT_FDCWD, fmt::format("/proc/{}/ns/mnt", thread), O_RDONLY, 0);
  doubts_.push_back(std::move(doubt));
  if (doubts_.size() <= kMostDoubts) return;
  tell(doubts_.front(), "the claimed file had not been read yet");
  doubts_.erase(doubts_.begin());
}

void Doubts::settle() {
  std::erase_if(doubts_, [&](const Doubt& doubt) { return decide(doubt); });
  if (doubts_.empty()) mounts_.reset();
}

bool Doubts::decide(const Doubt& doubt) {
  const Verdict verdict = verdict_on(doubt);
  if (verdict == Verdict::kMismatch) tell(doubt, "");
  if (verdict == Verdict::kNeverKnown) tell(doubt, "to look for its interpreter could take for ever");
  return verdict != Verdict::kNotKnown;
}

/// A script runs its interpreter; one whose interpreter is a script again, the interpreter of that. execve(2)
Doubts::Verdict Doubts::verdict_on(const Doubt& doubt) {
  sys::FileIdentity file = doubt.file;
  for (int depth = 0; depth < kMostInterpreters; ++depth) {
    const Programs::Found found = programs_.find(file);
    if (found.kind == Programs::Kind::kNotKnown) return Verdict::kNotKnown;
    if (found.kind != Programs::Kind::kScript) return Verdict::kMismatch;
    const sys::FileFinder::Found interpreter = files_.find(doubt.root, first_word(found.interpreter));
    const auto status = interpreter.file ? sys::try_file_status(interpreter.file) : std::nullopt;
    if (!status) return interpreter.error == EAGAIN ? Verdict::kNeverKnown : Verdict::kMismatch;
    if (status->identity.same_file(doubt.running)) return Verdict::kExplained;
    programs_.started(interpreter.file, status->identity, first_word(found.interpreter));
    file = status->identity;
  }
  return Verdict::kMismatch;
}

void Doubts::tell(const Doubt& doubt, const char* why) {
  Json record{{"id", doubt.id}};
  record["claimed"] = audit::hostile(doubt.claimed);
  record["observed"] = audit::hostile(doubt.observed);
  if (*why != '\0') record["why"] = why;
  write_("exec.mismatch", record);
}

void Doubts::finish() {
  for (const Doubt& doubt : doubts_) tell(doubt, "the claimed file could not be read");
  doubts_.clear();
  mounts_.reset();
}

}  // namespace clawbox::supervise
