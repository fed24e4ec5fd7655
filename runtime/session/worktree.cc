#include "session/worktree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "session/git.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

namespace fs = std::filesystem;

/// Not "@{-1}" and the like either, which git would take for another branch's name.
void check_branch(const std::string& branch) {
  const Ran ran = try_git("/", GitSettings::kNone, {"check-ref-format", "--branch", branch});
  if (ran.status == 0 && ran.out == branch + "\n") return;
  throw Error(ExitStatus::kUsage,
              fmt::format("--worktree {}: git takes that for no name of a branch", in_quotes(branch)),
              "for example --worktree fix-login; see git-check-ref-format(1)");
}

/// The branch, or else where it is to begin.
std::string begin_of(const std::string& repository, const std::string& branch) {
  for (const std::string& ref : {"refs/heads/" + branch, std::string("HEAD")})
    if (try_git(repository, GitSettings::kOfCaller, {"rev-parse", "--verify", "--quiet", ref + "^{commit}"}).status ==
        0)
      return ref;
  throw Error(ExitStatus::kWorkspaceUnusable,
              fmt::format("the repository {} has no commit that a branch could begin with", in_quotes(repository)),
              "make its first commit: git commit");
}

/// Only what `ref` leads to.
void fetch(const std::string& into, GitSettings settings, const std::string& from, const std::string& refspec,
           const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"fetch",
                                 "--quiet",
                                 "--no-tags",
                                 "--update-shallow",
                                 "--update-head-ok",
                                 "--no-recurse-submodules",
                                 "--no-write-fetch-head"};
  words.insert(words.end(), more.begin(), more.end());
  words.insert(words.end(), {from, refspec});
  git(into, settings, words);
}

/// Nothing of HOME, whatever the session's own profile shows: what git runs there is the session's.
constexpr const char* kReader =
    "version = 1\nextends = \"base\"\ndescription = \"git reads what a session wrote\"\n[workspace]\nmode = \"ro\"\n"
    "[limits]\nmemory = \"2GiB\"\nprocesses = 64\ntmp = \"1GiB\"\nfallback = \"rlimit\"\n[audit]\nlevel = "
    "\"session\"\n";
// Over those of the tree: all is shown as lines, and as it is.
constexpr const char* kAttributes = "* diff text=unset -ident !filter !working-tree-encoding\n";

void write(const std::string& path, std::string_view text) {
  sys::write_all(sys::open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600), text, in_quotes(path));
}

/// Who commits inside cannot say who he is: .git/config is protected.
void pass_identity(const Worktree& worktree) {
  for (const char* key : {"user.name", "user.email"}) {
    const Ran known = try_git(worktree.repository, GitSettings::kOfCaller, {"config", "--null", "--get", key});
    if (known.status != 0 || known.out.empty()) continue;
    git(tree_of(worktree), GitSettings::kNone, {"config", key, known.out.substr(0, known.out.size() - 1)});
  }
}

void fill(Worktree& worktree) {
  const std::string tree = tree_of(worktree), base = worktree.directory + "/base.git";
  const std::string head = "refs/heads/" + worktree.branch;
  git(worktree.directory, GitSettings::kNone,
      {"init", "--quiet", "--template=", "--initial-branch=" + worktree.branch, "tree"});
  fetch(tree, GitSettings::kOfCaller, worktree.repository,
        "+" + begin_of(worktree.repository, worktree.branch) + ":" + head);
  git(tree, GitSettings::kNone, {"reset", "--quiet", "--hard"});
  pass_identity(worktree);
  worktree.base = git(tree, GitSettings::kNone, {"rev-parse", "--verify", head});
  git(worktree.directory, GitSettings::kNone, {"init", "--quiet", "--bare", "--template=", "base.git"});
  fetch(base, GitSettings::kNone, tree, "+" + head + ":refs/heads/base", {"--depth=1"});
  fs::create_directory(base + "/info");
  write(base + "/info/attributes", kAttributes);
  write(reader_profile_of(worktree), kReader);
}

/// Such a repository may name programs that git would run here.
void refuse_work_of_sessions(const std::string& repository, const Directories& directories) {
  std::error_code missing;
  const std::string all = fs::canonical(directories.worktrees, missing).string();
  if (missing || !(fs::canonical(repository).string() + "/").starts_with(all + "/")) return;
  throw Error(ExitStatus::kWorkspaceUnusable,
              fmt::format("--worktree: the repository {} is a session's own work", in_quotes(repository)),
              "take the branch from your own repository: `clawbox apply` brings the work there first");
}

}  // namespace

std::string repository_at(const std::string& place) {
  const Ran top = try_git(place, GitSettings::kOfCaller, {"rev-parse", "--show-toplevel"});
  if (top.status == 0 && !top.out.empty()) return top.out.substr(0, top.out.size() - 1);
  const Ran bare = try_git(place, GitSettings::kOfCaller, {"rev-parse", "--absolute-git-dir"});
  if (bare.status == 0 && !bare.out.empty()) return bare.out.substr(0, bare.out.size() - 1);
  throw Error(ExitStatus::kWorkspaceUnusable,
              fmt::format("--worktree: no branch can be taken from {}: {}", in_quotes(place), complaint_of(bare)),
              "stand in a git repository, or name one with --workspace DIR");
}

Worktree make_worktree(const Directories& directories, const std::string& id, const std::string& place,
                       const std::string& branch) {
  check_branch(branch);
  Worktree worktree{directories.worktrees + "/" + id, repository_at(place), branch, ""};
  refuse_work_of_sessions(worktree.repository, directories);
  begin_of(worktree.repository, branch);  // before anything is made
  open_private_directory(directories.worktrees);
  if (::mkdir(worktree.directory.c_str(), 0700) < 0) {
    if (errno != EEXIST) throw_errno("making {}", in_quotes(worktree.directory));
    throw Error(ExitStatus::kSessionBusy,
                fmt::format("an earlier session {} has left work in {}", in_quotes(id), in_quotes(worktree.directory)),
                fmt::format("`clawbox apply {0}` fetches it, `clawbox discard {0}` removes it", id));
  }
  try {
    fill(worktree);
  } catch (const std::exception&) {
    remove_worktree(worktree);
    throw;
  }
  return worktree;
}

void remove_worktree(const Worktree& worktree) {
  // As deep as a session made them, with few descriptors.
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"chmod", "-R", "u+rwX"}, std::vector<std::string>{"rm", "-rf", "--one-file-system"}}) {
    std::vector<std::string> argv = words;
    argv.insert(argv.end(), {"--", worktree.directory});
    static_cast<void>(run_program(argv, {"PATH=/usr/bin:/bin"}));
  }
  if (std::error_code ignored; !fs::exists(worktree.directory, ignored)) return;
  throw Error(ExitStatus::kStateUnusable, fmt::format("{} cannot be removed", in_quotes(worktree.directory)),
              "remove it by hand");
}

}  // namespace clawbox::session
