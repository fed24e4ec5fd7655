#include "world.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

namespace clawbox::test {
namespace {

namespace fs = std::filesystem;
using review::Change;

constexpr const char* kOpaque = "user.overlay.opaque";

std::string word_for(const Change& change) {
  const std::string risk = change.risky ? "!" : "";
  switch (change.what) {
    case Change::What::kAdded:
      return change.partner.empty() ? "A " + change.path + risk : "R " + change.partner + " > " + change.path + risk;
    case Change::What::kContent:
      return "M " + change.path + risk;
    case Change::What::kMode:
      return "+x " + change.path + risk;
    case Change::What::kLink:
      return "L " + change.path + risk;
    case Change::What::kType:
      return "T " + change.path + risk;
    case Change::What::kDeleted:
      return change.partner.empty() ? "D " + change.path + risk : "";
  }
  return "";
}

std::string described(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return "gone";
  const std::string mode = std::to_string(status.st_mode & 07777);
  if (S_ISDIR(status.st_mode)) return "directory " + mode;
  if (S_ISLNK(status.st_mode)) return "link " + fs::read_symlink(path).string();
  if (S_ISREG(status.st_mode)) return "file " + mode + " " + read_file(path);
  return "special";
}

bool is_whiteout(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == 0;
}

void lay_over(const fs::path& upper, const std::string& path, std::map<std::string, std::string>& view) {
  for (const fs::directory_entry& entry : fs::directory_iterator(upper)) {
    const std::string name = path + entry.path().filename().string();
    const bool directory = entry.is_directory() && !entry.is_symlink();
    char value = 0;
    const bool opaque =
        directory && ::lgetxattr(entry.path().c_str(), kOpaque, &value, sizeof value) == 1 && value == 'y';
    const bool was_directory = view.contains(name) && view[name].starts_with("directory");
    if (is_whiteout(entry.path()) || opaque || !directory || !was_directory)
      std::erase_if(view, [&](const auto& one) { return one.first == name || one.first.starts_with(name + "/"); });
    if (!is_whiteout(entry.path())) view[name] = described(entry.path());
    if (directory) lay_over(entry.path(), name + "/", view);
  }
}

}  // namespace

World::World()
    : workspace_(make_directory(directory_ / "workspace")), overlay_(make_directory(directory_ / "overlays/" + kId)) {
  make_directory(overlay_ + "/upper");
  begin_session();
}

void World::host(const std::string& path, const std::string& content, mode_t mode) const {
  write_file(at_host(path), content, mode);
  begin_session();
}

void World::write(const std::string& path, const std::string& content, mode_t mode) const {
  write_file(in_upper(path), content, mode);
}

void World::white_out(const std::string& path) const {
  make_directory(fs::path(in_upper(path)).parent_path());
  if (::mknod(in_upper(path).c_str(), S_IFCHR, makedev(0, 0)) != 0) throw std::runtime_error("mknod " + path);
}

void World::make_opaque(const std::string& path) const {
  make_directory(in_upper(path));
  if (::setxattr(in_upper(path).c_str(), kOpaque, "y", 1, 0) != 0) throw std::runtime_error("setxattr " + path);
}

/// The clock of files is coarse: what was written just now may be as old, and is not younger.
void World::begin_session() const {
  const std::string link = overlay_ + "/workspace";
  ::unlink(link.c_str());
  fs::create_symlink(workspace_, link);
}

void World::edit_on_host(const std::string& path, const std::string& content) const {
  struct stat began {
  }, status{};
  ::lstat((overlay_ + "/workspace").c_str(), &began);
  do {
    write_file(at_host(path), content);
    ::lstat(at_host(path).c_str(), &status);
  } while (review::nanoseconds(status.st_ctim) <= review::nanoseconds(began.st_mtim));
}

std::vector<std::string> World::changes() const {
  std::vector<std::string> words;
  const review::Layers both = layers();
  for (const Change& change : review::survey(both, is_risky).all)
    if (const std::string word = word_for(change); !word.empty()) words.push_back(word);
  return words;
}

review::Applied World::apply(const review::Wish& wish) const {
  const review::Layers both = layers();
  return review::apply(both, is_risky, wish);
}

review::Discarded World::discard(const std::vector<std::string>& paths) const {
  const review::Layers both = layers();
  return review::discard(both, is_risky, paths);
}

std::map<std::string, std::string> World::contents() const { return contents_of(workspace_); }

bool is_risky(const std::string& path, review::Kind /*kind*/) {
  return path.find(".git/hooks") != std::string::npos || path.ends_with(".envrc");
}

std::map<std::string, std::string> merged(const World& world) {
  std::map<std::string, std::string> view = world.contents();
  lay_over(world.in_upper(""), "", view);
  return view;
}

std::map<std::string, std::string> contents_of(const std::string& directory) {
  std::map<std::string, std::string> found;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory))
    found[entry.path().string().substr(directory.size() + 1)] = described(entry.path());
  return found;
}

}  // namespace clawbox::test
