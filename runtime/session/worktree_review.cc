#include "session/worktree_review.h"

#include <fcntl.h>
#include <unistd.h>

#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "session/git.h"
#include "session/worktree.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

constexpr uint64_t kMemoryOfCheck = uint64_t{2} << 30;
constexpr const char* kLongest = "2m";

// $1 is the worktree's directory. Git would wait for ever at a named pipe.
constexpr const char* kBegin =
    "directory=$1 && shift && if [ -n \"$(find \"$directory/tree\" -type p -print -quit)\" ]; then "
    "echo 'fatal: there is a named pipe in it' >&2; exit 1; fi; "
    "theirs() { git -c safe.directory='*' -C \"$directory/tree\" \"$@\"; }; ";
// $1: branch. Its tip, then a word for what it does not have.
constexpr const char* kLook =
    "theirs rev-parse --verify \"refs/heads/$1^{commit}\" && changed=$(theirs status --porcelain) && "
    "{ [ -z \"$changed\" ] || echo changed; }; head=$(theirs rev-parse --verify --quiet HEAD); "
    "others=$(theirs rev-list --max-count=1 --all $head --not \"refs/heads/$1\") && "
    "{ [ -z \"$others\" ] || echo others; }";
// $1: tip, $2: the commit that the branch began with, which the session may have thrown away.
constexpr const char* kPack =
    "theirs cat-file -e \"$2^{commit}\" 2>/dev/null && without=^$2; "
    "printf '%s\\n%s\\n' \"$1\" \"$without\" | theirs pack-objects --quiet --revs --stdout";
constexpr const char* kCompareCommits =
    "exec git -c safe.directory='*' --git-dir=\"$directory/base.git\" diff -M --no-ext-diff --no-textconv --no-color "
    "refs/heads/base refs/heads/session \"$@\"";
// The index and the objects of what is not committed are the sandbox's own.
constexpr const char* kCompareFiles =
    "cd \"$directory/tree\" && mkdir /tmp/objects && "
    "export GIT_DIR=\"$directory/base.git\" GIT_WORK_TREE=\"$directory/tree\" GIT_INDEX_FILE=/tmp/index "
    "GIT_OBJECT_DIRECTORY=/tmp/objects GIT_ALTERNATE_OBJECT_DIRECTORIES=\"$directory/base.git/objects\" && "
    "git read-tree refs/heads/session && git -c advice.addEmbeddedRepo=false -c core.safecrlf=false add -A && "
    "exec git diff --cached -M --no-ext-diff --no-textconv --no-color refs/heads/session \"$@\"";

std::vector<std::string> environment_of_caller() {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  return environment;
}

Error cannot_read(const Ran& ran) {
  return Error(ExitStatus::kStateUnusable, fmt::format("what the session wrote cannot be read: {}", complaint_of(ran)),
               "while it lives, look at it inside: clawbox exec SESSION -- git status");
}

/// In a sandbox that can change nothing, has no network and nothing of the caller's, and ends by itself: what the
/// repository names runs there.
Ran confined(const Worktree& worktree, const char* script, const std::vector<std::string>& words,
             const OwnedFd* out = nullptr) {
  std::vector<std::string> argv{
      "/proc/self/exe",   "run",    "--quiet", "--profile", reader_profile_of(worktree), "--workspace",
      worktree.directory, "--time", kLongest};
  for (const char* variable : {"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1",
                               "GIT_OPTIONAL_LOCKS=0", "GIT_LITERAL_PATHSPECS=1", "LC_ALL=C"})
    argv.insert(argv.end(), {"--env", variable});
  argv.insert(argv.end(), {"--", "sh", "-c", std::string(kBegin) + script, "sh", worktree.directory});
  argv.insert(argv.end(), words.begin(), words.end());
  Ran ran = run_program(argv, environment_of_caller(), {.out = out});
  if (ran.status != 0) throw cannot_read(ran);
  return ran;
}

std::string base_of(const Worktree& worktree) { return worktree.directory + "/base.git"; }

bool is_object_name(const std::string& text) {
  return (text.size() == 40 || text.size() == 64) && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Taken look_at(const Worktree& worktree) {
  const Ran ran = confined(worktree, kLook, {worktree.branch});
  std::istringstream lines(ran.out);
  Taken taken;
  std::getline(lines, taken.tip);
  if (!is_object_name(taken.tip)) throw cannot_read(ran);
  for (std::string word; std::getline(lines, word);) {
    taken.has_uncommitted |= word == "changed";
    taken.has_more_refs |= word == "others";
  }
  return taken;
}

/// A pack that is wrong stays outside: git puts no name on it.
void check_in(const Worktree& worktree, const std::string& tip) {
  const OwnedFd file = sys::open(worktree.directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  confined(worktree, kPack, {tip, worktree.base}, &file);
  ::lseek(file.get(), 0, SEEK_SET);
  const Ran checked = try_git(base_of(worktree), GitSettings::kNone,
                              {"-c", "core.bigFileThreshold=16m", "index-pack", "--strict", "--stdin"},
                              {.in = &file, .memory = kMemoryOfCheck});
  if (checked.status != 0) throw cannot_read(checked);
  git(base_of(worktree), GitSettings::kNone, {"update-ref", "refs/heads/session", tip});
}

/// Into a name of our own first: whatever becomes of the caller's branch, the work is there.
std::string fetch_into_ref(const Worktree& worktree, const std::string& session_id) {
  std::string ref = "refs/clawbox/" + session_id;
  git(worktree.repository, GitSettings::kOfCaller,
      {"-c", "fetch.fsckObjects=true", "fetch", "--quiet", "--no-tags", "--no-recurse-submodules",
       "--no-write-fetch-head", base_of(worktree), "+refs/heads/session:" + ref});
  return ref;
}

/// Only forward, and not where it is checked out: git refuses both, and its words are told.
std::string move_branch(const Worktree& worktree, const std::string& ref) {
  const Ran moved = try_git(worktree.repository, GitSettings::kOfCaller,
                            {"fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", ".",
                             ref + ":refs/heads/" + worktree.branch});
  if (moved.status != 0) return complaint_of(moved);
  git(worktree.repository, GitSettings::kOfCaller, {"update-ref", "-d", ref});
  return "";
}

}  // namespace

Taken take_commits(const Worktree& worktree) {
  const OwnedFd base = sys::open(base_of(worktree), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  sys::lock(base);
  Taken taken = look_at(worktree);
  check_in(worktree, taken.tip);
  const std::string count =
      git(base_of(worktree), GitSettings::kNone, {"rev-list", "--count", "refs/heads/base..refs/heads/session"});
  taken.commits = std::stoul(count);
  return taken;
}

std::string compare_worktree(const Worktree& worktree, Part part, const std::vector<std::string>& words) {
  return confined(worktree, part == Part::kCommitted ? kCompareCommits : kCompareFiles, words).out;
}

bool has_commit(const Worktree& worktree, const std::string& commit) {
  return try_git(worktree.repository, GitSettings::kOfCaller, {"cat-file", "-e", commit + "^{commit}"}).status == 0;
}

Fetched fetch_branch(const Worktree& worktree, const std::string& session_id) {
  const std::string ref = fetch_into_ref(worktree, session_id);
  return {move_branch(worktree, ref), ref};
}

}  // namespace clawbox::session
