#include "mount/view.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "base/error.h"
#include "base/text.h"
#include "sys/files.h"
#include "sys/mounts.h"

namespace clawbox::mount {
namespace {

using sys::MountFlag;
using sys::Reach;

constexpr std::array<std::pair<const char*, const char*>, 5> kDeviceLinks{{{"ptmx", "pts/ptmx"},
                                                                           {"fd", "/proc/self/fd"},
                                                                           {"stdin", "/proc/self/fd/0"},
                                                                           {"stdout", "/proc/self/fd/1"},
                                                                           {"stderr", "/proc/self/fd/2"}}};
constexpr const char* kStaging = ".clawbox-staging";
constexpr auto kHarmless = MountFlag::kNoSuid | MountFlag::kNoDev;

OwnedFd new_tmpfs(uint64_t size, uint64_t inodes, mode_t mode) {
  const std::array<sys::MountOption, 3> options{
      {{"size", std::to_string(size)}, {"nr_inodes", std::to_string(inodes)}, {"mode", fmt::format("{:o}", mode)}}};
  // noatime: a link whose access time is due is nothing that the kernel's cache alone could follow.
  return sys::new_filesystem("tmpfs", options, kHarmless | MountFlag::kNoAtime);
}

/// The root holds mount points, symlinks and the staged files, and nothing that a program could fill.
OwnedFd attached_root() {
  OwnedFd root = new_tmpfs(4 << 20, 16384, 0755);
  sys::attach_over_root(root);
  return root;
}

bool is_directory(const OwnedFd& path) { return S_ISDIR(sys::status_of(path).st_mode); }

/// A plan holds real paths: a symlink that has come since is somebody's attempt, so it is refused (openat2(2)).
OwnedFd open_source(const std::string& path) { return sys::open_resolved(path, O_PATH, sys::Resolve::kNoSymlinks); }

void restrict_bind(const OwnedFd& tree, Access access) {
  const auto flags = access == Access::kReadOnly ? kHarmless | MountFlag::kReadOnly : kHarmless;
  sys::restrict_mount(tree, flags, Reach::kWholeTree);
}

std::string description_of(const MountAction& action) {
  struct Describe {
    std::string operator()(const Bind& s) const {
      return fmt::format("binding {} at {}", in_quotes(s.source), in_quotes(s.target));
    }
    std::string operator()(const Tmpfs& s) const { return fmt::format("a tmpfs at {}", in_quotes(s.target)); }
    std::string operator()(const Proc& s) const { return fmt::format("a new proc at {}", in_quotes(s.target)); }
    std::string operator()(const Sysfs& s) const { return fmt::format("a new sysfs at {}", in_quotes(s.target)); }
    std::string operator()(const Devices& s) const { return fmt::format("devices at {}", in_quotes(s.target)); }
    std::string operator()(const File& s) const { return fmt::format("the file {}", in_quotes(s.target)); }
    std::string operator()(const Symlink& s) const { return fmt::format("the symlink {}", in_quotes(s.target)); }
    std::string operator()(const Cover& s) const { return fmt::format("hiding {}", in_quotes(s.target)); }
    std::string operator()(const Lock& s) const { return fmt::format("making {} read-only", in_quotes(s.target)); }
    std::string operator()(const Pin& s) const { return fmt::format("pinning {}", in_quotes(s.target)); }
  };
  return std::visit(Describe{}, action);
}

[[noreturn]] void throw_in_step(const MountStep& step, const Error& cause) {
  const bool proc_refused = std::holds_alternative<Proc>(step.action);
  throw Error(
      cause.status(), fmt::format("{} ({}): {}", description_of(step.action), to_string(step.origin), cause.what()),
      proc_refused ? "the kernel grants a new proc only where the present one is not masked: see `clawbox doctor`"
                   : cause.remedy());
}

[[noreturn]] void throw_no_overlay(const SysError& error) {
  // EINVAL: what is mounted below the lower layer would be uncovered.
  throw Error(ExitStatus::kFeatureMissing, error.what(),
              error.code() == EINVAL ? "choose a workspace without other file systems mounted below it"
                                     : "Linux 5.11 or later with the module overlay: sudo modprobe overlay");
}

}  // namespace

View::View() : targets_(attached_root()) {
  sys::make_directory(targets_.root(), kStaging, 0700);
  staging_ = sys::open_at(targets_.root(), kStaging, O_PATH | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
  sys::make_directory(staging_, "empty", 0555);
  sys::make_file(staging_, "nothing", 0444);
}

void View::apply(const MountStep& step, OwnedFd mapped) {
  try {
    if (const Bind* bind = std::get_if<Bind>(&step.action)) return carry_out(*bind, std::move(mapped));
    std::visit(
        [this](const auto& action) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(action)>, Bind>) carry_out(action);
        },
        step.action);
  } catch (const Error& error) {
    throw_in_step(step, error);
  }
}

