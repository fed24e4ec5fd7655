#include <unistd.h>

#include <filesystem>

#include "plan/file_view.h"
#include "plan/host.h"
#include "support/catch.h"
#include "support/temp_dir.h"

using namespace clawbox::plan;
using clawbox::test::make_directory;
using clawbox::test::TempDir;
using clawbox::test::write_file;

TEST_CASE("the host's facts are those of this process") {
  const Host host = look_at_host();
  CHECK(host.uid == ::geteuid());
  CHECK(host.pid == ::getpid());
  CHECK(host.directory == std::filesystem::current_path());
  CHECK(host.home.starts_with('/'));
  CHECK(!host.state_dirs.empty());
}

TEST_CASE("a kernel's release is compared by number") {
  CHECK(kernel_at_least("5.14.0", 5, 14));
  CHECK(kernel_at_least("6.1.0-18-amd64", 5, 14));
  CHECK(!kernel_at_least("5.9", 5, 14));
  CHECK(!kernel_at_least("nonsense", 5, 14));
}

TEST_CASE("a look does not follow the last link and tells of links above it") {
  const TempDir dir;
  write_file(dir / "real/file", "");
  std::filesystem::create_directory_symlink("real", dir / "link");
  const HostFiles files;
  CHECK(files.look(dir / "link").kind == FileKind::kSymlink);
  CHECK(files.look(dir / "link/file").kind == FileKind::kFile);
  CHECK(files.look(dir / "link/file").way == FileFacts::Way::kThroughLinks);
  CHECK(files.look(dir / "real").kind == FileKind::kDirectory);
  CHECK(files.look(dir / "nothing").kind == FileKind::kAbsent);
  CHECK(files.link_text(dir / "link") == "real");
  CHECK(files.real_path(dir / "link/file") == std::filesystem::canonical(dir / "real/file").string());
}

TEST_CASE("names and matches come sorted") {
  const TempDir dir;
  for (const char* name : {"b.pem", "a.pem", "c.txt"}) write_file(dir / name, "");
  const HostFiles files;
  CHECK(files.names_in(dir.path()) == std::vector<std::string>{"a.pem", "b.pem", "c.txt"});
  CHECK(files.matches(dir / "*.pem") == std::vector<std::string>{dir / "a.pem", dir / "b.pem"});
  CHECK(files.matches(dir / "*.none").empty());
}
