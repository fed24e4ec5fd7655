#include "files/server.h"

#include "base/error.h"
#include "files/operations.h"
#include "files/stream.h"

namespace clawbox::files {
namespace {

Answer answer_to(const Request& request, const OwnedFd& stream) {
  switch (request.operation) {
    case Operation::kRead:
      return read(request, stream);
    case Operation::kWrite:
      return write(request, stream);
    case Operation::kStat:
      return stat(request);
    case Operation::kList:
      return list(request, stream);
    case Operation::kMakeDirectory:
      return make_directory(request);
    case Operation::kRemove:
      return remove(request);
    case Operation::kRename:
      return rename(request);
  }
  throw_sys_error(EINVAL, "a file operation");
}

Answer failure(int code, std::string_view what) {
  Answer answer;
  answer.error = code;
  what.copy(answer.what, sizeof answer.what - 1);
  return answer;
}

Answer tried(const Request& request, const OwnedFd& stream) {
  try {
    return answer_to(request, stream);
  } catch (const SysError& error) {
    return failure(error.code(), error.what());
  } catch (const std::exception& error) {
    return failure(EIO, error.what());
  }
}

}  // namespace

int serve(const Request& request, const OwnedFd& stream) noexcept {
  try {
    const Answer answer = tried(request, stream);
    send_frame(stream, FrameKind::kAnswer, bytes_of(answer));
    return answer.error;
  } catch (const std::exception&) {
    return EPIPE;  // nobody is left to hear of it
  }
}

}  // namespace clawbox::files