void View::enter() {
  // The mounts keep the inodes. Not earlier: what has lost its last name cannot be attached any more.
  for (const std::string& name : laid_out_) {
    sys::detach(staging_, name);  // an overlay has its own hold on its layers
    sys::remove_directory(staging_, name);
  }
  for (int number = 0; number < staged_; ++number) sys::remove_file(staging_, std::to_string(number));
  sys::remove_file(staging_, "nothing");
  sys::remove_directory(staging_, "empty");
  sys::remove_directory(targets_.root(), kStaging);
  sys::restrict_mount(targets_.root(), kHarmless | MountFlag::kReadOnly, Reach::kThisMount);
  sys::pivot_into(targets_.root());
}

void View::take_store(OwnedFd mount) {
  const OwnedFd store = lay_out(mount, "store");
  sys::make_directory(store, "work", 0700);
}

void View::carry_out(const Bind& step, OwnedFd mapped) {
  if (step.access == Access::kCopyOnWrite)
    return targets_.attach(overlay_of(step, std::move(mapped)), step.target, PlaceKind::kDirectory,
                           LastSymlink::kRefuse);
  const OwnedFd source = mapped ? OwnedFd() : open_source(step.source);
  const OwnedFd tree = mapped ? std::move(mapped) : sys::clone_tree(source);
  restrict_bind(tree, step.access);
  targets_.attach(tree, step.target, is_directory(tree) ? PlaceKind::kDirectory : PlaceKind::kFile,
                  LastSymlink::kRefuse);
}

void View::carry_out(const Tmpfs& step) {
  const OwnedFd tmpfs = new_tmpfs(step.size, step.inodes, step.mode);
  targets_.owns(tmpfs);
  targets_.attach(tmpfs, step.target, PlaceKind::kDirectory, LastSymlink::kRefuse);
}

void View::carry_out(const Proc& step) {
  std::vector<sys::MountOption> options;
  if (step.only_processes) options.emplace_back("subset", "pid");
  const OwnedFd proc = sys::new_filesystem("proc", options, kHarmless | MountFlag::kNoExec);
  targets_.attach(proc, step.target, PlaceKind::kDirectory, LastSymlink::kRefuse);
  // With subset=pid there is no /proc/sys, so the copy that launch/ writes its limits to is a whole one.
  bare_proc_ =
      step.only_processes ? sys::new_filesystem("proc", {}, kHarmless | MountFlag::kNoExec) : sys::clone_mount(proc);
}

void View::carry_out(const Sysfs& step) {
  const OwnedFd sysfs = sys::new_filesystem("sysfs", {}, kHarmless | MountFlag::kNoExec | MountFlag::kReadOnly);
  targets_.attach(sysfs, step.target, PlaceKind::kDirectory, LastSymlink::kRefuse);
}

void View::carry_out(const Devices& step) {
  const OwnedFd dev = new_tmpfs(64 << 10, 64, 0755);
  targets_.owns(dev);
  targets_.attach(dev, step.target, PlaceKind::kDirectory, LastSymlink::kRefuse);
  // `dev` is new, empty and seen by nobody else, so its names need no look-up before they are made.
  for (const std::string& node : step.nodes) {
    const OwnedFd tree = sys::clone_tree(open_source("/dev/" + node));
    sys::restrict_mount(tree, MountFlag::kNoSuid | MountFlag::kNoExec, Reach::kWholeTree);
    sys::make_file(dev, node, 0644);
    sys::attach_at(tree, dev, node);
  }
  // `max`: all sessions, and containers, share the host's kernel.pty.max, which is 4096.
  const std::array<sys::MountOption, 3> pts{{{"ptmxmode", "0666"}, {"mode", "0620"}, {"max", "256"}}};
  sys::make_directory(dev, "pts", 0755);
  sys::attach_at(sys::new_filesystem("devpts", pts, MountFlag::kNoSuid | MountFlag::kNoExec), dev, "pts");
  const OwnedFd shm = new_tmpfs(step.shm_size, step.shm_size / 4096 + 16, 01777);
  targets_.owns(shm);
  sys::make_directory(dev, "shm", 0755);
  sys::attach_at(shm, dev, "shm");
  for (const auto& [name, points_to] : kDeviceLinks) sys::make_symlink(dev, name, points_to);
  sys::restrict_mount(dev, kHarmless | MountFlag::kNoExec | MountFlag::kReadOnly, Reach::kThisMount);
}

void View::carry_out(const File& step) {
  const OwnedFd file = staged_file(step.content);
  targets_.attach(file, step.target, PlaceKind::kFile, LastSymlink::kFollow);
}

