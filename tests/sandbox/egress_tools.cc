// Named egress as the tools of a developer meet it: each of them as it is installed, and with no setting for it but
// where its server is.
#include "egress_servers.h"

using namespace clawbox::test;

namespace {

/// Makes a bare repository with one commit in the workspace of `environment`.
void make_repository(const Environment& environment) {
  run_well(environment.outside({"bash", "-c",
                                "git init -q . && git -c user.name=n -c user.email=e commit -q --allow-empty -m 'the "
                                "first' && git clone -q --bare . bare.git && git -C bare.git update-server-info"}));
}

/// As the real user's npm is configured, not the test's.
std::string registry_of_this_machine() {
  Command ask{.argv = {"npm", "config", "get", "registry"}};
  for (const char* name : {"PATH", "HOME"})
    if (const char* value = std::getenv(name); value != nullptr)
      ask.environment.push_back(std::string(name) + "=" + value);
  const std::string said = run(ask).out;
  return said.substr(0, said.find('\n'));
}

/// What the host has for `name`; empty: nothing answers there.
std::string address_of(const Environment& environment, const std::string& name) {
  const Finished found = run(environment.outside({"getent", "ahostsv4", name}));
  return found.out.substr(0, found.out.find(' '));
}

}  // namespace

TEST_CASE("git clones over http from a listed host") {
  if (no_names_here()) return;
  if (!find_program("git") || !find_program("python3")) return skip("set-up: git and python3 are not installed");
  const World served;  // its workspace is what the server shows
  make_repository(served);
  const FileServer server(served, served.workspace());
  const EgressWorld world({server.port()});
  const Finished cloned =
      world.inside("git clone -q " + server.url() + "/bare.git copy && git -C copy log --format=%s");
  INFO(cloned.err);
  CHECK(cloned.out == "the first\n");
}

TEST_CASE("git clones over ssh from a listed host, whose server speaks first") {
  if (no_names_here()) return;
  if (const auto missing = SshServer::missing()) return skip(*missing);
  const World served;
  make_repository(served);
  const SshServer server(served);
  const EgressWorld world({server.port()});
  std::filesystem::copy_file(served.home() + "/key", world.workspace() + "/key");
  const Finished cloned = world.inside(
      "export GIT_SSH_COMMAND='ssh -i key -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o "
      "UserKnownHostsFile=/dev/null'; git clone -q ssh://tester@listed.test:" +
      server.port() + served.workspace() + "/bare.git copy && git -C copy log --format=%s");
  INFO(cloned.err);
  CHECK(cloned.out == "the first\n");
  CHECK(with(world.trail().all("net.connect"), "comm", "ssh").size() == 1);
}

TEST_CASE("a static program of Go, which asks for names and connects by itself, needs nothing") {
  if (no_names_here()) return;
  if (!std::filesystem::exists(probe_binary("go_dialer"))) return skip("set-up: no go when this was built");
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  const std::string dialer = world.add_probe("go_dialer");
  const Finished listed = world.inside(dialer + " listed.test:" + server.port());
  INFO(listed.err);
  CHECK(listed.out == "hello\n");
  const Finished other = world.inside(dialer + " other.test:" + server.port());
  CHECK(other.status == 1);
  CHECK(other.err.find("no such host") != std::string::npos);
}

TEST_CASE("pip installs from the index that its own configuration names, by the preset") {
  if (no_names_here()) return;
  if (run({.argv = {"/usr/bin/python3", "-m", "pip", "--version"}}).status != 0) return skip("set-up: no pip");
  const World served;
  run_well(served.outside({"python3", "-c", R"(
import os, zipfile
os.makedirs('simple/tiny')
info = 'tiny-1.0.dist-info/'
with zipfile.ZipFile('tiny-1.0-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('tiny.py', 'word = "installed"\n')
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
    wheel.writestr(info + 'RECORD', 'tiny.py,,\n' + info + 'METADATA,,\n' + info + 'WHEEL,,\n' + info + 'RECORD,,\n')
open('simple/tiny/index.html', 'w').write('<a href="/tiny-1.0-py3-none-any.whl">tiny-1.0-py3-none-any.whl</a>')
)"}));
  const FileServer server(served, served.workspace());
  const EgressWorld world({server.port()});
  world.set_list("{ preset = 'pip' }, { address = '127.0.0.1', ports = [" + server.port() + "] }");
  const std::string index = server.url() + "/simple/";
  write_file(world.directory() / "config/pip/pip.conf", "[global]\nindex-url = " + index + "\n");
  const Finished installed = world.inside(
      "/usr/bin/python3 -m pip install -q --disable-pip-version-check --no-cache-dir --target here --index-url " +
      index +
      " --trusted-host listed.test tiny && PYTHONPATH=here /usr/bin/python3 -c 'import tiny; print(tiny.word)'");
  INFO(installed.err);
  CHECK(installed.out == "installed\n");
}

TEST_CASE("npm installs from the registry that its own configuration names, by the preset") {
  if (no_names_here()) return;
  if (!find_program("npm") || !find_program("python3")) return skip("set-up: npm and python3 are not installed");
  const World served;
  const FileServer server(served, served.workspace());
  run_well(served.outside({"bash", "-c",
                           "mkdir package && echo 'module.exports = \"installed\"' >package/index.js && "
                           "echo '{\"name\": \"tiny\", \"version\": \"1.0.0\"}' >package/package.json && "
                           "tar -czf tiny.tgz package && echo '{\"name\": \"tiny\", \"dist-tags\": {\"latest\": "
                           "\"1.0.0\"}, \"versions\": {\"1.0.0\": {\"name\": \"tiny\", \"version\": \"1.0.0\", "
                           "\"dist\": {\"tarball\": \"'$0'/tiny.tgz\"}}}}' >tiny",
                           server.url()}));
  const EgressWorld world({server.port()});
  world.set_list("{ preset = 'npm' }, { address = '127.0.0.1', ports = [" + server.port() + "] }");
  write_file(world.home() + "/.npmrc", "registry=" + server.url() + "/\n");
  const Finished installed = world.inside("npm install --silent --no-audit --no-fund --registry " + server.url() +
                                          "/ tiny && node -p 'require(\"tiny\")'");
  INFO(installed.out << installed.err);
  CHECK(installed.out.ends_with("installed\n"));
}

TEST_CASE("npm installs a real package from the registry of this machine, by the preset") {
  if (no_names_here()) return;
  if (!find_program("npm") || !find_program("curl")) return skip("set-up: npm and curl are not installed");
  const std::string registry = registry_of_this_machine();
  const EgressWorld world({"1"});
  const std::size_t host = registry.find("://") + 3;
  const std::string address = address_of(world, registry.substr(host, registry.find_first_of(":/", host) - host));
  if (run(world.outside({"curl", "-sSf", "-m", "10", "-o", "/dev/null", registry + "is-number"})).status != 0)
    return skip("set-up: no registry of npm answers this machine");
  // A registry in a network of the machine's own is at an address that only a rule opens.
  world.set_list("{ preset = 'npm' }, { address = '" + address + "', ports = [80, 443] }");
  write_file(world.home() + "/.npmrc", "registry=" + registry + "\n");
  Command install = world.clawbox({"run", "--quiet", "--profile", "listed", "--", "bash", "-c",
                                   "npm install --silent --no-audit --no-fund --registry '" + registry +
                                       "' is-number && node -p 'require(\"is-number\")(5)'"});
  const Finished installed = run(install);
  INFO(installed.out << installed.err << world.trail().text());
  CHECK(installed.out.ends_with("true\n"));
}
