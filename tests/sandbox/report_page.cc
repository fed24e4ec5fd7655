// The page of `clawbox report` in a browser: it is shown without a network, a script or a complaint of the browser's.
#include "support/catch.h"
#include "support/environment.h"

using namespace clawbox::test;

namespace {

std::string session_of(const Environment& environment) {
  const std::string trails = environment.state() + "/clawbox/audit";
  for (const auto& entry : std::filesystem::directory_iterator(trails))
    if (const std::string name = entry.path().stem(); name.find('-') != std::string::npos) return name;
  return "";
}

}  // namespace

TEST_CASE("a browser shows the report of a hostile session, and runs nothing of it") {
  const auto browser = find_browser();
  if (!browser) return skip("no headless Chromium is installed");
  const Environment environment;
  const std::string hostile = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
  REQUIRE(run(environment.inside("coding", {"sh", "-c", "true; env true; :", hostile})).status == 0);
  const std::string page = environment.directory() / "report.html";
  REQUIRE(run(environment.clawbox({"report", session_of(environment), "--html", page})).status == 0);
  const std::string profile = environment.directory() / "browser";
  const Finished shown = run(
      environment.outside({*browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + profile,
                           "--enable-logging=stderr", "--virtual-time-budget=1000", "--dump-dom", "file://" + page}),
      30s);
  INFO(shown.err);
  CHECK(shown.status == 0);
  CHECK(shown.out.find("Programs that ran") != std::string::npos);
  CHECK(shown.out.find("&lt;script&gt;") != std::string::npos);
  CHECK(shown.out.find("<title>clawbox session") != std::string::npos);  // and not what the script would set
  CHECK(shown.out.find("<img") == std::string::npos);
  CHECK(shown.err.find("Refused to") == std::string::npos);  // the page breaks none of its own policy
  CHECK(shown.err.find("CONSOLE") == std::string::npos);
}
