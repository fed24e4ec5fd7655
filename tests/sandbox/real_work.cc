// The work of a programmer's day, inside `coding`. Each does the same outside first: the positive control, and the
// proof that the tool is there.
#include <sys/stat.h>

#include <map>

#include "support/catch.h"
#include "support/environment.h"

using namespace clawbox::test;

namespace {

/// Whether every one of `tools` is on PATH; if not, says so as the reason why the test is skipped.
bool have(std::initializer_list<const char*> tools) {
  for (const char* tool : tools) {
    if (find_program(tool)) continue;
    skip(std::string(tool) + " is not installed");
    return false;
  }
  return true;
}

std::vector<std::string> script(const std::string& text) { return {"sh", "-ec", text}; }

/// What the script prints outside, in a world of its own, and inside; both must end well.
void check_same_inside_and_outside(const std::map<std::string, std::string>& files, const std::string& text) {
  const Environment control, environment;
  for (const auto& [name, content] : files)
    for (const Environment* one : {&control, &environment}) write_file(one->workspace() + "/" + name, content, 0755);
  const Finished outside = run(control.outside(script(text)), 120s);
  INFO("outside: " << outside.err);
  REQUIRE(outside.status == 0);
  const Finished inside = run(environment.inside("coding", script(text)), 120s);
  INFO("inside: " << inside.out << inside.err);
  CHECK(inside.status == 0);
  CHECK(inside.out == outside.out);
}

const std::map<std::string, std::string>& c_project() {
  static const std::map<std::string, std::string> files{
      {"main.c", "#include <stdio.h>\nint two(void);\nint main(void) { printf(\"%d\\n\", two()); return 0; }\n"},
      {"two.c", "int two(void) { return 2; }\n"},
      {"Makefile", "two: main.o two.o\n\t$(CC) -o $@ $^\n"},
      {"meson.build", "project('two', 'c')\nexecutable('two', 'main.c', 'two.c')\n"}};
  return files;
}

}  // namespace

TEST_CASE("git makes a repository, commits and shows the log") {
  if (!have({"git"})) return;
  check_same_inside_and_outside({{"file", "text\n"}},
                                "git init -q -b main . && git add file && "
                                "git -c user.name=A -c user.email=a@example.org commit -qm first && "
                                "git log --format=%s && git status --porcelain && git fsck 2>&1");
}

TEST_CASE("git commits in a repository that was there before") {
  if (!have({"git"})) return;
  const Environment environment;
  write_file(environment.workspace() + "/file", "text\n");
  REQUIRE(
      run(environment.outside(script("git init -q . && git config user.name A && git config user.email a@example.org")))
          .status == 0);
  const Finished finished =
      run(environment.inside("coding", script("git add file && git commit -qm inside && git checkout -q -b other")));
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(run(environment.outside(script("git log --format=%s"))).out == "inside\n");
}

TEST_CASE("make builds a C project") {
  if (!have({"make", "cc"})) return;
  check_same_inside_and_outside(c_project(), "make -s -j4 2>&1 && ./two");
}

TEST_CASE("meson builds a C project") {
  if (!have({"meson", "ninja", "cc"})) return;
  check_same_inside_and_outside(c_project(), "meson setup build >/dev/null && ninja -C build >/dev/null && build/two");
}

TEST_CASE("python runs a script with processes and a temporary file") {
  if (!have({"python3"})) return;
  check_same_inside_and_outside({{"work.py",
                                  "import multiprocessing, tempfile, subprocess\n"
                                  "def square(n): return n * n\n"
                                  "if __name__ == '__main__':\n"
                                  "    with multiprocessing.Pool(4) as pool: print(sum(pool.map(square, range(100))))\n"
                                  "    with tempfile.NamedTemporaryFile() as file: file.write(b'x'); print('written')\n"
                                  "    print(subprocess.check_output(['echo', 'child']).decode().strip())\n"}},
                                "python3 work.py");
}

TEST_CASE("node runs a script with a worker and a server of its own") {
  if (!have({"node"})) return;
  check_same_inside_and_outside(
      {{"work.js",
        "const { Worker, isMainThread, parentPort } = require('worker_threads');\n"
        "if (!isMainThread) { parentPort.postMessage('worker'); return; }\n"
        "new Worker(__filename).on('message', (text) => {\n"
        "  console.log(text);\n"
        "  const server = require('http').createServer((_, answer) => answer.end('served'));\n"
        "  server.listen(0, '127.0.0.1', () => fetch('http://127.0.0.1:' + server.address().port)\n"
        "    .then((answer) => answer.text()).then((body) => { console.log(body); process.exit(0); }));\n"
        "});\n"}},
      "node work.js");
}

TEST_CASE("npm installs from a local tarball") {
  if (!have({"node", "npm"})) return;
  const std::map<std::string, std::string> files{
      {"lib/package.json", "{\"name\":\"two\",\"version\":\"1.0.0\",\"main\":\"index.js\"}\n"},
      {"lib/index.js", "module.exports = 2;\n"},
      {"app/package.json", "{\"name\":\"app\",\"version\":\"1.0.0\"}\n"}};
  check_same_inside_and_outside(files,
                                "cd lib && npm pack --silent >/dev/null && cd ../app && "
                                "npm install ../lib/two-1.0.0.tgz --offline --no-audit --no-fund --silent && "
                                "node -p 'require(\"two\")'");
}

TEST_CASE("gdb runs, stops and reads a child of its own") {
  if (!have({"gdb", "cc"})) return;
  check_same_inside_and_outside(c_project(),
                                "cc -g -o two main.c two.c && "
                                "gdb -q -nx -batch -ex 'set debuginfod enabled off' -ex 'break two' -ex run "
                                "-ex finish ./two 2>&1 | grep -c 'Value returned is'");
}

TEST_CASE("strace traces a child of its own") {
  if (!have({"strace"})) return;
  check_same_inside_and_outside(
      {}, "strace -f -e trace=execve -o trace sh -c '/bin/true; /bin/true' && grep -c execve trace");
}

TEST_CASE("a program runs 200 threads") {
  if (!have({"python3"})) return;
  check_same_inside_and_outside({{"threads.py",
                                  "import threading\n"
                                  "barrier = threading.Barrier(201)\n"
                                  "for _ in range(200): threading.Thread(target=barrier.wait).start()\n"
                                  "barrier.wait()\n"
                                  "print('all met')\n"}},
                                "python3 threads.py");
}

TEST_CASE("a configure-like script forks hundreds of times") {
  check_same_inside_and_outside(
      {},
      "n=0; while [ $n -lt 400 ]; do x=$(echo $n | sed s/^/=/); (test -n \"$x\") || exit 1; n=$((n + 1)); done; "
      "for i in 1 2 3 4 5 6 7 8; do (sed -n '$=' /etc/passwd >/dev/null) & done; wait; echo $n");
}

TEST_CASE("files made inside belong to the caller outside") {
  const Environment environment;
  CHECK(run(environment.inside("coding", script("echo made > made && chmod 640 made"))).status == 0);
  struct stat workspace {
  }, made{};
  REQUIRE(::stat(environment.workspace().c_str(), &workspace) == 0);
  REQUIRE(::stat((environment.workspace() + "/made").c_str(), &made) == 0);
  CHECK(made.st_uid == workspace.st_uid);
  CHECK(made.st_gid == workspace.st_gid);
  CHECK((made.st_mode & 07777) == 0640);
}
