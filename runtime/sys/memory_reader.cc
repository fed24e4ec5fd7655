#include "sys/memory_reader.h"

#include <poll.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "sys/channel.h"

namespace clawbox::sys {
namespace {

using namespace std::chrono_literals;

constexpr auto kLeastPatience = 50ms;  // thousands of times what an honest read takes
constexpr auto kForgiven = 60s;

struct Request {
  pid_t pid = 0;
  uint32_t pieces = 0, bytes = 0;
};

struct Reply {
  uint32_t bytes = 0;
  int32_t error = 0;
};

template <class Packet>
std::span<std::byte> bytes_of(Packet& packet) {
  return std::as_writable_bytes(std::span(&packet, 1));
}

}  // namespace

struct MemoryReader::Exchange {
  iovec pieces[kMostPieces];
  char bytes[kMostBytes];
};

void MemoryReader::Unmap::operator()(Exchange* exchange) const { ::munmap(exchange, sizeof *exchange); }

MemoryReader::MemoryReader(std::function<bool()> nobody_waits, std::chrono::milliseconds deadline)
    : nobody_waits_(std::move(nobody_waits)), deadline_(deadline), patience_(deadline) {}

MemoryReader::~MemoryReader() {
  // One whom a file system holds is not waited for; init reaps it when we are gone.
  for (Process& process : stuck_)
    if (!process.ended()) process.release();
}

MemoryRead MemoryReader::read(pid_t pid, std::span<const iovec> pieces, std::span<char> into) {
  if (pieces.size() > kMostPieces || into.size() > kMostBytes) return {0, EINVAL};
  if (nobody_waits_) is_direct_ = std::exchange(nobody_waits_, nullptr)();
  if (is_direct_) return read_pieces(pid, pieces, into);
  if (!stuck_.empty()) reap_stuck();
  if (stuck_.size() >= kMostStuck) return {0, ETIMEDOUT};
  try {
    if (!helper_) start();
  } catch (const SysError&) {  // no process to be had: this read fails, the session goes on
    return {0, EAGAIN};
  }
  std::copy(pieces.begin(), pieces.end(), exchange_->pieces);
  Request request{pid, static_cast<uint32_t>(pieces.size()), static_cast<uint32_t>(into.size())};
  if (send_packet(helper_->channel, bytes_of(request))) return await_reply(into);
  helper_.reset();
  return {0, EIO};
}

void MemoryReader::start() {
  void* const shared = ::mmap(nullptr, sizeof(Exchange), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw_errno("sharing memory with the reader of processes");
  exchange_.reset(static_cast<Exchange*>(shared));
  helper_ = start_helper([this](const OwnedFd& channel) { serve(channel, *exchange_); });
}

void MemoryReader::serve(const OwnedFd& channel, Exchange& exchange) {
  Request request;
  while (receive_packet(channel, bytes_of(request))) {
    const MemoryRead got = read_pieces(request.pid, std::span(exchange.pieces).first(request.pieces),
                                       std::span(exchange.bytes).first(request.bytes));
    Reply reply{static_cast<uint32_t>(got.size), got.error};
    if (!send_packet(channel, bytes_of(reply))) return;
  }
}

MemoryRead MemoryReader::await_reply(std::span<char> into) {
  if (!replies_in_time()) {
    give_up(Clock::now());
    return {0, ETIMEDOUT};
  }
  Reply reply;
  if (!receive_packet(helper_->channel, bytes_of(reply))) {
    helper_.reset();
    return {0, EIO};
  }
  const std::size_t size = std::min<std::size_t>(reply.bytes, into.size());
  std::copy_n(exchange_->bytes, size, into.begin());
  return {size, reply.error};
}

bool MemoryReader::replies_in_time() {
  pollfd reply{helper_->channel.get(), POLLIN, 0};
  const auto asked = Clock::now();
  if (patience_ < deadline_ && asked - missed_ > kForgiven) patience_ = deadline_;
  for (auto left = patience_; left > 0ms;) {
    const int ready = ::poll(&reply, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw_errno("waiting for the reader of processes");
    left = patience_ - std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - asked);
  }
  return false;
}

void MemoryReader::give_up(Clock::time_point now) {
  missed_ = now;
  patience_ = std::max<std::chrono::milliseconds>(patience_ / 2,
                                                  std::min(deadline_, std::chrono::milliseconds(kLeastPatience)));
  helper_->process.kill();
  stuck_.push_back(std::move(helper_->process));
  helper_.reset();
  exchange_.reset();
}

void MemoryReader::reap_stuck() {
  std::erase_if(stuck_, [](Process& process) {
    if (!process.ended()) return false;
    process.wait();
    return true;
  });
}

}  // namespace clawbox::sys
