// Where the bytes of a segment come from: read(2), or read(2) through libzstd's streaming interface.
#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <vector>

#include "audit/reader.h"
#include "base/error.h"
#include "sys/files.h"

namespace clawbox::audit {
namespace {

class PlainFile : public ByteSource {
 public:
  explicit PlainFile(OwnedFd file) : file_(std::move(file)) {}

  std::size_t read(char* into, std::size_t size) override {
    while (true) {
      const ssize_t count = ::read(file_.get(), into, size);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno == EINTR) continue;
      damage_ = SysError(errno, "reading").what();
      return 0;
    }
  }
  const std::string& damage() const override { return damage_; }
  uint64_t inode() const override { return sys::status_of(file_).st_ino; }

 private:
  OwnedFd file_;
  std::string damage_;
};

struct FreeStream {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

/// The window is limited to 128 MiB (ZSTD_WINDOWLOG_LIMIT_DEFAULT), whatever a file asks for.
class CompressedFile : public ByteSource {
 public:
  explicit CompressedFile(OwnedFd file) : file_(std::move(file)), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }

  std::size_t read(char* into, std::size_t size) override {
    ZSTD_outBuffer out{into, size, 0};
    while (out.pos == 0 && damage_.empty()) {
      if (in_.pos == in_.size && !refill()) break;
      const std::size_t said = ZSTD_decompressStream(stream_.get(), &out, &in_);
      if (ZSTD_isError(said) != 0) damage_ = std::string("decompressing: ") + ZSTD_getErrorName(said);
      inside_frame_ = said != 0;
    }
    return out.pos;
  }
  const std::string& damage() const override { return damage_; }
  uint64_t inode() const override { return file_.inode(); }

 private:
  bool refill() {
    in_ = {compressed_.data(), file_.read(compressed_.data(), compressed_.size()), 0};
    if (in_.size > 0) return true;
    damage_ = file_.damage();
    if (damage_.empty() && inside_frame_) damage_ = "the compressed file ends too early";
    return false;
  }

  PlainFile file_;
  std::unique_ptr<ZSTD_DStream, FreeStream> stream_;
  std::vector<char> compressed_ = std::vector<char>(128 << 10);
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool inside_frame_ = true;  // an empty file is not a frame
  std::string damage_;
};

}  // namespace

std::unique_ptr<ByteSource> open_segment(const OwnedFd& directory, const std::string& name) {
  // O_NONBLOCK: a fifo that was put there must not hold the reader.
  OwnedFd file = sys::open_at(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, sys::Resolve::kBeneathNoSymlinks);
  if (!name.ends_with(".zst")) return std::make_unique<PlainFile>(std::move(file));
  return std::make_unique<CompressedFile>(std::move(file));
}

}  // namespace clawbox::audit
