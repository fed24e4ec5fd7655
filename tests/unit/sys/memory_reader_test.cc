#include "sys/memory_reader.h"

#include <unistd.h>

#include <cerrno>

#include "support/catch.h"
#include "unit/sys/waiting_child.h"

using namespace clawbox;

namespace {

uint64_t at(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

}  // namespace

TEST_CASE("a helper reads what we would read ourselves") {
  const std::string long_word(100'000, 'l');
  const char* const argv[] = {"cc", "", "-o", long_word.c_str(), "\xff\n", nullptr};
  const sys::Process child = waiting_child();
  sys::MemoryReader reader;
  const auto got = sys::ProcessMemory(child.pid(), reader).read_string_vector(at(argv));
  CHECK(got.words == std::vector<std::string>{"cc", "", "-o", long_word, "\xff\n"});
  CHECK(got.error == 0);
  CHECK(reader.stuck() == 0);
}

TEST_CASE("why a helper could not read comes back") {
  sys::MemoryReader reader;
  sys::Process child = waiting_child();
  const pid_t pid = child.pid();
  CHECK(sys::ProcessMemory(pid, reader).read_string(16, 10).error == EFAULT);
  child.kill();
  child.wait();
  CHECK(sys::ProcessMemory(pid, reader).read_string(16, 10).error == ESRCH);
}

TEST_CASE("a read over the limits is refused") {
  sys::MemoryReader reader;
  std::vector<char> into(sys::MemoryReader::kMostBytes + 1);
  CHECK(reader.read(::getpid(), {}, into).error == EINVAL);
}
