#include "store/server.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "sys/ready_set.h"

namespace clawbox::store {
namespace {

// Not asked for: WRITEBACK_CACHE, with which write(2) succeeds in a full store and only fsync(2) fails. With
// HANDLE_KILLPRIV_V2 the kernel does not ask for security.capability before each write: the host's kernel drops the
// bits, as this process has no CAP_FSETID. AUTO_INVAL_DATA is not needed, as nobody else writes.
constexpr uint32_t kFeatures = FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_ASYNC_DIO | FUSE_PARALLEL_DIROPS |
                               FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_NO_OPEN_SUPPORT |
                               FUSE_NO_OPENDIR_SUPPORT | FUSE_CACHE_SYMLINKS | FUSE_EXPLICIT_INVAL_DATA |
                               FUSE_MAX_PAGES | FUSE_HANDLE_KILLPRIV_V2;
constexpr uint32_t kPage = 4096;
constexpr std::size_t kLargest = sizeof(fuse_in_header) + sizeof(fuse_write_in) + kMostData + kPage;

constexpr unsigned kLateTurns = 16;

bool has_no_answer(uint32_t opcode) { return opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET; }

}  // namespace

Server::Server(OwnedFd device, QuotaFs files, Tell tell)
    : device_(std::move(device)), files_(std::move(files)), tell_(std::move(tell)) {}

/// Empty: the mount is gone.
std::span<const std::byte> Server::next(std::span<std::byte> buffer) {
  while (true) {
    const ssize_t got = ::read(device_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT)) continue;  // ENOENT: taken back
    if (got < 0 && errno == ENODEV) return {};
    if (got < 0) throw_errno("reading requests of the store");
    if (static_cast<std::size_t>(got) < sizeof(fuse_in_header)) throw_sys_error(EPROTO, "a request of the store");
    return buffer.first(static_cast<std::size_t>(got));
  }
}

void Server::run() {
  std::vector<std::byte> buffer(kLargest);
  while (true) {
    if (!late_.empty() && (late_turns_++ >= kLateTurns || !sys::is_readable(device_.get()))) answer_late();
    const std::span<const std::byte> message = next(buffer);
    if (message.empty()) return;
    serve(message, Patience::kSome);
  }
}

// The kernel lets up to eight requests overtake a FORGET. So a program that has closed a deleted file, and writes the
// next, could be refused the room which it has just given back.
bool Server::put_off(std::span<const std::byte> message) {
  if (!late_.empty() || !files_.has_orphans()) return false;
  late_.assign(message.begin(), message.end());
  late_turns_ = 0;
  return true;
}

void Server::answer_late() {
  const std::vector<std::byte> message = std::exchange(late_, {});
  serve(message, Patience::kNone);
}

void Server::serve(std::span<const std::byte> message, Patience patience) {
  Request request(message);
  if (has_no_answer(request.header.opcode)) return forget(request);
  const bool first = request.header.opcode == FUSE_INIT;
  const Answer answer = first ? initialize(request) : files_.answer(request, reply_);
  const Refusal refusal = files_.take_refusal();
  if (refusal != Refusal::kNone && patience == Patience::kSome && put_off(message)) return;
  const std::span<const std::byte> out = reply_.message(request.header.unique, answer);
  report(refusal);  // first: the program may end the session as soon as it has its answer
  // ENOENT: who asked has been killed. An error of ours must not hang them all either: the mount ends with us.
  if (::write(device_.get(), out.data(), out.size()) < 0 && errno != ENOENT && errno != ENODEV)
    throw_errno("answering a request of the store");
}

Answer Server::initialize(Request& request) {
  const auto in = request.take<fuse_init_in>();
  if (in.major != FUSE_KERNEL_VERSION) return {.error = EPROTO};
  fuse_init_out out{};
  out.major = FUSE_KERNEL_VERSION;
  out.minor = std::min<uint32_t>(in.minor, FUSE_KERNEL_MINOR_VERSION);
  out.max_readahead = std::min(in.max_readahead, kMostData);
  out.flags = in.flags & kFeatures;
  out.max_background = 64;
  out.congestion_threshold = 48;
  out.max_write = kMostData;
  out.time_gran = 1;
  out.max_pages = kMostData / kPage;
  return reply_.with(out);
}

void Server::forget(Request& request) {
  if (request.header.opcode == FUSE_FORGET) {
    files_.forget(request.header.nodeid, request.take<fuse_forget_in>().nlookup);
    return;
  }
  for (uint32_t left = request.take<fuse_batch_forget_in>().count; left > 0 && !request.broken(); --left) {
    const auto one = request.take<fuse_forget_one>();
    files_.forget(one.nodeid, one.nlookup);
  }
}

void Server::report(Refusal refusal) {
  if (refusal == Refusal::kNone) return;
  bool& told = refusal == Refusal::kBytes ? told_bytes_ : told_files_;
  if (!std::exchange(told, true)) tell_(refusal, files_.quota());
}

}  // namespace clawbox::store
