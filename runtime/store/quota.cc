#include "store/quota.h"

#include <algorithm>

namespace clawbox::store {
namespace {

uint64_t left_of(uint64_t cap, uint64_t used) { return cap > used ? cap - used : 0; }

}  // namespace

uint64_t Quota::bytes_left() const { return left_of(left_of(caps_.bytes, used_.bytes), kNameRoom); }

bool Quota::has_room_for_name() const { return left_of(caps_.bytes, used_.bytes) >= kNameRoom; }

bool Quota::has_room_for_file() const { return has_room_for_name() && used_.files < caps_.files; }

void Quota::add_file() {
  ++used_.files;
  peak_.files = std::max(peak_.files, used_.files);
}

void Quota::remove_file() { used_.files = left_of(used_.files, 1); }

// Never below 0: a file that grew on the host unseen is given back with more than it was charged for.
void Quota::recharge(uint64_t before, uint64_t after) {
  used_.bytes = left_of(used_.bytes, before) + after;
  peak_.bytes = std::max(peak_.bytes, used_.bytes);
}

}  // namespace clawbox::store
