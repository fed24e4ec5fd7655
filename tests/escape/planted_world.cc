#include "escape/planted_world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "probe/secret.h"

namespace clawbox::test {
namespace {

std::string inode_of(const std::string& path) {
  struct stat facts {};
  ::stat(path.c_str(), &facts);
  return std::to_string(facts.st_ino);
}

std::string link_target(const std::string& path) { return std::filesystem::read_symlink(path).string(); }

/// The first address of an interface that is up and not the loopback, IPv4; empty when there is none.
std::string own_address() {
  ifaddrs* all = nullptr;
  std::string found;
  if (::getifaddrs(&all) < 0) return found;
  for (const ifaddrs* one = all; one != nullptr && found.empty(); one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    char text[INET_ADDRSTRLEN] = "";
    sockaddr_in address{};
    std::memcpy(&address, one->ifa_addr, sizeof address);
    ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    if (!std::string(text).starts_with("127.")) found = text;
  }
  ::freeifaddrs(all);
  return found;
}

}  // namespace

PlantedWorld::PlantedWorld() : nonce_(std::to_string(::getpid())) {
  environment_.add_probe("probe");
  plant_files();
  plant_workspace();
  plant_sockets();
  plant_memory();
  plant_process();
  plant_secrets();
  tell_host();
}

PlantedWorld::~PlantedWorld() {
  ::unlink(tmp_file_.c_str());
  ::unlink(shm_path_.c_str());
  ::unlink(x11_path_.c_str());
  if (shm_ >= 0) ::shmctl(shm_, IPC_RMID, nullptr);
}

void PlantedWorld::plant_files() {
  const std::string& home = environment_.home();
  for (const char* name : probe::kCredentialFiles) write_file(home + "/" + name, "planted\n", 0600);
  outside_file_ = write_file(home + "/beside.txt", "planted\n");
  tmp_file_ = write_file("/tmp/clawbox-planted-" + nonce_, "planted\n");
  tell("outside_file", outside_file_);
  tell("outside_dir", home);
  tell("home_file", write_file(home + "/Documents/letter.txt", "planted\n"));
  tell("tmp_file", tmp_file_);
  tell("home", home);
  tell("home_inode", inode_of(home));
  tell("beside_inode", inode_of(home));
  tell("state_dir", make_directory(environment_.state() + "/clawbox"));
  input_ = OwnedFd(::open(outside_file_.c_str(), O_RDONLY | O_CLOEXEC));
  // High numbers, so that the probe's own descriptors cannot be taken for them.
  leaked_file_ = OwnedFd(::fcntl(input_.get(), F_DUPFD_CLOEXEC, 70));
  const OwnedFd directory(::open(home.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  leaked_directory_ = OwnedFd(::fcntl(directory.get(), F_DUPFD_CLOEXEC, 71));
}

void PlantedWorld::plant_workspace() {
  const std::string& workspace = environment_.workspace();
  for (const char* directory : {".git", ".GIT", "nested/.git"}) {
    write_file(workspace + "/" + directory + "/HEAD", "ref: refs/heads/main\n");
    write_file(workspace + "/" + directory + "/config", "[core]\n");
    write_file(workspace + "/" + directory + "/hooks/pre-commit.sample", "#!/bin/sh\n");
    make_directory(workspace + "/" + directory + "/objects");
    make_directory(workspace + "/" + directory + "/refs");
  }
  for (const char* file : {".git/config.worktree",
                           ".git/info/attributes",
                           ".gitmodules",
                           ".bashrc",
                           ".bash_profile",
                           ".profile",
                           ".zshrc",
                           ".zprofile",
                           ".zshenv",
                           ".envrc",
                           ".exrc",
                           ".nvim.lua",
                           ".mcp.json",
                           ".vscode/tasks.json",
                           ".idea/workspace.xml",
                           ".claude/settings.json",
                           ".cursor/mcp.json",
                           ".gemini/settings.json",
                           ".codex/config.toml",
                           ".github/workflows/ci.yml",
                           ".gitlab-ci.yml",
                           ".npmrc",
                           ".yarnrc.yml"})
    write_file(workspace + "/" + file, "planted\n");
  tell("workspace", workspace);
  if (::geteuid() != 0) return;
  // Only root can be given a supplementary group for the test.
  const gid_t group = 54321;
  ::setgroups(1, &group);
  const std::string path = write_file(workspace + "/group-only", "planted\n", 0040);
  if (::chown(path.c_str(), 65532, group) == 0) tell("group_file", path);
}

void PlantedWorld::listen_at(const std::string& name, int type) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), std::min(name.size(), sizeof address.sun_path - 1));
  if (name[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (name[0] == '@' ? 0 : 1));
  OwnedFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) < 0)
    throw std::runtime_error("bind " + name + ": " + std::strerror(errno));
  if (type != SOCK_DGRAM) ::listen(socket.get(), 8);
  sockets_.push_back(std::move(socket));
}

