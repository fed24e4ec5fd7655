// Changes thrown away: the other half of apply.h.
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "review/apply.h"
#include "review/survey.h"
#include "review/trim.h"

namespace clawbox::review {
namespace {

using What = Change::What;

void take_out(Trim& trim, const Change& change) {
  const bool directory = change.after && change.after->kind == Kind::kDirectory;
  if (directory && change.what == What::kMode) return trim.forget_mode(change.path);
  if (directory) return trim.drop_tree(change.path);
  trim.drop(change.path);
}

Discarded everything(const Layers& layers, const Risk& risk) {
  Discarded discarded;
  for (const Change& change : survey(layers, risk).all) discarded.paths.push_back(change.path);
  remove_overlay(layers);
  discarded.rest = Applied::Rest::kNone;
  return discarded;
}

}  // namespace

Discarded discard(const Layers& layers, const Risk& risk, const std::vector<std::string>& paths) {
  if (was_interrupted(layers))
    throw Error(ExitStatus::kProblemsFound, "an apply of this session was interrupted, and part of it is done",
                fmt::format("`clawbox apply {}` finishes it; then discard what is left", layers.id()));
  if (paths.empty()) return everything(layers, risk);
  const std::vector<Change> chosen = named(survey(layers, risk), paths);
  Trim trim(layers);
  for (const Change& change : chosen) take_out(trim, change);
  const Changes rest = survey(layers, risk);
  std::set<std::string_view> still_there;
  for (const Change& change : rest.all) still_there.insert(change.path);
  Discarded discarded;
  for (const Change& change : chosen) {
    if (!still_there.contains(change.path))
      discarded.paths.push_back(change.path);
    else
      discarded.left.push_back({change.path, "cannot be discarded without the directory that it is in"});
  }
  discarded.rest = removed_if_empty(layers, rest);
  return discarded;
}

}  // namespace clawbox::review
