// The disk behind a path, as control groups name it: only a whole disk has caps on its input and output. Kernel,
// Documentation/admin-guide/cgroup-v2.rst, "IO".
#pragma once

#include <string>

namespace clawbox::plan {

struct Disk {
  std::string number;  // "8:0"; empty: there is none
  std::string name;    // "sda"; without a disk the type of the file system: "overlay"
  /// Who shares it out by weight.
  enum class Sharing { kNobody, kBfq, kCost } sharing = Sharing::kNobody;
};

/// Of the file system that holds `path`. Network file systems, those in memory and those of several disks have none.
Disk disk_behind(const std::string& path);

}  // namespace clawbox::plan