void PlantedWorld::listen_on(const std::string& host, const std::string& fact) {
  const bool v6 = host.find(':') != std::string::npos;
  sockaddr_storage address{};
  address.ss_family = v6 ? AF_INET6 : AF_INET;
  if (v6) ::inet_pton(AF_INET6, host.c_str(), &reinterpret_cast<sockaddr_in6&>(address).sin6_addr);
  if (!v6) ::inet_pton(AF_INET, host.c_str(), &reinterpret_cast<sockaddr_in&>(address).sin_addr);
  socklen_t size = v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  OwnedFd socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) < 0) return;  // no IPv6 here
  ::listen(socket.get(), 64);
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  tell(fact, std::to_string(ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port)));
  sockets_.push_back(std::move(socket));
}

void PlantedWorld::plant_sockets() {
  listen_on("127.0.0.1", "port4");
  listen_on("::1", "port6");
  if (const std::string address = own_address(); !address.empty()) {
    tell("own_address", address);
    listen_on(address, "own_port");
  }
  const auto plant = [this](const std::string& fact, const std::string& name, int type) {
    listen_at(name, type);
    tell(fact, name);
  };
  const std::string runtime = environment_.runtime();
  for (const char* name : {"pulse", "gnupg", "keyring", "podman", "clawbox"}) make_directory(runtime + "/" + name);
  for (const char* name : {"bus", "wayland-0", "pipewire-0", "pulse/native", "gnupg/S.gpg-agent", "keyring/ssh",
                           "ssh-agent.socket", "docker.sock", "podman/podman.sock"})
    listen_at(runtime + "/" + name, SOCK_STREAM);
  tell("runtime_dir", runtime);
  plant("abstract_stream", "@clawbox-planted-stream-" + nonce_, SOCK_STREAM);
  plant("abstract_datagram", "@clawbox-planted-datagram-" + nonce_, SOCK_DGRAM);
  plant("path_socket", "/tmp/clawbox-planted-socket-" + nonce_, SOCK_STREAM);
  plant("control_socket", runtime + "/clawbox/control", SOCK_STREAM);
  plant("x11_abstract", "@/tmp/.X11-unix/X" + nonce_, SOCK_STREAM);
  x11_path_ = "/tmp/clawbox-planted-socket-" + nonce_;
  tell("x11_path", x11_path_);
}

void PlantedWorld::plant_memory() {
  const key_t key = 0x434c4157;
  shm_ = ::shmget(key, 4096, IPC_CREAT | 0600);
  tell("shm_key", std::to_string(key));
  shm_path_ = write_file("/dev/shm/clawbox-planted-" + nonce_, "planted\n");
  tell("shm_name", "clawbox-planted-" + nonce_);
}

void PlantedWorld::plant_process() {
  Command command = environment_.outside(
      {probe_binary("probe"), "--hold", "clawbox-planted-process-" + nonce_, probe::planted_secret()});
  command.environment.push_back("PLANTED=" + probe::planted_secret());
  processes_.emplace_back(command).read_until("holding");
  tell("process_marker", "clawbox-planted-process-" + nonce_);
  tell("process_pid", std::to_string(processes_.back().pid()));
}

void PlantedWorld::plant_secrets() {
  for (const char* name : probe::kSecretVariables) environment_.set(name, probe::planted_secret());
  // The loader prints a complaint for LD_PRELOAD and LD_AUDIT, which name a file that is not there; it goes on.
  for (const char* name : probe::kLoaderVariables) environment_.set(name, probe::kPlantedPath);
}

void PlantedWorld::tell_host() {
  for (const char* name : {"mnt", "net", "ipc", "pid", "uts", "cgroup", "user"})
    tell(std::string("ns_") + name, link_target(std::string("/proc/self/ns/") + name));
  struct stat facts {};
  if (::stat("/dev/pts", &facts) == 0) tell("pts_device", std::to_string(facts.st_dev));
  std::string instances = read_file("/proc/sys/fs/inotify/max_user_instances");
  tell("inotify_instances", instances.substr(0, instances.find('\n')));
}

}  // namespace clawbox::test
