// clawbox fs: one operation on the files of a session, as a command inside would see them.
#include <unistd.h>

#include <array>
#include <memory>

#include "base/text.h"
#include "cli/fs_answer.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/session_words.h"
#include "cli/verbs.h"
#include "session/file_client.h"

namespace clawbox::cli {
namespace {

using files::Operation;

// What is inside may make names without end, and we hold a listing whole: in memory that no cap of the session counts.
constexpr uint64_t kMostNames = uint64_t{8} << 20;

struct FsWords {
  std::string session, operation, path, to, beneath, limit, mode;
  std::vector<std::string> labels;
  bool parents = false, recursive = false, force = false, exclusive = false, no_follow = false, one_name = false;
  bool json = false;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  clawbox fs work read /workspace/notes.txt             its content on standard output\n"
    "  clawbox fs work write -p /workspace/a/b.txt <b.txt    standard input becomes the file, all at once\n"
    "  clawbox fs --json work ls /workspace                  names and types, for machines\n"
    "  clawbox fs work rm --recursive /workspace/build\n"
    "  clawbox fs --beneath /workspace work read link        refused where the link leads out of /workspace\n"
    "\n"
    "PATH is one of inside: /workspace where the profile puts the workspace there, as `openclaw` does; with `coding`\n"
    "the workspace has its path of outside. What may be done there is what a command of the session may do: hidden,\n"
    "read-only and protected paths hold. Nothing is executed inside. Each operation is on record:\n"
    "`clawbox log --event file`.\n"
    "\n"
    "A terminal obeys nothing of what is read: control characters are shown as \\xNN there, and come as they are\n"
    "through a pipe and into a file.\n"
    "\n"
    "Exit status: 0; 1 when the operation failed, with errno's name in the message, or in \"errno\" of the JSON\n"
    "object that --json prints on standard error; 64 for wrong words; 72 when there is no such session; 74 when what\n"
    "was read could not be written; 75 when the session cannot take it now.";

struct Known {
  std::string_view name;
  Operation operation;
  std::string_view options;  // those it takes, by their letters below
};
constexpr std::array<Known, 7> kOperations = {{{"read", Operation::kRead, "lo"},
                                               {"write", Operation::kWrite, "pxmo"},
                                               {"stat", Operation::kStat, "n"},
                                               {"ls", Operation::kList, ""},
                                               {"mkdir", Operation::kMakeDirectory, "pm"},
                                               {"rm", Operation::kRemove, "rf"},
                                               {"rename", Operation::kRename, "px"}}};

const Known& operation_of(const FsWords& words) {
  std::vector<std::string> names;
  for (const Known& known : kOperations) {
    if (known.name == words.operation) return known;
    names.emplace_back(known.name);
  }
  throw Error(
      ExitStatus::kUsage,
      fmt::format("fs: unknown operation {}{}", in_quotes(words.operation), did_you_mean(words.operation, names)),
      "it is one of " + joined(names, ", "));
}

void require_fitting(const FsWords& words, const Known& known) {
  const std::array<std::pair<char, std::pair<const char*, bool>>, 8> given = {{{'p', {"--parents", words.parents}},
                                                                               {'x', {"--exclusive", words.exclusive}},
                                                                               {'r', {"--recursive", words.recursive}},
                                                                               {'f', {"--force", words.force}},
                                                                               {'n', {"--no-follow", words.no_follow}},
                                                                               {'o', {"--one-name", words.one_name}},
                                                                               {'l', {"--limit", !words.limit.empty()}},
                                                                               {'m', {"--mode", !words.mode.empty()}}}};
  for (const auto& [letter, option] : given)
    if (option.second && known.options.find(letter) == std::string_view::npos)
      throw Error(ExitStatus::kUsage, fmt::format("fs: {} means nothing to {}", option.first, known.name));
  if ((known.operation == Operation::kRename) == words.to.empty())
    throw Error(ExitStatus::kUsage, words.to.empty() ? "fs: rename to what?" : "fs: unexpected " + in_quotes(words.to));
}

mode_t mode_of(const std::string& word) {
  std::size_t used = 0;
  const bool octal = word.size() <= 4 && word.find_first_not_of("01234567") == std::string::npos;
  if (!octal) throw Error(ExitStatus::kUsage, fmt::format("--mode {}: not an octal mode", in_quotes(word)), "as 0644");
  return static_cast<mode_t>(std::stoul(word, &used, 8) & 01777);
}

uint64_t limit_of(const std::string& word) {
  if (const auto size = parse_size(word)) return *size;
  throw Error(ExitStatus::kUsage, fmt::format("--limit {}: not a size", in_quotes(word)), "as 64KiB or 1000B");
}

/// A path that is not absolute is one below --beneath.
std::string absolute(const FsWords& words, const std::string& path) {
  if (path.starts_with('/')) return path;
  if (words.beneath.empty())
    throw Error(ExitStatus::kUsage, fmt::format("fs: {} is not absolute", in_quotes(path)),
                "say it from /, or below a directory with --beneath DIR");
  return words.beneath + "/" + path;
}

files::Request request_of(const FsWords& words) {
  const Known& known = operation_of(words);
  require_fitting(words, known);
  if (!words.beneath.empty() && !words.beneath.starts_with('/'))
    throw Error(ExitStatus::kUsage, fmt::format("--beneath {}: not an absolute path", in_quotes(words.beneath)));
  files::Request request;
  request.operation = known.operation;
  request.path = absolute(words, words.path);
  if (!words.to.empty()) request.to = absolute(words, words.to);
  if (!words.beneath.empty()) request.beneath = words.beneath;
  if (known.operation == Operation::kList) request.limit = kMostNames;
  if (!words.limit.empty()) request.limit = limit_of(words.limit);
  if (!words.mode.empty()) request.mode = mode_of(words.mode);
  request.parents = words.parents;
  request.exclusive = words.exclusive;
  request.recursive = words.recursive;
  request.force = words.force;
  request.follow = !words.no_follow;
  request.one_name = words.one_name;
  return request;
}

/// Standard input, a piece at a time.
class Input {
 public:
  std::string_view next() {
    ssize_t got = 0;
    while ((got = ::read(STDIN_FILENO, piece_.data(), piece_.size())) < 0 && errno == EINTR) {
    }
    if (got < 0) throw_errno("reading standard input");
    return std::string_view(piece_).substr(0, static_cast<std::size_t>(got));
  }

