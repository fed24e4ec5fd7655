// Bytes of one direction of a connection: read here, written there, as fast as the slower end takes them.
//
// Small reads are copied through one buffer that all flows share; after a read of 64 KiB or more the bytes go by
// splice(2) through a pipe, which is taken from a pool and given back as soon as it is empty. What the receiver does
// not take is kept (at most one buffer), and nothing more is read meanwhile.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/owned_fd.h"

namespace clawbox::egress {

inline constexpr std::size_t kFlowBuffer = std::size_t{256} << 10;

struct Pipe {
  OwnedFd out, in;
  explicit operator bool() const { return static_cast<bool>(out); }
};

/// What all flows share.
class FlowPool {
 public:
  FlowPool() : buffer_(kFlowBuffer) {}
  std::span<char> buffer() { return buffer_; }
  /// What a flow may read at once: all of the buffer, or little where ends that do not read have much held for them.
  std::span<char> room();
  /// Bytes that wait in memory; `hold` and `let_go` count them.
  bool is_full() const { return held_ > kMuchHeld; }
  void hold(std::size_t bytes) { held_ += bytes; }
  void let_go(std::size_t bytes) { held_ -= bytes; }
  Pipe take_pipe();  // none where there are no descriptors left
  void give_back(Pipe pipe);

 private:
  static constexpr std::size_t kMuchHeld = std::size_t{32} << 20;
  std::vector<char> buffer_;
  std::vector<Pipe> pipes_;
  std::size_t held_ = 0;
};

/// One end of a connection, watched edge-triggered: ready until a call says otherwise.
struct End {
  OwnedFd socket;
  bool readable = false;
  bool writable = false;
  bool is_ending = false;  // or has urgent data: after a read that was short there may be more without another event

  static constexpr uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
  void note(uint32_t events);  // that the loop told of
};

class Flow {
 public:
  explicit Flow(FlowPool& pool) : pool_(&pool) {}
  Flow(const Flow&) = delete;
  ~Flow();

  /// kWaits: until an end is ready again. kMore: others first, then again. kEnded: the end of the stream was passed on.
  /// kBroken: one of the ends is gone.
  enum class Step : uint8_t { kWaits, kMore, kEnded, kBroken };
  Step move(End& from, End& to);
  /// Goes ahead of what is read.
  void put_first(std::string bytes) { hold(std::move(bytes)); }
  /// Its source has ended before the first `move`.
  void source_ended() { at_end_ = true; }

  uint64_t bytes() const { return bytes_; }  // that were passed on
  bool has_ended() const { return has_ended_; }

 private:
  enum class Moved : uint8_t { kSome, kWaits, kEnd, kBroken };
  void hold(std::string bytes);
  Moved flush(End& to);
  Moved fill(End& from, End& to);
  Moved copy(End& from, End& to);
  Moved splice_in(End& from);
  Moved splice_out(End& to);
  Moved send(std::string_view bytes, End& to);

  FlowPool* pool_;
  Pipe pipe_;
  std::size_t in_pipe_ = 0;
  std::string pending_;
  std::size_t sent_ = 0;  // of pending_
  uint64_t bytes_ = 0;
  bool is_bulk_ = false, at_end_ = false, has_ended_ = false;
};

}  // namespace clawbox::egress
