// A fresh directory that goes, with everything in it, when it leaves scope; and the few file helpers that tests share.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace clawbox::test {

class TempDir {
 public:
  TempDir() : TempDir(base()) {}
  explicit TempDir(const std::string& parent) : path_(parent + "/clawbox-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
    ::chmod(path_.c_str(), 0755);
  }
  TempDir(const TempDir&) = delete;
  ~TempDir() {
    // A test may have left directories without permissions; only root could remove those as they are.
    std::error_code ignored;
    for (auto entry = std::filesystem::recursive_directory_iterator(
             path_, std::filesystem::directory_options::skip_permission_denied, ignored);
         entry != std::filesystem::recursive_directory_iterator(); entry.increment(ignored))
      if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) ::chmod(entry->path().c_str(), 0700);
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  /// Where the sandbox's private /tmp would not hide it anyhow, so that a refusal is the sandbox's doing.
  static std::string base() {
    const char* given = ::getenv("CLAWBOX_TEST_DIR");
    if (given != nullptr && ::access(given, W_OK) == 0) return given;
    return ::access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
  }

 private:
  std::string path_;
};

inline std::string make_directory(const std::string& path) {
  std::filesystem::create_directories(path);
  return path;
}

inline std::string write_file(const std::string& path, const std::string& content, mode_t mode = 0644) {
  make_directory(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
  ::chmod(path.c_str(), mode);
  return path;
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace clawbox::test
