// A real browser: inside with its own sandbox, and outside with the page of `clawbox report`, which it shows without a
// network, a script or a complaint.
#include <unistd.h>

#include "support/catch.h"
#include "support/trail.h"

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

TEST_CASE("a browser runs in its own sandbox inside, and every program of it is on record") {
  const auto browser = find_browser();
  if (!browser) return skip("no headless Chromium is installed");
  const Environment environment;
  environment.add_profile("browser",
                          "version = 1\nextends = 'coding'\n[identity]\nnested_user_namespaces = true\n[syscalls]\n"
                          "refuse_remove = ['@namespace', '@chroot']\nallow_add = ['@namespace', '@chroot']\n");
  write_file(environment.workspace() + "/page.html", "<title>t</title><p id=x>seen</p><script>x.id='ran'</script>");
  if (::geteuid() == 0)  // a Chromium that is root wants no sandbox
    for (const std::string& path : {environment.workspace(), environment.workspace() + "/page.html"})
      REQUIRE(::chown(path.c_str(), 12345, 12345) == 0);
  const Finished finished = run(environment.inside("browser", {*browser, "--headless", "--disable-gpu", "--dump-dom",
                                                               "file://" + environment.workspace() + "/page.html"}),
                                30s);
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(finished.out.find("<p id=\"ran\">seen</p>") != std::string::npos);
  const Trail trail(environment);
  CHECK(trail.text().find("--type=zygote") != std::string::npos);  // which forks who shows the page
  CHECK(trail.has_no_gaps());
  CHECK(trail.records().back().at("event") == "session.end");
  CHECK(trail.all("exec").size() == trail.all("exec.end").size());
}
