#include "sys/heap.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>
#include <vector>

#include "support/catch.h"
#include "sys/processes.h"

using namespace clawbox;

namespace {

/// In a process of its own: nobody gives the holes back.
int status_of_child(int (*acts)()) {
  sys::Clone clone = sys::clone_into(0);
  if (clone.pid == 0) ::_exit(acts());
  return sys::Process(clone.pid, std::move(clone.pidfd)).wait().status;
}

}  // namespace

#ifndef __SANITIZE_ADDRESS__  // which brings an allocator of its own
namespace {

/// Holes of all sizes between blocks that stay.
void perforate(std::vector<void*>& stay) {
  std::vector<void*> holes;
  for (std::size_t size = 16; size < 40'000; size += size / 7 + 8) {
    holes.push_back(std::malloc(size));
    stay.push_back(std::malloc(16));
  }
  for (void* hole : holes) std::free(hole);
}

}  // namespace

TEST_CASE("what is allocated before a fork and after it shares no page") {
  CHECK(status_of_child([] {
          std::vector<void*> stay;
          perforate(stay);
          sys::begin_new_pages();
          for (const std::size_t size : std::vector<std::size_t>{16, 24, 40, 100, 500, 1'000, 2'000, 10'000, 30'000}) {
            const auto* const block = static_cast<char*>(std::malloc(size));
            const bool is_hole =
                std::any_of(stay.begin(), stay.end(), [&](void* known) { return block < static_cast<char*>(known); });
            if (is_hole) return 1;
          }
          return 0;
        }) == 0);
}
#endif

TEST_CASE("what is in use stays as it is when free pages go back") {
  CHECK(status_of_child([] {
          const std::string text(100'000, 'x');
          char deep[2'000];
          std::fill(std::begin(deep), std::end(deep), 'z');
          sys::release_free_pages();
          const bool kept = text.find_first_not_of('x') == std::string::npos &&
                            std::all_of(std::begin(deep), std::end(deep), [](char c) { return c == 'z'; });
          return kept ? 0 : 1;
        }) == 0);
}
