#include "plan/disks.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "base/text.h"
#include "sys/file_systems.h"

namespace clawbox::plan {
namespace {

namespace fs = std::filesystem;

std::string first_line_of(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// "8:0 enable=1 ctrl=auto …" for each disk that has a model.
bool has_cost_model(const std::string& number) {
  std::ifstream file("/sys/fs/cgroup/io.cost.qos");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(number + " enable=1")) return true;
  return false;
}

Disk::Sharing sharing_of(const fs::path& disk, const std::string& number) {
  if (first_line_of(disk / "queue/scheduler").find("[bfq]") != std::string::npos) return Disk::Sharing::kBfq;
  return has_cost_model(number) ? Disk::Sharing::kCost : Disk::Sharing::kNobody;
}

/// Its directory in sysfs; a partition's is inside that of its disk.
std::optional<fs::path> whole_disk(dev_t device) {
  std::error_code problem;
  const std::string link = fmt::format("/sys/dev/block/{}:{}", major(device), minor(device));
  const fs::path found = fs::canonical(link, problem);
  if (problem) return std::nullopt;
  return fs::exists(found / "partition", problem) ? found.parent_path() : found;
}

}  // namespace

Disk disk_behind(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {};
  const std::optional<fs::path> disk = whole_disk(found.st_dev);
  if (!disk) return {"", sys::type_of_file_system(path)};
  const std::string number = first_line_of(*disk / "dev");
  return {number, disk->filename().string(), sharing_of(*disk, number)};
}

}  // namespace clawbox::plan
