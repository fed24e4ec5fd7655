#include "audit/compress.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <zstd.h>

#include <memory>
#include <new>
#include <vector>

#include "audit/trail_file.h"
#include "base/error.h"
#include "sys/files.h"

namespace clawbox::audit {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

class Compressor {
 public:
  explicit Compressor(const OwnedFd& target)
      : target_(target), context_(ZSTD_createCCtx()), out_(ZSTD_CStreamOutSize()) {
    if (!context_) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);  // so that a reader notices damage by itself
  }

  void add(std::string_view bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::size_t left = 1;
    while (directive == ZSTD_e_end ? left != 0 : in.pos < in.size) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      left = ZSTD_compressStream2(context_.get(), &out, &in, directive);
      if (ZSTD_isError(left) != 0) throw_sys_error(EIO, fmt::format("compressing: {}", ZSTD_getErrorName(left)));
      sys::write_all(target_, {out_.data(), out.pos}, "a compressed trail");
    }
  }

 private:
  const OwnedFd& target_;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
  std::vector<char> out_;
};

void copy_compressed(const OwnedFd& source, const OwnedFd& target) {
  Compressor compressor(target);
  std::vector<char> bytes(ZSTD_CStreamInSize());
  while (true) {
    const ssize_t got = ::read(source.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading a trail to compress it");
    if (got == 0) return compressor.add({}, ZSTD_e_end);
    compressor.add({bytes.data(), static_cast<std::size_t>(got)}, ZSTD_e_continue);
  }
}

void keep_age(const OwnedFd& source, const OwnedFd& target) {
  const struct stat status = sys::status_of(source);
  const timespec times[] = {status.st_atim, status.st_mtim};
  if (::futimens(target.get(), times) < 0) throw_errno("setting the time of a compressed trail");
}

}  // namespace

void compress_file(const OwnedFd& directory, const std::string& name, const OwnedFd& source) {
  const std::string compressed = name + ".zst", aside = "." + compressed + ".tmp";
  const OwnedFd target =
      sys::open_at(directory, aside, O_CREAT | O_TRUNC | O_WRONLY, sys::Resolve::kBeneathNoSymlinks, 0600);
  try {
    copy_compressed(source, target);
    keep_age(source, target);
    if (::fsync(target.get()) < 0) throw_errno("syncing a compressed trail");
    if (::renameat(directory.get(), aside.c_str(), directory.get(), compressed.c_str()) < 0)
      throw_errno("renaming to '{}'", compressed);
  } catch (...) {
    ::unlinkat(directory.get(), aside.c_str(), 0);
    throw;
  }
  sync_directory(directory);  // before the original goes
  sys::remove_file(directory, name);
}

}  // namespace clawbox::audit
