#include "supervise/doubts.h"

#include "audit/hostile.h"

namespace clawbox::supervise {
namespace {

constexpr std::size_t kMostDoubts = 1000;

/// "/usr/bin/env" of "/usr/bin/env python3".
std::string first_word(const std::string& interpreter) {
  return interpreter.substr(0, interpreter.find_first_of(" \t"));
}

}  // namespace

void Doubts::add(Doubt doubt, const OwnedFd& root) {
  doubts_.push_back(std::move(doubt));
  settle(root);
  if (doubts_.size() <= kMostDoubts) return;
  tell(doubts_.front(), "the claimed file had not been read yet");
  doubts_.erase(doubts_.begin());
}

void Doubts::settle(const OwnedFd& root) {
  std::erase_if(doubts_, [&](const Doubt& doubt) {
    const Verdict verdict = verdict_on(doubt, root);
    if (verdict == Verdict::kMismatch) tell(doubt, "");
    return verdict != Verdict::kNotKnown;
  });
}

/// A script runs its interpreter; one whose interpreter is a script again, the interpreter of that.
Doubts::Verdict Doubts::verdict_on(const Doubt& doubt, const OwnedFd& root) {
  const Programs::Found found = programs_.find(doubt.file);
  if (found.kind == Programs::Kind::kNotKnown) return Verdict::kNotKnown;
  if (found.kind != Programs::Kind::kScript) return Verdict::kMismatch;
  const sys::CachedLookup interpreter = sys::look_up_cached(root, first_word(found.interpreter));
  const auto status = interpreter.file ? sys::try_file_status(interpreter.file) : std::nullopt;
  if (!status || status->identity == doubt.running) return Verdict::kExplained;
  programs_.started(interpreter.file, first_word(found.interpreter));
  const Programs::Kind kind = programs_.find(status->identity).kind;
  if (kind == Programs::Kind::kNotKnown) return Verdict::kNotKnown;
  return kind == Programs::Kind::kScript ? Verdict::kExplained : Verdict::kMismatch;
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
}

}  // namespace clawbox::supervise
