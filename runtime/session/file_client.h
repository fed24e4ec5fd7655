// The client of one file operation in a session.
#pragma once

#include <functional>
#include <string_view>

#include "base/json.h"
#include "base/owned_fd.h"
#include "files/request.h"
#include "files/stream.h"

namespace clawbox::session {

struct FileWish {
  files::Request request;
  Json labels = Json::object();
  std::function<std::string_view()> next_input;       // of a write: the next piece; empty at the end
  std::function<void(std::string_view)> take_output;  // of a read or a listing
};

/// `connection`: to a living session. Returns when the operation is over and on record; what the system inside refused
/// is an answer. Throws what the session refuses, and Error(kSessionBusy) where it ends before the operation does.
files::Answer operate_on_files(OwnedFd connection, const FileWish& wish);

}  // namespace clawbox::session
