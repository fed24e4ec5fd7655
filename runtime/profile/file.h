// One profile file, opened once and looked at through its descriptor, so that nothing can be swapped in between.
//
// Refused: symbolic links, FIFOs, directories, devices; more than 64 KiB; an owner who is neither root nor the caller;
// a file that others may write. Not protected: the directories above the file (their owner could move other files of
// the caller there).
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace clawbox::profile {

inline constexpr std::size_t kMaxFileBytes = std::size_t{64} * 1024;

struct FileProblem {
  enum class Nature { kContent, kPermission } nature;
  std::string what;  // a sentence without the file's name
};

/// Neither text nor problem: there is no such file.
struct FileReading {
  std::optional<std::string> text;
  std::optional<FileProblem> problem;
};

FileReading read_file(const std::string& path);

}  // namespace clawbox::profile
