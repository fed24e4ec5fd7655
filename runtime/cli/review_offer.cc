#include "cli/review_offer.h"

#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "base/error.h"
#include "base/text.h"
#include "cli/change_list.h"
#include "cli/print.h"
#include "cli/review_session.h"
#include "cli/review_verbs.h"
#include "review/survey.h"

namespace clawbox::cli {
namespace {

constexpr std::size_t kMostShown = 20;

bool person_is_there() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1; }

/// The first letter of a line; 'k' at the end of input.
char asked() {
  std::cerr << "[a]pply, [d]iff, [k]eep, [x] discard? " << std::flush;
  std::string line;
  if (!std::getline(std::cin, line)) return 'k';
  return line.empty() ? '?' : line[0];
}

/// Until there is nothing to decide any more, or the decision is put off.
void ask(const review::Layers& layers, const review::Changes& changes) {
  const review::Risk risk = risk_of(layers);
  while (true) {
    switch (asked()) {
      case 'a':
        layers.lock_for("apply");
        tell_applied(review::apply(layers, risk, {}), layers, review::Mode::kReally);
        return;
      case 'd':
        print_patch(changes, layers);
        break;
      case 'x':
        layers.lock_for("discard");
        tell_discarded(review::discard(layers, risk, {}), layers);
        return;
      case 'k':
        return;
      default:
        break;
    }
  }
}

void offer(const std::string& upper, MayAsk may_ask) {
  const std::string id = std::filesystem::path(upper).parent_path().filename();
  const review::Layers layers = session_named(id);
  const review::Changes changes = review::survey(layers, risk_of(layers));
  if (changes.all.empty()) return;
  const bool asks = may_ask == MayAsk::kYes && person_is_there();
  std::string text = counts_of(changes);
  if (asks) text += "\n" + change_list(changes, Stream::kErr, kMostShown);
  if (!asks) text += "\n";
  print_warning(text + fmt::format("  clawbox diff {0}\n  clawbox apply {0}\n  clawbox discard {0}", id));
  if (asks) ask(layers, changes);
}

}  // namespace

void offer_review(const std::string& upper, MayAsk may_ask) noexcept try {
  offer(upper, may_ask);
} catch (const Error& error) {
  print_warning(fmt::format("what it changed: {}", error.what()));
}

}  // namespace clawbox::cli
