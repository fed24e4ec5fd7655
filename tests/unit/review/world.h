// A workspace, and over it an upper layer as overlayfs would have left it, built by hand.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "review/apply.h"
#include "review/survey.h"
#include "support/temp_dir.h"

namespace clawbox::test {

class World {
 public:
  World();

  /// Files of the workspace, from before the session; and of the upper layer, in directories that are made.
  void host(const std::string& path, const std::string& content, mode_t mode = 0644) const;
  void write(const std::string& path, const std::string& content, mode_t mode = 0644) const;
  void white_out(const std::string& path) const;
  /// A directory that hides what the host has below it.
  void make_opaque(const std::string& path) const;
  /// What was there before is older than the session.
  void begin_session() const;
  /// A person's edit while the session runs, later than its beginning; what was there before is older.
  void edit_on_host(const std::string& path, const std::string& content) const;

  std::string at_host(const std::string& path) const { return workspace_ + "/" + path; }
  std::string in_upper(const std::string& path) const { return overlay_ + "/upper/" + path; }
  const std::string& workspace() const { return workspace_; }
  const std::string& overlay() const { return overlay_; }
  std::string overlays() const { return directory_ / "overlays"; }
  const TempDir& directory() const { return directory_; }

  review::Layers layers() const { return review::Layers(overlays(), kId); }
  /// One word for each change: "A path", "M path", "R old > new", "+x path" for a mode, "L", "T", "D"; with "!" behind
  /// a risky one.
  std::vector<std::string> changes() const;
  review::Applied apply(const review::Wish& wish = {}) const;
  review::Discarded discard(const std::vector<std::string>& paths = {}) const;

  /// Everything below the workspace: path -> kind, mode and content.
  std::map<std::string, std::string> contents() const;

  static constexpr const char* kId = "6b000000-00000001";

 private:
  TempDir directory_;
  std::string workspace_, overlay_;
};

/// Paths with ".git/hooks" in them, and ".envrc".
bool is_risky(const std::string& path, review::Kind kind);

/// What the workspace's view was inside: the upper layer over the host, read by a way of its own.
std::map<std::string, std::string> merged(const World& world);

std::map<std::string, std::string> contents_of(const std::string& directory);

}  // namespace clawbox::test
