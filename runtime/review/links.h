// Where a symlink of the workspace leads, and names in it that are clawbox's own.
#pragma once

#include <string>
#include <string_view>

namespace clawbox::review {

/// By its text alone. Only leading ".." are followed, since the directories above a link are no symlinks: after another
/// name they could be anything. An absolute text leads outside unless it is below the workspace.
bool leads_outside(std::string_view path, std::string_view points_to, std::string_view workspace);

/// The directory in which an apply prepares what it will put into place: at the top of the workspace, so that it is on
/// the same file system, and only for that moment.
inline constexpr std::string_view kStagingPrefix = ".clawbox-apply-";
bool is_clawbox_own(std::string_view path);

/// overlayfs's mark on a directory that hides what is below it; with the mount option `userxattr`.
inline constexpr const char* kOpaque = "user.overlay.opaque";
inline constexpr std::string_view kOverlayAttributes = "user.overlay.";

}  // namespace clawbox::review
