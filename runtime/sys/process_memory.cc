#include "sys/process_memory.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "sys/memory_reader.h"

namespace clawbox::sys {
namespace {

// The least page of any architecture. A piece never crosses a page, so that what is mapped comes whatever follows it:
// process_vm_readv(2) promises nothing for a piece of which only a part can be read.
constexpr std::size_t kPage = 4096;
constexpr std::size_t kMostPieces = MemoryReader::kMostBytes / kPage;
constexpr std::size_t kBeginning = 256;  // most words and paths are shorter
constexpr std::size_t kMostStep = std::size_t{64} << 10;
constexpr std::size_t kFirstPointers = 128;
constexpr std::size_t kPointersAtOnce = 2048;
constexpr std::size_t kWordsAtOnce = MemoryReader::kMostPieces;
static_assert(kWordsAtOnce * kBeginning <= MemoryReader::kMostBytes);
constexpr std::size_t kMostCountedWords = 4096;      // by their length
constexpr std::size_t kMostCountedPointers = 65536;  // by their number only
constexpr std::size_t kMostCountedTail = std::size_t{1} << 20;

std::size_t to_page_end(uint64_t address) { return kPage - address % kPage; }

// NOLINTNEXTLINE(performance-no-int-to-ptr): an address in another process; nobody here follows it
iovec piece_at(uint64_t address, std::size_t size) { return {reinterpret_cast<void*>(address), size}; }

struct Pointers {
  std::vector<uint64_t> values;
  bool ended = false;  // by a null pointer
  int error = 0;
};

void read_more_pointers(const ProcessMemory& memory, uint64_t address, std::size_t count, Pointers& known) {
  const std::size_t before = known.values.size();
  known.values.resize(before + count);
  const auto bytes = std::span(reinterpret_cast<char*>(known.values.data() + before), count * sizeof(uint64_t));
  const MemoryRead got = memory.read(address + before * sizeof(uint64_t), bytes);
  known.values.resize(before + got.size / sizeof(uint64_t));
  const auto null = std::find(known.values.begin() + static_cast<std::ptrdiff_t>(before), known.values.end(), 0U);
  known.ended = null != known.values.end();
  known.error = known.ended ? 0 : got.error;
  known.values.erase(null, known.values.end());
}

Pointers read_pointers(const ProcessMemory& memory, uint64_t address, std::size_t most) {
  Pointers pointers;
  for (std::size_t step = kFirstPointers; pointers.values.size() < most; step = kPointersAtOnce) {
    read_more_pointers(memory, address, std::min(step, most - pointers.values.size()), pointers);
    if (pointers.ended || pointers.error != 0) break;
  }
  return pointers;
}

/// The beginnings of many words by one call, each up to its page's end.
struct Beginnings {
  std::vector<char> bytes;
  std::vector<std::size_t> ends;  // in `bytes`, of those that came
  int error = 0;                  // of the one after the last that came

  std::string_view of(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends[index - 1];
    return {bytes.data() + begin, ends[index] - begin};
  }
};

Beginnings read_beginnings(const ProcessMemory& memory, std::span<const uint64_t> addresses) {
  std::array<iovec, kWordsAtOnce> pieces;
  Beginnings result;
  std::size_t total = 0;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::size_t size = std::min(kBeginning, to_page_end(addresses[i]));
    pieces[i] = piece_at(addresses[i], size);
    result.ends.push_back(total += size);
  }
  result.bytes.resize(total);
  const MemoryRead got = memory.read(std::span(pieces).first(addresses.size()), result.bytes);
  result.error = got.error;
  while (!result.ends.empty() && result.ends.back() > got.size) result.ends.pop_back();
  return result;
}

/// Words in order until a limit, then their lengths only, then not even those.
class VectorReader {
 public:
  VectorReader(const ProcessMemory& memory, VectorLimits limits) : memory_(memory), limits_(limits) {}

  StringVector read(uint64_t address) {
    const Pointers pointers = read_pointers(memory_, address, std::max(limits_.words + 1, kFirstPointers));
    Pointers all = pointers;
    if (!all.ended && all.error == 0) all = read_pointers(memory_, address, kMostCountedPointers);
    const std::span<const uint64_t> words(all.values);
    const std::size_t looked_at = std::min(words.size(), limits_.words + kMostCountedWords);
    for (std::size_t i = 0; i < looked_at && result_.error == 0; i += kWordsAtOnce)
      take_batch(words.subspan(i, std::min(kWordsAtOnce, looked_at - i)));
    if (result_.error == 0) result_.error = all.error;
    if (result_.error == 0) result_.words_left_out += words.size() - looked_at;
    if (looked_at < words.size() || !all.ended) result_.counted = StringVector::Counted::kAtLeast;
    return std::move(result_);
  }

 private:
  void take_batch(std::span<const uint64_t> addresses) {
    const Beginnings batch = read_beginnings(memory_, addresses);
    for (std::size_t i = 0; i < batch.ends.size() && result_.error == 0; ++i) {
      const std::string_view bytes = batch.of(i);
      const std::size_t length = bytes.find('\0');
      const bool whole = length != std::string_view::npos;
      const std::string_view word = bytes.substr(0, length);
      if (left_out())
        count(word.size(), whole ? Counted::kAll : Counted::kAtLeast);
      else
        keep(word, whole ? 0 : addresses[i] + bytes.size());
    }
    if (result_.error == 0) result_.error = batch.error;
  }

