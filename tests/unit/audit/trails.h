// Trails to be looked at, compressed, removed and damaged.
#pragma once

#include <fcntl.h>

#include <string>
#include <vector>

#include "audit/index.h"
#include "audit/trail.h"
#include "support/temp_dir.h"
#include "sys/files.h"

namespace clawbox::test {

class TrailDirectory {
 public:
  TrailDirectory() : fd_(sys::open(dir_.path(), O_PATH | O_DIRECTORY)) {}

  const OwnedFd& fd() const { return fd_; }
  std::string file(const std::string& name) const { return dir_ / name; }
  bool has(const std::string& name) const { return std::filesystem::exists(file(name)); }

  /// A whole trail with `records` records of about 300 bytes between its first and its last, and its line in the index.
  void add_ended(const std::string& session, int records, audit::TrailOptions options = {}) const {
    audit::Trail trail(fd_, session, options);
    trail.append("session.start", {{"profile", "base"}});
    for (int i = 0; i < records; ++i)
      trail.append("exec", {{"id", i + 1}, {"path", "/usr/bin/true"}, {"argv", {"true", filler()}}});
    trail.end({{"exit_status", 0}});
    audit::record_head(fd_, trail);
    trail.close();
  }

  /// As a killed supervisor leaves it.
  void add_crashed(const std::string& session, int records) const {
    audit::Trail trail(fd_, session);
    for (int i = 0; i < records; ++i) trail.append("exec", {{"id", i + 1}, {"path", "/usr/bin/true"}});
  }

  std::vector<std::string> lines(const std::string& name) const {
    std::istringstream in(read_file(file(name)));
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

  void put_lines(const std::string& name, const std::vector<std::string>& all) const {
    std::string text;
    for (const std::string& line : all) text += line + "\n";
    write_file(file(name), text, 0600);
  }

  static std::string filler() { return std::string(100, 'x'); }

 private:
  TempDir dir_;
  OwnedFd fd_;
};

}  // namespace clawbox::test
