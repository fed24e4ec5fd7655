// Changes that leave the upper layer: applied ones, and discarded ones. What shows through it afterwards is the host's.
//
// Each step keeps all other changes as they are, so that nothing is lost, and nothing told that never was, when it is
// killed in between.
#pragma once

#include <string>

#include "review/layers.h"

namespace clawbox::review {

class Trim {
 public:
  explicit Trim(const Layers& layers) : layers_(layers) {}

  /// The upper layer's entry of `path`: a file, a symlink, a whiteout, or a directory in which nothing is left. False
  /// where it stays.
  bool drop(const std::string& path);
  /// The same, where nobody has put on the host what the whiteout says.
  void drop_whiteout(const std::string& path);
  /// A directory that the host does not have, with all that is in it.
  void drop_tree(const std::string& path);
  /// A directory's permissions as the host has them.
  void forget_mode(const std::string& path);

 private:
  void make_explicit(const std::string& path);
  void forget_empty(const std::string& path);
  void expand_opaque(const std::string& path);
  void replace_whiteout(const std::string& path);
  void white_out_children(const OwnedFd& directory, const std::string& path);
  bool remove_entry(const std::string& path);

  const Layers& layers_;
};

/// All of it, with what else was kept for the session. The name goes first, so that half of it is never taken for what
/// the session wrote.
void remove_overlay(const Layers& layers);
/// What remove_overlay() left when it was killed.
void remove_leftovers(const std::string& directory);

}  // namespace clawbox::review
