#include "bench/view.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace clawbox::bench {
namespace {

namespace fs = std::filesystem;
using Kind = Mount::Kind;

constexpr const char* kNamespaces[] = {"pid", "network", "ipc", "uts", "mount", "user"};
constexpr const char* kNodes[] = {"null", "zero", "full", "random", "urandom", "tty"};

bool there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

std::string write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

// A directory is covered by an empty one, anything else by the null device.
std::optional<Mount> cover_of(const std::string& target) {
  std::error_code ignored;
  if (fs::is_directory(target, ignored)) return Mount{Kind::kTmpfs, target, ""};
  if (there(target)) return Mount{Kind::kReadOnly, target, "/dev/null"};
  return std::nullopt;
}

std::optional<Mount> mount_of(const Json& step, const std::string& made_file) {
  const std::string kind = step.at("step"), target = step.at("target");
  if (kind == "bind")
    return Mount{step.at("access") == "rw" ? Kind::kReadWrite : Kind::kReadOnly, target, step.at("source")};
  if (kind == "tmpfs") return Mount{Kind::kTmpfs, target, ""};
  if (kind == "proc") return Mount{Kind::kProc, target, ""};
  if (kind == "sysfs") return Mount{Kind::kReadOnly, target, "/sys"};
  if (kind == "devices") return Mount{Kind::kDevices, target, ""};
  if (kind == "symlink") return Mount{Kind::kSymlink, target, step.at("points_to")};
  if (kind == "file" && there(target)) return Mount{Kind::kReadOnly, target, write_file(made_file, step.at("content"))};
  if (kind == "cover") return cover_of(target);
  if (kind == "lock" && there(target)) return Mount{Kind::kReadOnly, target, target};
  return std::nullopt;
}

Json oci_mount(const std::string& target, const std::string& type, const std::string& source,
               std::vector<std::string> options) {
  return {{"destination", target}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

void add_oci_mounts(Json& mounts, const Mount& mount) {
  switch (mount.kind) {
    case Kind::kReadOnly:
      mounts.push_back(oci_mount(mount.target, "bind", mount.source, {"rbind", "ro", "nosuid"}));
      return;
    case Kind::kReadWrite:
      mounts.push_back(oci_mount(mount.target, "bind", mount.source, {"rbind", "rw", "nosuid"}));
      return;
    case Kind::kTmpfs:
      mounts.push_back(oci_mount(mount.target, "tmpfs", "tmpfs", {"nosuid", "nodev"}));
      return;
    case Kind::kProc:
      mounts.push_back(oci_mount(mount.target, "proc", "proc", {}));
      return;
    case Kind::kDevices:
      mounts.push_back(oci_mount(mount.target, "tmpfs", "tmpfs", {"nosuid", "mode=755", "size=65536k"}));
      mounts.push_back(
          oci_mount(mount.target + "/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666"}));
      mounts.push_back(oci_mount(mount.target + "/shm", "tmpfs", "shm", {"nosuid", "nodev", "mode=1777"}));
      for (const char* node : kNodes)
        mounts.push_back(
            oci_mount(fmt::format("{}/{}", mount.target, node), "bind", fmt::format("/dev/{}", node), {"bind"}));
      return;
    case Kind::kSymlink:
      return;  // made in the bundle's root directory
  }
}

Json oci_process(const std::vector<std::string>& argv, const std::string& directory) {
  Json process{{"terminal", false}, {"args", argv}, {"env", {"PATH=/usr/bin:/bin"}}, {"cwd", directory}};
  process["user"] = {{"uid", ::getuid()}, {"gid", ::getgid()}};
  process["noNewPrivileges"] = true;
  return process;
}

Json oci_linux() {
  Json linux;
  for (const char* name : kNamespaces) linux["namespaces"].push_back({{"type", name}});
  linux["uidMappings"] = {{{"containerID", ::getuid()}, {"hostID", ::getuid()}, {"size", 1}}};
  linux["gidMappings"] = {{{"containerID", ::getgid()}, {"hostID", ::getgid()}, {"size", 1}}};
  return linux;
}

}  // namespace

View usual_view(const std::string& workspace) {
  View view;
  for (const char* path : {"/usr", "/etc", "/opt"})
    if (there(path)) view.push_back({Kind::kReadOnly, path, path});
  for (const std::string path : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    if (fs::is_symlink(path))
      view.push_back({Kind::kSymlink, path, fs::read_symlink(path)});
    else if (there(path))
      view.push_back({Kind::kReadOnly, path, path});
  }
  for (const char* path : {"/tmp", "/var/tmp", "/run", "/home", "/root"}) view.push_back({Kind::kTmpfs, path, ""});
  view.push_back({Kind::kDevices, "/dev", ""});
  view.push_back({Kind::kProc, "/proc", ""});
  view.push_back({Kind::kReadWrite, workspace, workspace});
  return view;
}

View view_of(const Json& explained, const std::string& made) {
  View view;
  for (const Json& step : explained.at("mounts"))
    if (const auto mount = mount_of(step, fmt::format("{}/{}", made, view.size()))) view.push_back(*mount);
  return view;
}

std::vector<std::string> bwrap_words(const View& view) {
  std::vector<std::string> words;
  const auto add = [&](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
  for (const Mount& mount : view) switch (mount.kind) {
      case Kind::kReadOnly:
        add({"--ro-bind", mount.source, mount.target});
        break;
      case Kind::kReadWrite:
        add({"--bind", mount.source, mount.target});
        break;
      case Kind::kTmpfs:
        add({"--tmpfs", mount.target});
        break;
      case Kind::kProc:
        add({"--proc", mount.target});
        break;
      case Kind::kDevices:
        add({"--dev", mount.target});
        break;
      case Kind::kSymlink:
        add({"--symlink", mount.source, mount.target});
        break;
    }
  return words;
}

void write_bundle(const View& view, const std::vector<std::string>& argv, const std::string& directory) {
  fs::create_directories(directory + "/rootfs");
  Json config{{"ociVersion", "1.0.0"}, {"hostname", "bench"}};
  config["process"] = oci_process(argv, fs::path(argv.at(0)).parent_path());
  config["root"] = {{"path", "rootfs"}, {"readonly", true}};
  config["mounts"] = Json::array();
  for (const Mount& mount : view) {
    add_oci_mounts(config["mounts"], mount);
    if (mount.kind == Kind::kSymlink) fs::create_symlink(mount.source, directory + "/rootfs" + mount.target);
  }
  config["linux"] = oci_linux();
  write_file(directory + "/config.json", config.dump(2));
}

}  // namespace clawbox::bench
