// What the C library's allocator has, for processes that live for hours and share pages with the one they forked.
// Source: malloc_trim(3), mallinfo(3), madvise(2).
#pragma once

namespace clawbox::sys {

/// Gives free pages back to the kernel: those of the heap, and those of the stack below the caller.
void release_free_pages();

/// Before a fork: what either side allocates afterwards lies on pages of its own. Else it would go to holes among what
/// both know, and each page that one writes to costs two. The holes are filled for ever, so call it once.
void begin_new_pages();

}  // namespace clawbox::sys
