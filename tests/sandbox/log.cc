// `clawbox log` and `clawbox report` over the trail of a session that really ran: what they show, what they refuse, and
// with which exit status.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "support/catch.h"
#include "support/terminal.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

constexpr const char* kEscapes = "\x1b]0;owned\x07\x1b[2J";

/// A session whose second program has words that a terminal would obey.
struct Recorded {
  Environment environment;
  std::string id;

  Recorded() {
    const Finished finished =
        run(environment.inside("coding", {"sh", "-c", R"(/bin/echo "$1"; false)", "sh", kEscapes}));
    INFO(finished.err);
    REQUIRE(finished.status == 1);
    id = Trail(environment).records().at(0).at("session");
  }
  Finished clawbox(std::vector<std::string> words) const { return run(environment.clawbox(std::move(words))); }
  /// With a terminal as standard output, and this pager.
  std::string on_terminal(const std::string& pager, std::vector<std::string> words) {
    environment.set("PAGER", pager);
    Terminal terminal(environment.clawbox(std::move(words)));
    const std::string shown = terminal.read_until("session ends");
    terminal.wait();
    return shown;
  }
};

std::vector<Json> records_in(const std::string& lines) {
  std::vector<Json> records;
  std::istringstream text(lines);
  for (std::string line; std::getline(text, line);) records.push_back(Json::parse(line));
  return records;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool is_safe(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\n') || c == 0x7F; });
}

void check_refused(const Finished& finished, int status, const std::string& what, const std::string& remedy) {
  INFO(finished.out << finished.err);
  CHECK(finished.status == status);
  CHECK(finished.out.empty());
  CHECK(holds(finished.err, what));
  CHECK(holds(finished.err, "remedy: "));
  CHECK(holds(finished.err, remedy));
}

}  // namespace

TEST_CASE("a session is told from its begin to its end, and escapes in its words do not reach the terminal") {
  const Recorded recorded;
  const Finished finished = recorded.clawbox({"log"});
  INFO(finished.out << finished.err);
  CHECK(finished.status == 0);
  CHECK(is_safe(finished.out));
  CHECK(holds(finished.out, "session begins: profile coding"));
  CHECK(holds(finished.out, R"(/bin/echo $'\033]0;owned\007\033[2J')"));
  CHECK(holds(finished.out, "session ends: exited 1"));
  CHECK_FALSE(holds(finished.out, "could not be read"));
}

TEST_CASE("--json gives the lines of the trail, and the escaped bytes come back") {
  const Recorded recorded;
  const Finished finished = recorded.clawbox({"log", "--json"});
  CHECK(finished.status == 0);
  CHECK(is_safe(finished.out));
  CHECK(finished.out == Trail(recorded.environment).text());
  const Finished some = recorded.clawbox({"log", "--json", "--event", "exec", "--argv", "^/bin/echo .*owned"});
  const std::vector<Json> records = records_in(some.out);
  REQUIRE(records.size() == 2);
  CHECK(words_of(records[0].at("argv")) == std::vector<std::string>{"/bin/echo", kEscapes});
  CHECK(records[1].at("event") == "exec.end");
}

TEST_CASE("OCSF is one JSON object for each record, with its class") {
  const Recorded recorded;
  const Finished finished = recorded.clawbox({"log", "--format", "ocsf"});
  CHECK(finished.status == 0);
  CHECK(is_safe(finished.out));
  const std::vector<Json> events = records_in(finished.out);
  CHECK(events.size() == Trail(recorded.environment).records().size());
  CHECK(events.at(0).at("class_uid") == 6002);
}

TEST_CASE("the tree hangs what ran below the first program, and alarms of nothing") {
  const Recorded recorded;
  const Finished finished = recorded.clawbox({"log", recorded.id.substr(0, 8), "--tree"});
  INFO(finished.out << finished.err);
  CHECK(finished.status == 0);
  CHECK(is_safe(finished.out));
  CHECK(holds(finished.out, "\nsh -c "));
  CHECK(holds(finished.out, "─ /bin/echo "));
  CHECK_FALSE(holds(finished.out, "ALARM"));
}

