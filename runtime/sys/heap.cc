#include "sys/heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace clawbox::sys {
namespace {

constexpr std::size_t kLargestHole = 64 << 10, kSmallestHole = 16;
constexpr std::size_t kFineBelow = 1 << 10;  // from here down each size has a list of its own
constexpr int kMostHoles = 20'000;

std::size_t next_size(std::size_t size) { return size > kFineBelow ? size / 2 : size - 16; }

/// Of the allocator's last chunk, from which it takes what no hole has room for.
std::uintptr_t begin_of_top() { return reinterpret_cast<std::uintptr_t>(::sbrk(0)) - ::mallinfo2().keepcost; }

/// What called us returns here: only what lies below this function's frame is free.
[[gnu::noinline]] void release_stack() {
  constexpr std::size_t kPage = 4096, kDeepest = std::size_t{256} << 10;
  char* const here = static_cast<char*>(__builtin_frame_address(0));
  char* const end = here - reinterpret_cast<std::uintptr_t>(here) % kPage - 2 * kPage;
  ::madvise(end - kDeepest, kDeepest, MADV_DONTNEED);  // ENOMEM: it never was that deep
}

}  // namespace

void release_free_pages() {
  ::malloc_trim(0);
  release_stack();
}

void begin_new_pages() {
  ::malloc_trim(0);
  const std::uintptr_t top = begin_of_top();
  int left = kMostHoles;
  for (std::size_t size = kLargestHole; size >= kSmallestHole; size = next_size(size)) {
    void* hole = nullptr;
    while ((hole = ::malloc(size)) != nullptr && reinterpret_cast<std::uintptr_t>(hole) < top && --left > 0) {
    }
    ::free(hole);  // of the new pages
  }
}

}  // namespace clawbox::sys
