// The parts of the view that mounts.cc puts together.
#pragma once

#include <string>
#include <vector>

#include "plan/inputs.h"
#include "plan/layout.h"
#include "plan/path_rules.h"

namespace clawbox::plan {

/// What the parts know of each other.
struct ViewContext {
  const Inputs& inputs;
  const Workspace& workspace;
  const Identity& identity;
  Expansion read, write, hide;
  std::string other_root;  // empty: the host's own
};

/// hidden.cc: what files.hide names and is there. Of a link also what it leads to, as an entry of its own.
struct HiddenPath {
  std::string host;
  std::string inside;
  const profile::PathRule* rule = nullptr;
  FileKind kind = FileKind::kFile;
};
std::vector<HiddenPath> hidden_paths(const ViewContext& context);
/// The rule that takes a bind away as a whole; nothing if there is none.
const HiddenPath* hider_of(const std::vector<HiddenPath>& hidden, const Bind& bind);

/// system_view.cc: /proc, /sys, /dev and what is covered in them.
void add_system(const ViewContext& context, Layout& layout);
std::vector<MountStep> proc_guards(const ViewContext& context);

/// binds.cc
void add_binds(const ViewContext& context, Layout& layout);
void add_other_root(const ViewContext& context, Layout& layout);

/// `Cover` steps for hidden files inside of what is shown.
std::vector<MountStep> covers(const std::vector<MountStep>& shown, const std::vector<HiddenPath>& hidden);

/// guards.cc: `Pin` and `Lock` for protected files.
Chosen<std::vector<MountStep>> protect_guards(const ViewContext& context);

/// made_files.cc: /etc/passwd and its like.
Chosen<std::vector<MountStep>> made_files(const ViewContext& context, const std::vector<MountStep>& shown);

}  // namespace clawbox::plan