TEST_CASE("a trail as it was written holds, and one with a changed byte does not") {
  const Recorded recorded;
  const Finished whole = recorded.clawbox({"log", "verify"});
  INFO(whole.out << whole.err);
  CHECK(whole.status == 0);
  CHECK(holds(whole.out, "1 sessions (0 still run)"));
  const std::string path = trail_directory(recorded.environment) + "/" + recorded.id + ".jsonl";
  std::string text = read_file(path);
  text.at(text.find("owned")) = 'O';
  write_file(path, text, 0600);
  const Finished changed = recorded.clawbox({"log", "verify", "--json"});
  CHECK(changed.status == 1);
  CHECK(Json::parse(changed.out).at("findings").at(0).at("kind") == "changed");
}

TEST_CASE("verify checks the directory that is named, before or after the word") {
  const Recorded recorded;
  const std::string copy = recorded.environment.directory() / "copy";
  std::filesystem::copy(trail_directory(recorded.environment), copy);
  CHECK(recorded.clawbox({"log", "--directory", copy, "verify"}).status == 0);
  write_file(copy + "/" + recorded.id + ".jsonl", "{}\n");
  CHECK(recorded.clawbox({"log", "--directory", copy, "verify"}).status == 1);
  CHECK(recorded.clawbox({"log", "verify", "--directory", copy}).status == 1);
  CHECK(recorded.clawbox({"log", recorded.id, "--json", "verify"}).status == 0);
  CHECK(recorded.clawbox({"log", "verify"}).status == 0);
}

TEST_CASE("a directory without trails, and one that is none, are told apart and never hold") {
  const Recorded recorded;
  const std::string empty = make_directory(recorded.environment.directory() / "empty");
  for (const std::vector<std::string>& verb :
       {std::vector<std::string>{"log"}, {"log", "verify"}, {"report", "6", "--html", "-"}}) {
    const auto in = [&](const std::string& path) {
      std::vector<std::string> words = verb;
      words.insert(words.end(), {"--directory", path});
      return recorded.clawbox(words);
    };
    check_refused(in(empty), 1, "there are no trails in '" + empty, "--directory names another place");
    check_refused(in(empty + "/none"), 1, "does not exist", "--directory");
    check_refused(in(recorded.environment.workspace() + "/none/../x"), 1, "does not exist", "--directory");
    check_refused(in(write_file(recorded.environment.directory() / "file", "x")), 73, "file'", "--directory");
  }
}

TEST_CASE("a directory that the caller may not read is refused, and not taken for an empty one") {
  if (::geteuid() == 0) return skip("kernel: root may read everywhere");
  const Recorded recorded;
  const std::string directory = trail_directory(recorded.environment);
  for (const mode_t mode : {0100U, 0000U}) {
    ::chmod(directory.c_str(), mode);
    check_refused(recorded.clawbox({"log"}), 73, directory, "--directory");
    check_refused(recorded.clawbox({"log", "verify"}), 73, directory, "--directory");
  }
  ::chmod(directory.c_str(), 0700);
  CHECK(recorded.clawbox({"log", "verify"}).status == 0);
}

TEST_CASE("a wrong word is refused with the nearest one, and where the words are listed") {
  const Recorded recorded;
  const auto refused = [&](const std::vector<std::string>& words, const std::string& what, const std::string& remedy) {
    check_refused(recorded.clawbox(words), 64, what, remedy);
  };
  check_refused(recorded.clawbox({"log", "0"}), 72, "no session's id begins with '0'", "--event session");
  refused({"log", "verfy"}, "did you mean 'verify'?", "a prefix of a session's id");
  refused({"log", "--sinec", "1d"}, "did you mean '--since'?", "`clawbox log --help` lists");
  refused({"log", "--since", "1d", "verify"}, "log verify: unexpected '--since'", "`clawbox log verify --help`");
  refused({"log", "--since", "1h", "--until", "2h"}, "later than", "--since 2h --until 1h");
  refused({"log", "--since", "yesterday"}, "is no time", "2026-07-01");
  refused({"log", "--event", "refusd"}, "'refused'", "the events are");
  refused({"log", "--argv", "("}, "--argv", "grep -E");
  refused({"log", "--tree", "--follow"}, "a tree cannot follow", "--follow");
  refused({"log", "--format", "tree", "--follow"}, "a tree cannot follow", "--follow");
  refused({"log", "--json", "--tree"}, "exclude each other", "one of them");
  refused({"report", recorded.id, "--json"}, "unexpected '--json'", "`clawbox report --help`");
}