void View::carry_out(const Symlink& step) {
  const std::string name = step.target.substr(step.target.rfind('/') + 1);
  const OwnedFd parent = targets_.parent_of(step.target);
  targets_.require_ours(parent, step.target);
  sys::make_symlink(parent, name, step.points_to);
}

void View::carry_out(const Cover& step) {
  const OwnedFd place = find(step.target, step.may_be_absent);
  if (!place) return;
  const PlaceKind kind = is_directory(place) ? PlaceKind::kDirectory : PlaceKind::kFile;
  OwnedFd& first = kind == PlaceKind::kDirectory ? cover_directory_ : cover_file_;
  OwnedFd cover = first ? sys::clone_mount(first) : new_cover(kind);
  sys::attach(cover, place);
  if (!first) first = std::move(cover);
}

void View::carry_out(const Lock& step) {
  const OwnedFd place = find(step.target, step.may_be_absent);
  if (!place) return;
  const OwnedFd tree = sys::clone_tree(place);
  restrict_bind(tree, Access::kReadOnly);
  sys::attach(tree, place);
}

void View::carry_out(const Pin& step) {
  const OwnedFd place = find(step.target, false);
  sys::attach(sys::clone_tree(place), place);  // a mount point cannot be renamed or removed: EBUSY
}

OwnedFd View::find(const std::string& target, bool may_be_absent) const {
  auto place = sys::open_if_there(targets_.root(), target, O_PATH, sys::Resolve::kInRoot);
  if (place) return std::move(*place);
  if (may_be_absent) return {};
  throw_sys_error(ENOENT, "looking for " + in_quotes(target));
}

/// Restricted before it is attached; a copy of an attached one has its restrictions, and saves two calls of three.
OwnedFd View::new_cover(PlaceKind kind) {
  OwnedFd cover = sys::clone_tree_at(staging_, kind == PlaceKind::kDirectory ? "empty" : "nothing");
  sys::restrict_mount(cover, kHarmless | MountFlag::kNoExec | MountFlag::kReadOnly, Reach::kThisMount);
  return cover;
}

/// The place of a mount that a path has to lead to.
OwnedFd View::lay_out(const OwnedFd& mount, const std::string& name) {
  sys::make_directory(staging_, name, 0700);
  sys::attach_at(mount, staging_, name);
  laid_out_.push_back(name);
  return sys::open_at(staging_, name, O_PATH | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
}

/// overlayfs takes its layers by path, and only where they are attached. userxattr: its marks are attributes that the
/// session's user may set (Linux 5.11). Not here: renaming a directory of the lower layer, which answers EXDEV.
OwnedFd View::overlay_of(const Bind& step, OwnedFd mapped) {
  const OwnedFd lower = mapped ? lay_out(mapped, "lower") : open_source(step.source);
  const OwnedFd store = sys::open_at(staging_, "store", O_PATH | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
  // There already where a session's sandbox is built anew.
  if (::faccessat(store.get(), "upper", F_OK, AT_SYMLINK_NOFOLLOW) != 0)
    sys::make_directory(store, "upper", sys::status_of(lower).st_mode & 0777);
  const std::string layers = fmt::format("/proc/self/fd/{}", store.get());
  const std::array<sys::MountOption, 4> options{{{"lowerdir", fmt::format("/proc/self/fd/{}", lower.get())},
                                                 {"upperdir", layers + "/upper"},
                                                 {"workdir", layers + "/work"},
                                                 {"userxattr", ""}}};
  try {
    return sys::new_filesystem("overlay", options, kHarmless);
  } catch (const SysError& error) {
    throw_no_overlay(error);
  }
}

OwnedFd View::staged_file(const std::string& content) {
  const std::string name = std::to_string(staged_++);
  {
    const OwnedFd file =
        sys::open_at(staging_, name, O_CREAT | O_EXCL | O_WRONLY, sys::Resolve::kBeneathNoSymlinks, 0444);
    sys::write_all(file, content, name);
  }
  OwnedFd mount = sys::clone_tree_at(staging_, name);
  sys::restrict_mount(mount, kHarmless | MountFlag::kNoExec | MountFlag::kReadOnly, Reach::kThisMount);
  return mount;
}

OwnedFd mapped_tree(const Bind& bind, const OwnedFd& user_namespace) {
  OwnedFd tree = sys::clone_tree(open_source(bind.source));
  try {
    sys::map_owners(tree, user_namespace);
  } catch (const SysError& error) {
    if (error.code() == ENOSYS) throw;
    throw Error(
        ExitStatus::kFeatureMissing,
        fmt::format("{}: the file system cannot map owners: {}", in_quotes(bind.source), error.what()),
        "run clawbox as the ordinary user who owns the workspace, or keep it on ext4, XFS, btrfs or tmpfs (Linux 6.3)");
  }
  return tree;
}

}  // namespace clawbox::mount
