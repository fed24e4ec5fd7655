#include "plan/seen.h"

#include <type_traits>

#include "plan/paths.h"

namespace clawbox::plan {
namespace {

using Content = Seen::Content;
using Write = Seen::Write;
constexpr int kMostLinks = 40;  // as path_resolution(7)

Write write_of(Access access) { return access == Access::kReadOnly ? Write::kRefused : Write::kPossible; }

/// One step's effect on what is known about `path`.
class Effect {
 public:
  Effect(const MountStep& step, const std::string& path, const Seen& before)
      : step_(step), path_(path), before_(before) {}

  Seen operator()(const Bind& bind) const {
    return {Content::kHost, write_of(bind.access), moved(path_, bind.target, bind.source), &step_};
  }
  Seen operator()(const Tmpfs& tmpfs) const {
    // The directory itself is the session's own; below it there is nothing until somebody makes it.
    return {path_ == tmpfs.target ? Content::kOwn : Content::kNothing, Write::kPossible, "", &step_};
  }
  Seen operator()(const Devices& devices) const {
    const bool writable = path_ != devices.target;
    return {Content::kOwn, writable ? Write::kPossible : Write::kRefused, "", &step_};
  }
  Seen operator()(const Proc&) const { return {Content::kOwn, Write::kRefused, "", &step_}; }
  Seen operator()(const Sysfs&) const { return {Content::kOwn, Write::kRefused, "", &step_}; }
  Seen operator()(const File&) const { return {Content::kOwn, Write::kRefused, "", &step_}; }
  Seen operator()(const Symlink&) const { return {Content::kOwn, Write::kRefused, "", &step_}; }
  Seen operator()(const Cover&) const { return {Content::kNothing, Write::kRefused, "", &step_}; }
  Seen operator()(const Lock&) const { return {before_.content, Write::kRefused, before_.host_path, &step_}; }
  Seen operator()(const Pin&) const { return before_; }

 private:
  const MountStep& step_;
  const std::string& path_;
  const Seen& before_;
};

Seen seen_without_links(const std::vector<MountStep>& mounts, const std::string& path) {
  Seen now;
  for (const MountStep& step : mounts) {
    if (!is_at_or_below(path, target_of(step.action))) continue;
    now = std::visit(Effect(step, path, now), step.action);
  }
  return now;
}

}  // namespace

const std::string& target_of(const MountAction& action) {
  return std::visit([](const auto& step) -> const std::string& { return step.target; }, action);
}

Seen seen(const std::vector<MountStep>& mounts, const std::string& path) {
  std::string place = path;
  Seen now = seen_without_links(mounts, place);
  for (int links = 0; links < kMostLinks && now.by != nullptr; ++links) {
    const auto* link = std::get_if<Symlink>(&now.by->action);
    if (link == nullptr) return now;
    place = moved(place, link->target, normal_path(link->points_to, parent_of(link->target)));
    now = seen_without_links(mounts, place);
  }
  return now;
}

}  // namespace clawbox::plan