 private:
  std::string piece_ = std::string(files::kMostPiece, '\0');
};

void write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw Error(ExitStatus::kOutputLost, SysError(errno, "what was read could not be written").what());
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

int fs(const FsWords& words) {
  session::FileWish wish;
  wish.request = request_of(words);
  wish.labels = labels_of(words.labels);
  Input input;
  std::string listing;
  if (wish.request.operation == Operation::kWrite) wish.next_input = [&] { return input.next(); };
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1;
  TerminalText text;
  if (wish.request.operation == Operation::kRead)
    wish.take_output = [&](std::string_view some) { write_out(on_terminal ? text.next(some) : some); };
  if (wish.request.operation == Operation::kList) wish.take_output = [&](std::string_view some) { listing += some; };
  const session::Sessions sessions = sessions_of_caller();
  OwnedFd connection = sessions.connect(sessions.found(words.session, session::Look::kAtFacts));
  const files::Answer answer = session::operate_on_files(std::move(connection), wish);
  write_out(text.rest());
  if (answer.error != 0) return report_failure(words.json, words.operation, answer);
  print_answer(words.json, wish.request.operation, answer, listing);
  return 0;
}

void add_words(CLI::App& verb, FsWords& words) {
  verb.add_option("SESSION", words.session, "its name, id, or a prefix of its id")->required()->check(not_empty());
  verb.add_option("OPERATION", words.operation, "read, write, stat, ls, mkdir, rm, rename")
      ->required()
      ->check(not_empty());
  verb.add_option("PATH", words.path, "as inside")->required()->check(not_empty());
  verb.add_option("TO", words.to, "rename: the new path")->check(not_empty());
  verb.add_flag("--json", words.json, "for machines: what stat, ls and write found, and failures");
  verb.add_option("--beneath", words.beneath, "no link and no .. may lead out of this directory; PATH may be relative")
      ->type_name("DIR")
      ->check(not_empty());
  add_label_option(verb, words.labels, "a label for its record; may be repeated");
}

void add_options(CLI::App& verb, FsWords& words) {
  verb.add_flag("-p,--parents", words.parents, "write, mkdir, rename: make the directories on the way");
  verb.add_flag("--exclusive", words.exclusive, "write, rename: fail (EEXIST) where there is something");
  verb.add_option("--mode", words.mode,
                  "write, mkdir: the mode of what is made anew, not of --parents (default: as the umask says)")
      ->type_name("OCTAL")
      ->check(not_empty());
  verb.add_flag("-r,--recursive", words.recursive, "rm: directories with all that is in them");
  verb.add_flag("-f,--force", words.force, "rm: what is not there is no failure");
  verb.add_option("--limit", words.limit, "read: give nothing of a larger file (EFBIG)")
      ->type_name("SIZE")
      ->check(not_empty());
  verb.add_flag("--no-follow", words.no_follow, "stat: of a link itself");
  verb.add_flag("--one-name", words.one_name, "read, write: refuse a file with hard links (EMLINK)");
}

}  // namespace

Verb add_fs(CLI::App& app, const std::vector<std::string>&) {
  auto words = std::make_shared<FsWords>();
  CLI::App* verb = app.add_subcommand("fs", "Read and change the files of a session, from outside: read, write, ls, …");
  add_words(*verb, *words);
  add_options(*verb, *words);
  verb->footer(kExamples);
  return {verb, [=] { return fs(*words); }};
}

}  // namespace clawbox::cli
