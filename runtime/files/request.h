// What may be asked about the files of a session, and its way to the process inside that does it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clawbox::files {

enum class Operation { kRead, kWrite, kStat, kList, kMakeDirectory, kRemove, kRename };

struct Request {
  Operation operation = Operation::kStat;
  std::string path;                                       // absolute, as inside
  std::string to;                                         // kRename: the new path
  std::string beneath = "/";                              // no link and no ".." leads out of this directory: EXDEV
  uint64_t limit = std::numeric_limits<uint64_t>::max();  // kRead: of a larger file nothing is given; kList: bytes of
                                                          // names: EFBIG
  std::optional<mode_t> mode;  // kWrite, kMakeDirectory: of what is made anew; without it as the umask says
  bool parents = false;        // kWrite, kMakeDirectory, kRename: directories on the way are made
  bool exclusive = false;      // kWrite, kRename: what is there stays: EEXIST
  bool recursive = false;      // kRemove: with all that is in it
  bool force = false;          // kRemove: what is not there is removed already
  bool follow = true;          // kStat: a link at the end is followed
  bool one_name = false;       // kRead, kWrite: a file of several names (hard links) is refused: EMLINK
};

/// "read", "write", "stat", "ls", "mkdir", "rm", "rename".
std::string_view name_of(Operation operation);

std::vector<std::string> as_words(const Request& request);
/// Throws SysError(EPROTO) for what as_words did not write, and SysError(EINVAL) for a path that is not absolute.
Request request_in(const std::vector<std::string>& words);

}  // namespace clawbox::files