TEST_CASE("a begin that several ids share is refused with those ids") {
  Recorded recorded;
  const std::string other = recorded.id.substr(0, 9) + "ffffffff";
  std::filesystem::copy(trail_directory(recorded.environment) + "/" + recorded.id + ".jsonl",
                        trail_directory(recorded.environment) + "/" + other + ".jsonl");
  const std::string prefix = recorded.id.substr(0, 8);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"log", "verify", prefix}, {"report", prefix, "--html", "-"}}) {
    const Finished finished = recorded.clawbox(words);
    check_refused(finished, 64, "2 sessions begin with", other);
    CHECK(holds(finished.err, recorded.id));
  }
}

TEST_CASE("a search without a match says so on standard error, and a time may be in RFC 3339") {
  const Recorded recorded;
  const Finished none = recorded.clawbox({"log", "--program", "no-such"});
  CHECK(none.status == 1);
  CHECK(none.out.empty());
  CHECK(none.err == "clawbox: no record matches\n");
  CHECK(recorded.clawbox({"log", "--since", "2026-01-01T00:00:00Z"}).status == 0);
  CHECK(recorded.clawbox({"log", "--until", "2026-01-01T00:00:00Z"}).status == 1);
}

TEST_CASE("a session that is followed is shown as it goes on, and to its end") {
  const Environment environment;
  Running session(environment.inside("coding", {"sh", "-c", "echo begun; read line; /bin/echo last"}));
  session.read_until("begun\n");
  const std::string id = Trail(environment).records().at(0).at("session");
  Running log(environment.clawbox({"log", id, "--follow"}));
  log.read_until("session begins");
  session.write_input("\n");
  log.read_until("/bin/echo last");
  log.read_until("session ends: exited 0");
  CHECK(log.wait().status == 0);
  CHECK(session.wait().status == 0);
}

TEST_CASE("the report is a page for the caller alone that holds no escape and no script") {
  const Recorded recorded;
  const std::string path = recorded.environment.directory() / "page.html";
  CHECK(recorded.clawbox({"report", recorded.id, "--html", path}).status == 0);
  const std::string page = read_file(path);
  CHECK(is_safe(page));
  CHECK(holds(page, "/bin/echo"));
  CHECK_FALSE(holds(page, "<script"));
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms(077)) == std::filesystem::perms::none);
  CHECK(recorded.clawbox({"report", recorded.id, "--html", "-"}).out == page);
}

TEST_CASE("a page that cannot be written is refused, and a symlink in its place is left alone") {
  const Recorded recorded;
  const std::string target = write_file(recorded.environment.directory() / "target", "kept");
  const std::string link = recorded.environment.directory() / "link";
  std::filesystem::create_symlink(target, link);
  check_refused(recorded.clawbox({"report", recorded.id, "--html", link}), 74, "link", "name a file");
  CHECK(read_file(target) == "kept");
  check_refused(recorded.clawbox({"report", recorded.id, "--html", "/dev/full"}), 74, "No space left", "name a file");
}

TEST_CASE("what is printed goes through the pager, and to the terminal where that cannot be run") {
  Recorded recorded;
  CHECK(holds(recorded.on_terminal("sed s/^/paged:/", {"log"}), "paged:"));
  const std::string shown = recorded.on_terminal("no-such-pager", {"log"});
  CHECK(holds(shown, "session begins"));
  CHECK_FALSE(holds(shown, "paged:"));
}
