// The steps of one apply, in an order in which each finds its directory: small enough that the journal holds them all,
// and each such that what has been done already can be told from what has not.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "review/change.h"

namespace clawbox::review {

struct Operation {
  enum class Act : char {
    kPlace = 'P',  // what is staged changes places with what is there
    kTake = 'T',   // what is there goes into the staging directory
    kMode = 'M',
  } act = Act::kPlace;
  std::string path;
  unsigned number = 0;  // its name in the staging directory
  uint64_t staged_inode = 0;
  // What the host had there when the apply was planned, so that an edit of the last moment is noticed. 0: nothing.
  uint64_t inode = 0;
  int64_t modified = 0;  // 0: it is a directory
  uint64_t size = 0;
  mode_t mode = 0, old_mode = 0;

  bool on_directory() const { return modified == 0; }
};

/// `chosen`: parents first. What is taken away goes last, but for what is in the way.
std::vector<Operation> operations_for(const std::vector<Change>& chosen);

/// The bytes of a journal, and back. Throws Error(kStateUnusable) for what is not ours.
std::string journal_text(const std::vector<Operation>& operations);
std::vector<Operation> read_journal(const std::string& text);

}  // namespace clawbox::review