  bool left_out() const { return result_.words.size() >= limits_.words || kept_ >= limits_.bytes; }

  using Counted = StringVector::Counted;

  void count(std::size_t length, Counted counted) {
    ++result_.words_left_out;
    result_.bytes_left_out += length;
    if (counted == Counted::kAtLeast) result_.counted = counted;
  }

  /// `goes_on_at`: where the rest of the word is, or 0.
  void keep(std::string_view beginning, uint64_t goes_on_at) {
    std::string word(beginning.substr(0, limits_.bytes - kept_));
    result_.bytes_left_out += beginning.size() - word.size();
    if (goes_on_at != 0) keep_rest(word, goes_on_at);
    kept_ += word.size();
    result_.words.push_back(std::move(word));
  }

  void keep_rest(std::string& word, uint64_t address) {
    MemoryString rest = memory_.read_string(address, limits_.bytes - kept_ - word.size());
    word += rest.bytes;
    if (rest.end == MemoryString::End::kUnreadable) result_.error = rest.error;
    if (rest.end == MemoryString::End::kLimit) count_tail(address + rest.bytes.size());
  }

  void count_tail(uint64_t address) {
    std::vector<char> buffer(kMostStep);
    for (std::size_t counted = 0; counted < kMostCountedTail; counted += buffer.size()) {
      const MemoryRead got = memory_.read(address + counted, buffer);
      const auto end = buffer.begin() + static_cast<std::ptrdiff_t>(got.size);
      const auto nul = std::find(buffer.begin(), end, '\0');
      result_.bytes_left_out += static_cast<uint64_t>(nul - buffer.begin());
      if (nul != end) return;
      if (got.error != 0) break;
    }
    result_.counted = StringVector::Counted::kAtLeast;
  }

  const ProcessMemory& memory_;
  VectorLimits limits_;
  StringVector result_;
  std::size_t kept_ = 0;
};

}  // namespace

MemoryRead read_pieces(pid_t pid, std::span<const iovec> pieces, std::span<char> into) {
  const iovec local{into.data(), into.size()};
  const ssize_t got = ::process_vm_readv(pid, &local, 1, pieces.data(), pieces.size(), 0);
  if (got < 0) return {0, errno};
  return {static_cast<std::size_t>(got), static_cast<std::size_t>(got) == into.size() ? 0 : EFAULT};
}

MemoryRead ProcessMemory::read(std::span<const iovec> pieces, std::span<char> into) const {
  return reader_ != nullptr ? reader_->read(pid_, pieces, into) : read_pieces(pid_, pieces, into);
}

MemoryRead ProcessMemory::read(uint64_t address, std::span<char> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    std::array<iovec, kMostPieces> pieces;
    std::size_t count = 0, wanted = 0;
    for (; count < kMostPieces && done + wanted < into.size(); ++count) {
      const uint64_t at = address + done + wanted;
      pieces[count] = piece_at(at, std::min(to_page_end(at), into.size() - done - wanted));
      wanted += pieces[count].iov_len;
    }
    const MemoryRead got = read(std::span(pieces).first(count), into.subspan(done, wanted));
    done += got.size;
    if (got.error != 0) return {done, got.error};
  }
  return {done, 0};
}

MemoryString ProcessMemory::read_string(uint64_t address, std::size_t limit) const {
  MemoryString result;
  for (std::size_t step = kBeginning; result.bytes.size() < limit; step = std::min(step * 4, kMostStep)) {
    const std::size_t before = result.bytes.size();
    result.bytes.resize(std::min(before + step, limit));
    const MemoryRead got = read(address + before, std::span(result.bytes).subspan(before));
    result.bytes.resize(before + got.size);
    const std::size_t nul = result.bytes.find('\0', before);
    if (nul != std::string::npos) return {result.bytes.substr(0, nul), MemoryString::End::kNul, 0};
    if (got.error != 0) return {std::move(result.bytes), MemoryString::End::kUnreadable, got.error};
  }
  result.end = MemoryString::End::kLimit;
  return result;
}

StringVector ProcessMemory::read_string_vector(uint64_t address, VectorLimits limits) const {
  if (address == 0) return {};
  return VectorReader(*this, limits).read(address);
}

uint64_t ProcessMemory::count_strings(uint64_t address) const {
  constexpr uint64_t kMost = 65536;
  std::array<uint64_t, 128> pointers{};
  for (uint64_t count = 0; address != 0 && count < kMost; address += sizeof pointers) {
    const MemoryRead got = read(address, {reinterpret_cast<char*>(pointers.data()), sizeof pointers});
    for (std::size_t i = 0; i < pointers.size(); ++i, ++count)
      if ((i + 1) * sizeof(uint64_t) > got.size || pointers[i] == 0) return count;
  }
  return address == 0 ? 0 : kMost;
}

}  // namespace clawbox::sys
