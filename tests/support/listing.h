// What a directory holds, so that a test can say that a run left it as it was.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>

namespace clawbox::test {

/// Every name below `directory` with its type, size, inode and time of change. Links are not followed.
inline std::map<std::string, std::string> listing(const std::string& directory) {
  std::map<std::string, std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat facts {};
    ::lstat(entry.path().c_str(), &facts);
    names[entry.path()] = std::to_string(facts.st_mode) + " " + std::to_string(facts.st_size) + " " +
                          std::to_string(facts.st_ino) + " " + std::to_string(facts.st_mtim.tv_sec) + "." +
                          std::to_string(facts.st_mtim.tv_nsec);
  }
  return names;
}

}  // namespace clawbox::test
