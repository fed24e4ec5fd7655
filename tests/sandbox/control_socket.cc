// The control socket of a lasting session, when what comes over it is not what `clawbox` would send.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <random>

#include "session_world.h"
#include "support/catch.h"

using namespace clawbox::test;
using clawbox::Json;
using clawbox::OwnedFd;

namespace {

struct Target : World {
  Target() : id(create()), supervisor(inspect().at("supervisor").get<pid_t>()) {}

  std::string path() const { return runtime() + "/clawbox/sessions/" + id + ".sock"; }
  /// Without a descriptor where nobody listens, or may.
  OwnedFd connect() const {
    OwnedFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path().size() < sizeof address.sun_path);
    path().copy(address.sun_path, path().size());
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) return {};
    return socket;
  }
  std::size_t descriptors() const { return files_in("/proc/" + std::to_string(supervisor) + "/fd"); }
  bool is_well() const { return exec({"true"}).status == 0; }

  std::string id;
  pid_t supervisor;
};

/// The words of a command, of which a session wants a file; then as many pipes.
std::vector<OwnedFd> gifts(const std::string& words, std::size_t pipes) {
  std::vector<OwnedFd> all;
  all.emplace_back(::memfd_create("words", MFD_CLOEXEC));
  REQUIRE(::write(all.back().get(), words.data(), words.size()) == static_cast<ssize_t>(words.size()));
  ::lseek(all.back().get(), 0, SEEK_SET);
  while (all.size() <= pipes) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    all.emplace_back(ends[1]);
    ::close(ends[0]);
  }
  return all;
}

ssize_t send(const OwnedFd& socket, const std::string& text, const std::vector<OwnedFd>& passed = {}) {
  iovec bytes{const_cast<char*>(text.data()), text.size()};
  std::vector<int> numbers;
  for (const OwnedFd& fd : passed) numbers.push_back(fd.get());
  const std::size_t size = numbers.size() * sizeof(int);
  std::vector<char> control(CMSG_SPACE(size));
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (size != 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    *header = {.cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    std::copy_n(reinterpret_cast<const char*>(numbers.data()), size, reinterpret_cast<char*>(CMSG_DATA(header)));
  }
  return ::sendmsg(socket.get(), &message, MSG_NOSIGNAL);
}

/// Everything but what ends the session, or lets it stand still.
const std::vector<std::string> kRequests{
    R"({"do":"status"})", R"({"do":"thaw"})", R"({"do":"signal","signal":15})",
    R"({"do":"exec","ends":["null","null","null"],"labels":{"k":"v"},"detach":true})",
    R"({"do":"exec","ends":["null","passed","passed"],"labels":{},"detach":false,"time_ms":100})"};

using namespace std::string_literals;
const std::string kWords =
    "\0"
    "1\0"
    "/bin/true\0"
    "1\0"
    "A\0"
    "b\0"s;  // launch/words.h

/// The same ones each time.
class Mutations {
 public:
  std::string next() { return mutated(kRequests[number_() % kRequests.size()]); }
  std::string mutated(std::string text) {
    for (unsigned count = number_() % 4; count > 0; --count) mutate(text);
    return text;
  }

 private:
  void mutate(std::string& text) {
    const std::size_t at = number_() % (text.size() + 1);
    switch (number_() % 4) {
      case 0:
        return static_cast<void>(text.insert(at, 1, static_cast<char>(number_())));
      case 1:
        return static_cast<void>(text.erase(at, number_() % 9));
      case 2:
        return static_cast<void>(text.insert(at, text.substr(number_() % (text.size() + 1), 20)));
      default:
        if (at < text.size()) text[at] = static_cast<char>(number_());
    }
  }

  std::mt19937 number_{7};
};

/// Everybody may enter a place, and all on the way to it from `top` on, until this ends: with such directories nothing
/// is ended.
class Unlocked {
 public:
  Unlocked(const std::filesystem::path& top, std::filesystem::path place) {
    for (; place != top.parent_path(); place = place.parent_path()) {
      struct stat now {};
      REQUIRE(::stat(place.c_str(), &now) == 0);
      before_.emplace_back(place, now.st_mode & 07777);
      REQUIRE(::chmod(place.c_str(), 0777) == 0);
    }
  }
  Unlocked(const Unlocked&) = delete;
  ~Unlocked() {
    for (const auto& [place, mode] : before_) ::chmod(place.c_str(), mode);
  }

 private:
  std::vector<std::pair<std::filesystem::path, mode_t>> before_;
};

}  // namespace

TEST_CASE("garbage on the control socket costs its sender the connection and nobody else anything") {
  const Target target;
  for (const std::string& text :
       {std::string("garbage"), std::string("{"), std::string("[]"), std::string("{\"do\":1}"),
        std::string("{\"do\":\"exec\"}"), std::string("{\"do\":\"exec\",\"ends\":[]}"), std::string(60'000, '['),
        std::string(1, '\0'), std::string(100'000, 'x')}) {
    const OwnedFd socket = target.connect();
    REQUIRE(socket);
    send(socket, text);
    CHECK(target.is_well());
  }
}

TEST_CASE("requests that are almost right, with more descriptors than are wanted, leave nothing in the supervisor") {
  const Target target;
  REQUIRE(target.is_well());
  const std::size_t before = target.descriptors();
  Mutations mutations;
  for (std::size_t i = 0; i < 1000; ++i) {
    const OwnedFd socket = target.connect();
    REQUIRE(socket);
    const std::string text = mutations.next();
    INFO(text);
    send(socket, text.empty() ? "x" : text, gifts(mutations.mutated(kWords), i % 5 == 0 ? 252 : i % 4));
    send(socket, kRequests.front());
    if (i % 50 == 0) REQUIRE(target.inspect().at("supervisor") == target.supervisor);
  }
  CHECK(target.is_well());
  // What is over is put away when somebody connects.
  CHECK(becomes_true([&] { return target.inspect().at("commands").empty() && target.descriptors() <= before; }));
}

TEST_CASE("clients that connect and say nothing, or do not read, keep nobody waiting") {
  const Target target;
  std::vector<OwnedFd> silent;
  for (int i = 0; i < 300; ++i) {
    silent.push_back(target.connect());
    REQUIRE(silent.back());
    for (int asked = 0; i < 3 && asked < 1000; ++asked)
      if (::send(silent.back().get(), kRequests.front().data(), kRequests.front().size(), MSG_DONTWAIT | MSG_NOSIGNAL) <
          0)
        break;
  }
  CHECK(target.is_well());
}

TEST_CASE("another user is not heard, also where the socket's modes let him in") {
  if (::geteuid() != 0) return skip("kernel: only root can become another user");
  const Target target;
  const Unlocked unlocked(std::filesystem::path(target.runtime()).parent_path(), target.path());
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresgid(65534, 65534, 65534) < 0 || ::setresuid(65534, 65534, 65534) < 0) ::_exit(1);
    const OwnedFd socket = target.connect();
    if (!socket) ::_exit(2);
    send(socket, R"({"do":"kill"})");
    char answer = 0;
    ::_exit(::recv(socket.get(), &answer, 1, 0) <= 0 ? 0 : 3);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(::kill(target.supervisor, 0) == 0);
}
