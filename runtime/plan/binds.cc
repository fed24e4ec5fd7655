#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "plan/paths.h"
#include "plan/seen.h"
#include "plan/view_parts.h"

namespace clawbox::plan {
namespace {

// With another root the host's own system stays out: an entry takes part only if it says where, or lies in the
// workspace.
bool takes_part(const ViewContext& context, const FoundPath& found) {
  if (context.other_root.empty() || !found.rule->at.empty()) return true;
  return context.workspace.mode != Workspace::Mode::kNone && is_at_or_below(found.source, context.workspace.host);
}

// A mapped mount shows the caller's files to a session id that owns nothing; the system's files need no such thing.
Ownership ownership_of(const ViewContext& context, const std::string& source) {
  if (!context.identity.file_owner) return Ownership::kAsOnHost;
  const bool home = is_at_or_below(source, context.inputs.host.home);
  const bool work = context.workspace.mode != Workspace::Mode::kNone && is_at_or_below(source, context.workspace.host);
  return home || work ? Ownership::kMapped : Ownership::kAsOnHost;
}

Access access_of(Workspace::Mode mode) {
  if (mode == Workspace::Mode::kOverlay) return Access::kCopyOnWrite;
  return mode == Workspace::Mode::kReadWrite ? Access::kReadWrite : Access::kReadOnly;
}

std::string reason_of(const FoundPath& found, Access access) {
  if (!found.rule->reason.empty()) return found.rule->reason;
  return access == Access::kReadWrite ? "files.write" : "files.read";
}

void add_bind(const ViewContext& context, const FoundPath& found, const std::string& source, Access access,
              Layout& layout) {
  layout.add(access == Access::kReadWrite ? Rank::kWrite : Rank::kRead,
             Bind{source, found.target, access, ownership_of(context, source)}, found.rule->origin,
             reason_of(found, access));
}

bool shown_in_place(const std::vector<MountStep>& steps, const std::string& path) {
  const Seen there = seen(steps, path);
  return there.content == Seen::Content::kHost && there.host_path == path;
}

// /bin → usr/bin stays a link where /usr/bin can be seen. Where it would lead nowhere (~/.gitconfig →
// dotfiles/gitconfig) the file itself is shown at the link's place.
void add_link(const ViewContext& context, const FoundPath& found, Access access, const std::vector<MountStep>& plain,
              Layout& layout) {
  const std::optional<std::string> real = context.inputs.files.real_path(found.source);
  if (!real) return;
  const bool same_place = found.rule->at.empty() && found.target == found.source;
  if (!same_place || !shown_in_place(plain, *real)) {
    add_bind(context, found, *real, access, layout);
    return;
  }
  if (shown_in_place(plain, found.source)) return;  // the link is part of a tree that is shown as a whole
  layout.add(Rank::kRead, Symlink{found.target, context.inputs.files.link_text(found.source)}, found.rule->origin,
             reason_of(found, access));
}

void add_found(const ViewContext& context, const Expansion& expansion, Access access, Layout& layout) {
  for (const FoundPath& found : expansion.found) {
    if (!takes_part(context, found) || found.facts.kind == FileKind::kSymlink) continue;
    // launch/ opens the source again: by its real path no link on the way can be exchanged for another.
    const bool plain = found.facts.way == FileFacts::Way::kPlain;
    const auto real = plain ? std::optional(found.source) : context.inputs.files.real_path(found.source);
    if (real) add_bind(context, found, *real, access, layout);
  }
}

void add_found_links(const ViewContext& context, const Expansion& expansion, Access access,
                     const std::vector<MountStep>& plain, Layout& layout) {
  for (const FoundPath& found : expansion.found)
    if (takes_part(context, found) && found.facts.kind == FileKind::kSymlink)
      add_link(context, found, access, plain, layout);
}

}  // namespace

void add_binds(const ViewContext& context, Layout& layout) {
  add_found(context, context.read, Access::kReadOnly, layout);
  add_found(context, context.write, Access::kReadWrite, layout);
  const std::vector<MountStep> plain = layout.in_order();
  add_found_links(context, context.read, Access::kReadOnly, plain, layout);
  add_found_links(context, context.write, Access::kReadWrite, plain, layout);
  const Workspace& workspace = context.workspace;
  if (workspace.mode == Workspace::Mode::kNone) return;
  layout.add(Rank::kWorkspace,
             Bind{workspace.host, workspace.inside, access_of(workspace.mode), ownership_of(context, workspace.host)},
             workspace.origin, "the workspace");
}

void add_other_root(const ViewContext& context, Layout& layout) {
  const FileView& files = context.inputs.files;
  const Origin& origin = context.inputs.profile.files.root.origin;
  std::vector<std::string> made_anew{"proc", "sys", "dev", "tmp", "run"};
  // A home of that root is of no use, and a mount point for the caller's could not be made on it.
  made_anew.push_back(parts_of(context.identity.home).front());
  for (const std::string& name : files.names_in(context.other_root)) {
    if (std::find(made_anew.begin(), made_anew.end(), name) != made_anew.end()) continue;
    const std::string source = context.other_root + '/' + name;
    const FileKind kind = files.look(source).kind;
    if (kind == FileKind::kSymlink)
      layout.add(Rank::kRead, Symlink{'/' + name, files.link_text(source)}, origin, "part of files.root");
    if (kind == FileKind::kDirectory || kind == FileKind::kFile)
      layout.add(Rank::kRead, Bind{source, '/' + name, Access::kReadOnly, Ownership::kAsOnHost}, origin,
                 "part of files.root");
  }
}

}  // namespace clawbox::plan
