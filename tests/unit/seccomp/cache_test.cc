#include "seccomp/cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "seccomp/cache_file.h"
#include "support/catch.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "unit/seccomp/policy.h"

namespace clawbox::seccomp {
namespace {

using namespace clawbox::test;

bool same(const Program& one, const Program& other) { return to_bytes(one, "") == to_bytes(other, ""); }

/// A cache with one program in it, which is not base_policy()'s though the file says so: who gets it, used the file.
struct Planted {
  TempDir directory;
  std::string cache = directory / "cache";
  SyscallPolicy policy = base_policy();
  Program other = compile({{allowed("@default")}, {}});
  std::string file;

  Planted() {
    compile_cached(policy, cache);
    file = std::filesystem::directory_iterator(cache)->path();
    replace(to_bytes(other, canonical_text(policy)));
  }
  void replace(const std::string& bytes) const { write_file(file, bytes, 0600); }
  bool is_used() const { return same(compile_cached(policy, cache), other); }
};

}  // namespace

TEST_CASE("what the cache gives is what compiling gives, the first time and the second") {
  const TempDir directory;
  const Program compiled = compile(base_policy());
  CHECK(same(compile_cached(base_policy(), directory / "cache"), compiled));
  CHECK(same(compile_cached(base_policy(), directory / "cache"), compiled));
  CHECK(std::distance(std::filesystem::directory_iterator(directory / "cache"), {}) == 1);
}

TEST_CASE("a good file of the cache is used") { CHECK(Planted().is_used()); }

TEST_CASE("a cut file is not used, however short it is") {
  const Planted planted;
  const std::string whole = read_file(planted.file);
  for (std::size_t length = 0; length < whole.size(); length += 37) {
    planted.replace(whole.substr(0, length));
    CHECK_FALSE(planted.is_used());
  }
}

TEST_CASE("a damaged file is not used, and is replaced by a good one") {
  const Planted planted;
  const std::string whole = read_file(planted.file);
  for (std::size_t at = 0; at < whole.size(); at += 41) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    planted.replace(damaged);
    CHECK_FALSE(planted.is_used());
    CHECK(read_file(planted.file) == to_bytes(compile(planted.policy), canonical_text(planted.policy)));
  }
}

TEST_CASE("a file with bytes behind its end, or with lengths that reach beyond it, is not used") {
  const Planted planted;
  const std::string text = canonical_text(planted.policy);
  planted.replace(to_bytes(planted.other, text) + "x");
  CHECK_FALSE(planted.is_used());
  std::string body("\xff\xff\xff\xff\x01\0\0\0", 8);
  body += text;
  const uint64_t hash = fnv1a(body);
  planted.replace(std::string(reinterpret_cast<const char*>(&hash), sizeof hash) + body);
  CHECK_FALSE(planted.is_used());
}

TEST_CASE("the file of another policy is not used, even under this one's name") {
  const Planted planted;
  planted.replace(to_bytes(planted.other, canonical_text({{allowed("@default")}, {}})));
  CHECK_FALSE(planted.is_used());
}

TEST_CASE("policies that differ in anything that decides have different texts") {
  const auto text_of = [](SyscallRule rule) { return canonical_text({{}, {std::move(rule)}}); };
  const std::string text = text_of(refused("ptrace", EPERM, {{0, 0xff, 1}}));
  CHECK(text != text_of(refused("ptrace", EACCES, {{0, 0xff, 1}})));
  CHECK(text != text_of(refused("ptrace", EPERM, {{1, 0xff, 1}})));
  CHECK(text != text_of(refused("ptrace", EPERM, {{0, 0xfff, 1}})));
  CHECK(text != text_of(refused("ptrace", EPERM, {{0, 0xff, 2}})));
  CHECK(text != canonical_text({{refused("ptrace", EPERM, {{0, 0xff, 1}})}, {}}));
}

TEST_CASE("a directory that others may enter is not used") {
  const Planted planted;
  ::chmod(planted.cache.c_str(), 0750);
  CHECK_FALSE(planted.is_used());
  ::chmod(planted.cache.c_str(), 0700);
  CHECK(planted.is_used());
}

TEST_CASE("a directory or a file that belongs to somebody else is not used") {
  if (::geteuid() != 0) return skip("kernel: only root can give files away");
  const Planted planted;
  REQUIRE(::chown(planted.cache.c_str(), 12345, 12345) == 0);
  CHECK_FALSE(planted.is_used());
  REQUIRE(::chown(planted.cache.c_str(), 0, 0) == 0);
  CHECK(planted.is_used());
  REQUIRE(::chown(planted.file.c_str(), 12345, 12345) == 0);
  CHECK_FALSE(planted.is_used());
}

TEST_CASE("a link or a FIFO in the place of the file is not used") {
  const Planted planted;
  std::filesystem::rename(planted.file, planted.directory / "elsewhere");
  std::filesystem::create_symlink(planted.directory / "elsewhere", planted.file);
  CHECK_FALSE(planted.is_used());
  std::filesystem::remove(planted.file);
  REQUIRE(::mkfifo(planted.file.c_str(), 0600) == 0);
  CHECK_FALSE(planted.is_used());
}

TEST_CASE("a cache that cannot be made is no error") {
  const TempDir directory;
  const std::string file = write_file(directory / "file", "");
  CHECK(same(compile_cached(base_policy(), file + "/cache"), compile(base_policy())));
  CHECK(same(compile_cached(base_policy(), file), compile(base_policy())));
}

TEST_CASE("a policy with mistakes is refused with a cache as without") {
  const TempDir directory;
  CHECK_THROWS_AS(compile_cached({{allowed("nonsense")}, {}}, directory / "cache"), Error);
  CHECK(std::filesystem::is_empty(directory / "cache"));
}

}  // namespace clawbox::seccomp
