#include "audit/query.h"

#include "audit/hostile.h"
#include "base/error.h"
#include "support/catch.h"
#include "support/containing.h"
#include "unit/audit/reading.h"

using namespace clawbox;
using namespace clawbox::test;
using audit::Query;
using Numbers = std::vector<int>;

TEST_CASE("a question without conditions is answered by every record") { CHECK(found_by({}).size() == 11); }

TEST_CASE("a family of events stands for all whose names begin so, and for no others") {
  CHECK(found_by({.events = {"session"}}) == Numbers{1, 11});
  CHECK(found_by({.events = {"exec.end"}}) == Numbers{5, 7, 9, 10});
  CHECK(found_by({.events = {"refused"}}) == Numbers{6});
}

TEST_CASE("a program's name finds its execs, and what belongs to them") {
  CHECK(found_by({.program = "git"}) == Numbers{4, 6, 7});
  CHECK(found_by({.program = "/bin/git"}) == Numbers{4, 6, 7});
  CHECK(found_by({.events = {"refused"}, .program = "git"}) == Numbers{6});
  CHECK(found_by({.program = "it"}).empty());
}

TEST_CASE("a pattern is matched against the words with blanks between them") {
  CHECK(found_by({.events = {"exec"}, .argv = audit::Pattern("^sh -c git pu+sh$")}) == Numbers{3, 5});
  CHECK(found_by({.argv = audit::Pattern("no-such")}).empty());
}

TEST_CASE("a pattern sees the bytes that were escaped in the record") {
  CHECK(found_by({.argv = audit::Pattern("\x1b\\]0;")}) == Numbers{4, 6, 7});
}

TEST_CASE("an outcome is shown with the exec that it belongs to") {
  CHECK(found_by({.events = {"exec"}, .status = audit::Status::kFailed}) == Numbers{4, 7, 8, 9});
  CHECK(found_by({.events = {"exec"}, .status = audit::Status::kOk}) == Numbers{3, 5, 2, 10});
  CHECK(found_by({.program = "git", .status = audit::Status::kOk}).empty());
}

TEST_CASE("only records of the time window are shown") {
  CHECK(found_by({.since = "2026-07-01T10:00:10.000000Z"}) == Numbers{10, 11});
  CHECK(found_by({.until = "2026-07-01T10:00:02.000000Z"}) == Numbers{1, 2});
}

TEST_CASE("every match of a pattern holds one of its needles") {
  const auto needles = [](const char* pattern) { return audit::Pattern(pattern).needles(); };
  using Words = std::vector<std::string>;
  CHECK(needles("push.*origin") == Words{"origin"});
  CHECK(needles("curl|wget") == Words{"curl", "wget"});
  CHECK(needles("abc?d") == Words{"ab"});
  CHECK(needles("ab+*").front() == "a");
  CHECK(needles("x(ab|cd)yz\\.c") == Words{"yz.c"});
  CHECK(needles("[|]ab[[:alpha:]]]") == Words{"ab"});
  CHECK(needles("a|.*").empty());
  CHECK(needles("[abc]").empty());
  CHECK(needles("abc{0}") == Words{"ab"});
}

TEST_CASE("a pattern that is wrong, too long, or exponential is refused as usage") {
  for (const std::string& pattern :
       {std::string("("), std::string("[a"), std::string("(a*)\\1"), std::string(5000, 'a')}) {
    INFO(pattern.substr(0, 20));
    CHECK_THROWS_AS(audit::Pattern(pattern), Error);
  }
}

TEST_CASE("a pattern that nests repetitions ends on a long subject", "[long]") {
  CHECK_FALSE(audit::Pattern("(a+)+(a|b+)+$").occurs_in(std::string(50'000, 'a') + "c"));
}

TEST_CASE("a word that is no event is refused with the nearest one") {
  CHECK_NOTHROW(audit::check_event_name("net"));
  CHECK_THROWS_WITH(audit::check_event_name("refuse d"), containing("'refused'"));
}

TEST_CASE("a line that is no record is told and not fatal") {
  const Query all;
  audit::Search search(all);
  CHECK_FALSE(search.look_at("{\"v\":1,\"half").broken.empty());
  CHECK_FALSE(search.look_at("").broken.empty());
  CHECK_FALSE(search.look_at(R"({"event":"exec","argv":)" + std::string(100'000, '[')).broken.empty());
  CHECK(search.look_at(recorded()[0]).found.size() == 1);
}

TEST_CASE("a record whose fields have the wrong kinds is read without an exception") {
  CHECK(found_by({}, {R"({"seq":1,"event":"exec","id":"x","argv":5,"path":[1],"pid":-1e99})"}) == Numbers{1});
  CHECK(found_by({.program = "git"}, {R"({"seq":1,"event":"exec","id":{},"argv":{"git":1},"path":7})"}).empty());
}

TEST_CASE("what a writer escapes, a reader gives back byte for byte") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& bytes : {all, std::string("plain \\x41"), std::string("\u202e\\"), std::string()})
    CHECK(audit::bytes_of(Json::parse(audit::hostile(bytes).dump())) == bytes);
}

TEST_CASE("a pattern without a literal finds the same execs, whether their words are escaped or not") {
  CHECK(found_by({.events = {"exec"}, .argv = audit::Pattern("(git|sh) [-]c")}) == Numbers{3, 5});
  CHECK(found_by({.argv = audit::Pattern("(git|hg) [^a-z]")}) == Numbers{4, 6, 7});
  CHECK(found_by({.argv = audit::Pattern("(git|hg) [-]c")}).empty());
}

TEST_CASE("the words of a line are read without parsing, and left to the parser where one is escaped") {
  CHECK(audit::raw_argv(R"({"event":"exec","argv":["a","b c",""],"env":3})") == "a b c ");
  CHECK(audit::raw_argv(R"({"argv":[]})") == "");
  for (const char* line : {R"({"argv":["a\"b"]})", R"({"argv":["a",{"escaped":"\\x1b"}]})", R"({"argv":[7]})",
                           R"({"argv":["a)", R"({"argv":["a")", R"({"event":"exec"})"}) {
    INFO(line);
    CHECK_FALSE(audit::raw_argv(line));
  }
}
