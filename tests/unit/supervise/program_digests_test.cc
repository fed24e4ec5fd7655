#include "supervise/program_digests.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "audit/sha256.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"
#include "sys/process_facts.h"

using namespace clawbox;
using namespace std::chrono_literals;
using supervise::ProgramDigests;

namespace {

struct Subject {
  OwnedFd file;
  sys::FileIdentity identity;
};

Subject subject(const std::string& path) {
  OwnedFd file = sys::open(path, O_PATH);
  const auto status = sys::try_file_status(file);
  return {std::move(file), status->identity};
}

std::vector<ProgramDigests::Answer> answers_of(ProgramDigests& digests, std::size_t count) {
  std::vector<ProgramDigests::Answer> answers;
  while (answers.size() < count) {
    pollfd poll{digests.fd(), POLLIN, 0};
    ::poll(&poll, 1, -1);
    for (auto& answer : digests.take()) answers.push_back(std::move(answer));
  }
  return answers;
}

ProgramDigests::Answer ask(ProgramDigests& digests, const std::string& path) {
  Subject asked = subject(path);
  const auto ticket = digests.ask(std::move(asked.file), asked.identity).ticket;
  auto answers = answers_of(digests, 1);
  CHECK(answers[0].ticket == ticket);
  return std::move(answers[0]);
}

std::string digest_of(std::string_view bytes) { return audit::hex_of(audit::sha256(bytes)); }

}  // namespace

TEST_CASE("a program's digest and a script's interpreter come from the worker") {
  const test::TempDir dir;
  ProgramDigests digests;
  const std::string big(1'000'000, 'b');
  test::write_file(dir / "big", big);
  test::write_file(dir / "script", "#! /bin/sh -eu\t\necho\n");
  CHECK(ask(digests, dir / "big").facts.sha256 == digest_of(big));
  const auto script = ask(digests, dir / "script");
  CHECK(script.facts.sha256 == digest_of("#! /bin/sh -eu\t\necho\n"));
  CHECK(script.facts.interpreter == "/bin/sh -eu");
  CHECK(ask(digests, test::write_file(dir / "empty", "")).facts.sha256 == digest_of(""));
}

TEST_CASE("an unchanged program is known at once, by whatever name, and one with another identity is not") {
  ProgramDigests digests;
  const std::string program = "/bin/true";  // changed long ago: the clock has ticked since
  const auto first = ask(digests, program);
  Subject again = subject(program);
  if (!again.identity.unique()) return test::skip("kernel: no unique mount ids, and /bin is on no block device");
  const auto asked = digests.ask(std::move(again.file), again.identity);
  REQUIRE(asked.known);
  CHECK(asked.known->sha256 == first.facts.sha256);
  CHECK(asked.known->sha256 == digest_of(test::read_file(program)));
  Subject other = subject(program);
  ++other.identity.changed_ns;
  CHECK_FALSE(digests.ask(std::move(other.file), other.identity).known);
}

TEST_CASE("a program that was changed just now is read each time") {
  const test::TempDir dir;
  ProgramDigests digests;
  Subject young = subject(test::write_file(dir / "program", "one"));
  ask(digests, dir / "program");
  CHECK_FALSE(digests.ask(std::move(young.file), young.identity).known);
}

TEST_CASE("a file that changed since it was looked up gets no digest") {
  const test::TempDir dir;
  ProgramDigests digests;
  Subject asked = subject(test::write_file(dir / "program", "one"));
  ++asked.identity.size;
  digests.ask(std::move(asked.file), asked.identity);
  const auto answer = answers_of(digests, 1)[0];
  CHECK(answer.facts.sha256.empty());
  CHECK(answer.facts.unreadable == "changed while it was read");
}

TEST_CASE("what is no regular file is not opened") {
  const test::TempDir dir;
  ProgramDigests digests;
  ::mkfifo((dir / "fifo").c_str(), 0600);
  CHECK(ask(digests, dir / "fifo").facts.unreadable == "not a regular file");
}

TEST_CASE("a file that takes too long is given up, and the next one is read") {
  const test::TempDir dir;
  ProgramDigests digests({}, 100ms);
  test::write_file(dir / "endless", "");
  std::filesystem::resize_file(dir / "endless", uintmax_t{1} << 40);
  test::write_file(dir / "next", "next");
  Subject endless = subject(dir / "endless"), next = subject(dir / "next");
  digests.ask(std::move(endless.file), endless.identity);
  digests.ask(std::move(next.file), next.identity);
  const auto answers = answers_of(digests, 2);
  CHECK(answers[0].facts.unreadable == "timed out");
  CHECK(answers[1].facts.sha256 == digest_of("next"));
}

TEST_CASE("questions beyond what may wait are answered, not kept") {
  const test::TempDir dir;
  ProgramDigests digests;
  test::write_file(dir / "program", "one");
  for (uint64_t i = 0; i < 100; ++i) {
    Subject other = subject(dir / "program");
    other.identity.inode += i + 1;
    digests.ask(std::move(other.file), other.identity);
  }
  const auto answers = answers_of(digests, 100);
  const auto refused = std::count_if(answers.begin(), answers.end(), [](const auto& answer) {
    return answer.facts.unreadable == "too many files are waiting";
  });
  CHECK(refused == 36);
}

TEST_CASE("the cache goes from session to session, unless it is damaged") {
  const sys::FileIdentity disk{uint64_t{8} << 32, 12, 3, 100, 5, 0}, anonymous{42, 12, 3, 100, 5, 9};
  const test::TempDir dir;
  const auto directory = [&] { return sys::open(dir.path(), O_RDONLY | O_DIRECTORY); };
  supervise::DigestCache first(directory());
  first.remember(disk, {.sha256 = digest_of("x"), .interpreter = "/bin/sh\n\xff"});
  first.remember(anonymous, {.sha256 = digest_of("y")});
  CHECK(first.find(anonymous) != nullptr);
  first.save();
  supervise::DigestCache second(directory());
  REQUIRE(second.find(disk) != nullptr);
  CHECK(second.find(disk)->sha256 == digest_of("x"));
  CHECK(second.find(disk)->interpreter == "/bin/sh\n\xff");
  CHECK(second.find(anonymous) == nullptr);
  const std::string whole = test::read_file(dir / "programs");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    test::write_file(dir / "programs", damaged, 0600);
    supervise::DigestCache cache(directory());
    CHECK(cache.find(disk) == nullptr);
  }
  test::write_file(dir / "programs", whole, 0666);
  supervise::DigestCache writable_by_others(directory());
  CHECK(writable_by_others.find(disk) == nullptr);
}

TEST_CASE("sessions at the same time keep each other's entries") {
  const sys::FileIdentity one{uint64_t{8} << 32, 1}, two{uint64_t{8} << 32, 2};
  const test::TempDir dir;
  const auto directory = [&] { return sys::open(dir.path(), O_RDONLY | O_DIRECTORY); };
  supervise::DigestCache a(directory()), b(directory());
  CHECK(a.find(one) == nullptr);
  CHECK(b.find(one) == nullptr);
  a.remember(one, {.sha256 = digest_of("1")});
  b.remember(two, {.sha256 = digest_of("2")});
  a.save();
  b.save();
  supervise::DigestCache both(directory());
  CHECK(both.find(one) != nullptr);
  CHECK(both.find(two) != nullptr);
}
