#include "sys/process_memory.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "support/catch.h"
#include "sys/files.h"
#include "sys/processes.h"
#include "unit/sys/waiting_child.h"

using namespace clawbox;

namespace {

constexpr std::size_t kPage = 4096;

uint64_t at(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

/// Pages that are mapped, followed by one that is not.
class EndingPages {
 public:
  explicit EndingPages(std::size_t pages)
      : size_(pages * kPage),
        start_(static_cast<char*>(
            ::mmap(nullptr, size_ + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    ::munmap(start_ + size_, kPage);
    std::fill(start_, end(), 'a');
  }
  ~EndingPages() { ::munmap(start_, size_); }
  EndingPages(const EndingPages&) = delete;
  EndingPages& operator=(const EndingPages&) = delete;
  char* end() const { return start_ + size_; }

 private:
  std::size_t size_;
  char* start_;
};

const sys::ProcessMemory kOurs(::getpid());

}  // namespace

TEST_CASE("memory is read as far as it is mapped") {
  const EndingPages pages(2);
  std::string buffer(3 * kPage, '\0');
  const auto got = kOurs.read(at(pages.end() - kPage - 10), buffer);
  CHECK(got.size == kPage + 10);
  CHECK(got.error == EFAULT);
  CHECK(kOurs.read(at(pages.end() - 10), std::span(buffer).first(10)).error == 0);
  CHECK(kOurs.read(at(pages.end()), buffer).size == 0);
  CHECK(kOurs.read(~uint64_t{0} - 5, buffer).error == EFAULT);
}

TEST_CASE("a string ends at its NUL, at the limit, or where memory ends") {
  const EndingPages pages(1);
  const std::string text(100'000, 'x');
  using End = sys::MemoryString::End;
  CHECK(kOurs.read_string(at(text.c_str()), 200'000).bytes == text);
  CHECK(kOurs.read_string(at(text.c_str()), 1000).end == End::kLimit);
  CHECK(kOurs.read_string(at(text.c_str()), 1000).bytes.size() == 1000);
  const auto cut_off = kOurs.read_string(at(pages.end() - 5), 1000);
  CHECK(cut_off.end == End::kUnreadable);
  CHECK(cut_off.bytes == "aaaaa");
  pages.end()[-1] = '\0';
  CHECK(kOurs.read_string(at(pages.end() - 5), 1000).end == End::kNul);
}

TEST_CASE("the words of another process come whole and in order") {
  const std::string long_word(5000, 'l');
  const char* const argv[] = {"cc", "", "-o", long_word.c_str(), "\xff\n", nullptr};
  const sys::Process child = waiting_child();
  const auto got = sys::ProcessMemory(child.pid()).read_string_vector(at(argv));
  CHECK(got.words == std::vector<std::string>{"cc", "", "-o", long_word, "\xff\n"});
  CHECK(got.words_left_out == 0);
  CHECK(got.bytes_left_out == 0);
  CHECK(got.error == 0);
  CHECK(kOurs.read_string_vector(0).words.empty());
}

TEST_CASE("words over the limit are counted") {
  std::vector<const char*> argv(2000, "word");
  argv.push_back(nullptr);
  const auto got = kOurs.read_string_vector(at(argv.data()));
  CHECK(got.words.size() == 1024);
  CHECK(got.words_left_out == 976);
  CHECK(got.bytes_left_out == 976 * 4);
  CHECK(got.counted == sys::StringVector::Counted::kAll);
}

TEST_CASE("bytes over the limit are counted") {
  const std::string word(100'000, 'w');
  const char* const argv[] = {"sh", word.c_str(), word.c_str(), "x", nullptr};
  const auto got = kOurs.read_string_vector(at(argv));
  REQUIRE(got.words.size() == 3);
  CHECK(got.words[2].size() == 128 * 1024 - 2 - 100'000);
  CHECK(got.words_left_out == 1);
  CHECK(got.bytes_left_out == 200'000 + 3 - 128 * 1024);
  CHECK(got.counted == sys::StringVector::Counted::kAll);
}

TEST_CASE("an argv of a gigabyte costs bounded memory, and says that it was not counted to the end") {
  const std::string word(128 * 1024, 'w');
  std::vector<const char*> argv(8192 * 16, word.c_str());
  argv.push_back(nullptr);
  const auto got = kOurs.read_string_vector(at(argv.data()));
  CHECK(got.words.size() == 1);
  CHECK(got.words_left_out >= 65'000);
  CHECK(got.bytes_left_out >= 1'000'000);
  CHECK(got.counted == sys::StringVector::Counted::kAtLeast);
}

TEST_CASE("a vector or word without an end in memory is read up to there, with the reason") {
  const EndingPages pages(1);
  auto** const words = reinterpret_cast<const char**>(pages.end()) - 2;
  words[0] = "one";
  words[1] = "two";
  const auto open_ended = kOurs.read_string_vector(at(words));
  CHECK(open_ended.words == std::vector<std::string>{"one", "two"});
  CHECK(open_ended.error == EFAULT);
  const char* const bad[] = {"one", reinterpret_cast<const char*>(16), "three", nullptr};
  const auto unreadable = kOurs.read_string_vector(at(bad));
  CHECK(unreadable.words == std::vector<std::string>{"one"});
  CHECK(unreadable.error == EFAULT);
}

TEST_CASE("why nothing can be read is told apart: gone, a zombie, not ours") {
  const char* const argv[] = {"x", nullptr};
  sys::Process zombie = waiting_child();
  const pid_t pid = zombie.pid();
  zombie.kill();
  pollfd ended{zombie.pidfd().get(), POLLIN, 0};
  ::poll(&ended, 1, -1);
  CHECK(sys::ProcessMemory(pid).read_string_vector(at(argv)).error == ESRCH);
  zombie.wait();
  CHECK(sys::ProcessMemory(pid).read_string(at(argv[0]), 10).error == ESRCH);
  if (::geteuid() != 0) CHECK(sys::ProcessMemory(1).read_string(4096, 10).error == EPERM);
}

TEST_CASE("a process that is not dumpable is unreadable to one without privileges, and readable before that") {
  if (::geteuid() != 0) return test::skip("kernel: only root can become another user");
  const char* const argv[] = {"x", nullptr};
  const auto as_user = [](const std::function<int()>& asks) {
    sys::Clone clone = sys::clone_into(0);
    if (clone.pid == 0) {
      sys::become(65534, 65534);
      ::_exit(asks());
    }
    return sys::Process(clone.pid, std::move(clone.pidfd)).wait().status;
  };
  const auto error_for = [&](sys::Dumpable dumpable) {
    return as_user([&] {
      const sys::Process child = waiting_child([=] { sys::set_dumpable(dumpable); });
      return sys::ProcessMemory(child.pid()).read_string_vector(at(argv)).error;
    });
  };
  CHECK(error_for(sys::Dumpable::kYes) == 0);
  CHECK(error_for(sys::Dumpable::kNo) == EPERM);
}
