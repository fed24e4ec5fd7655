#include "plan/expectations.h"

#include "plan/paths.h"
#include "plan/seen.h"

namespace clawbox::plan {
namespace {

std::string place_of(const std::string& written, const Plan& plan, const Host& host) {
  if (written == "~" || written.starts_with("~/")) return normal_path(host.home + written.substr(1));
  constexpr std::string_view kWorkspace = "$WORKSPACE";
  if (written.starts_with(kWorkspace)) return normal_path(plan.workspace.inside + written.substr(kWorkspace.size()));
  return normal_path(written);
}

std::string state_of(const Seen& there) {
  if (there.write == Seen::Write::kPossible) return "writable";
  return there.content == Seen::Content::kNothing ? "hidden" : "read-only";
}

bool holds(const std::string& expected, const Seen& there) {
  // In a tmpfs the session may make the name, and still nothing of the host shows.
  if (expected == "hidden") return there.content == Seen::Content::kNothing;
  return expected == state_of(there);
}

}  // namespace

std::vector<Disappointment> disappointments(const std::vector<profile::Expectation>& expectations, const Plan& plan,
                                            const Host& host, const SyscallAnswer& syscall_answer) {
  std::vector<Disappointment> found;
  for (const profile::Expectation& wish : expectations) {
    if (wish.subject == profile::Expectation::Subject::kSyscall) {
      const std::string answer = syscall_answer(wish.what, wish.arguments);
      if (answer != wish.expect) found.push_back({wish.what, wish.expect, answer, wish.origin});
      continue;
    }
    const Seen there = seen(plan.mounts, place_of(wish.what, plan, host));
    if (!holds(wish.expect, there)) found.push_back({wish.what, wish.expect, state_of(there), wish.origin});
  }
  return found;
}

}  // namespace clawbox::plan
