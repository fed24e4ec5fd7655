#include "plan/protected_names.h"

#include "support/catch.h"

using clawbox::plan::ProtectedNames;
using Kind = ProtectedNames::Kind;

TEST_CASE("a path is named by a pattern wherever it is, and with all that is in it") {
  const ProtectedNames names({".git/hooks", ".vscode", ".envrc", ".github/workflows/*.yml"});
  for (const char* path : {".git/hooks", ".git/hooks/pre-commit", "sub/.git/hooks/x", ".vscode/settings.json", ".envrc",
                           "deep/below/.envrc", ".github/workflows/ci.yml"})
    CHECK(names.name(path, Kind::kOther));
  for (const char* path : {".git/config", "hooks/pre-commit", "vscode", "envrc", ".github/workflows/ci.txt", "a.git/x"})
    CHECK_FALSE(names.name(path, Kind::kOther));
}

TEST_CASE("a name counts as a forgiving file system would read it") {
  const ProtectedNames names({".git/hooks"});
  CHECK(names.name(".GIT/Hooks/x", Kind::kOther));
  CHECK(names.name("git~1/hooks", Kind::kDirectory));
  CHECK(names.name(".g\u200cit/hooks", Kind::kDirectory));
}

TEST_CASE("a .git that is no directory is named: it says where another one is") {
  const ProtectedNames names({});
  CHECK(names.name("sub/.git", Kind::kOther));
  CHECK_FALSE(names.name("sub/.git", Kind::kDirectory));
}
