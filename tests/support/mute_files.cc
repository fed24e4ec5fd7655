#include "support/mute_files.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "support/own_mounts.h"

namespace clawbox::test {
namespace {

struct Node {
  const char* name;
  mode_t mode;
  enum class Mute { kNever, kOpened, kRead, kSearched } mute = Mute::kNever;
};

/// Node ids are positions from FUSE_ROOT_ID on.
constexpr Node kNodes[] = {
    {"/", S_IFDIR | 0755},
    {"tool", S_IFREG | 0755},
    {"mute-tool", S_IFREG | 0755, Node::Mute::kOpened},
    {"mute-page", S_IFREG | 0755, Node::Mute::kRead},
    {"mute", S_IFDIR | 0755, Node::Mute::kSearched},
};
constexpr uint64_t kForEver = uint64_t{1} << 30;  // seconds

/// One question at a time: what it asks for, and the answer that is being made.
class Server {
 public:
  Server(int device, int silences, const std::string& tool) : device_(device), silences_(silences), tool_(tool) {}

  /// False when the file system is gone.
  bool answer_one() {
    const ssize_t got = ::read(device_, question_.data(), question_.size());
    if (got < 0) return errno == EINTR || errno == EAGAIN || errno == ENOENT;  // ENOENT: interrupted before we read it
    std::memcpy(&header_, question_.data(), sizeof header_);
    answer();
    return true;
  }

 private:
  void answer() {
    switch (header_.opcode) {
      case FUSE_INIT:
        return init();
      case FUSE_LOOKUP:
        return muted_by(Node::Mute::kSearched) ? fall_silent() : look_up(body());
      case FUSE_GETATTR:
        return reply(fuse_attr_out{.attr_valid = kForEver, .attr_valid_nsec = 0, .dummy = 0, .attr = attributes()});
      case FUSE_OPEN:
        if (muted_by(Node::Mute::kOpened)) return fall_silent();
        // The cache is kept: or whoever opens it while another one's read waits would wait for that.
        return reply(fuse_open_out{0, FOPEN_KEEP_CACHE, 0});
      case FUSE_OPENDIR:
        return hushed_ ? fall_silent() : reply(fuse_open_out{});
      case FUSE_READ:
        return muted_by(Node::Mute::kRead) ? fall_silent() : read();
      case FUSE_READDIR:
      case FUSE_READDIRPLUS:
        return send(0, nullptr, 0);
      case FUSE_FLUSH:
      case FUSE_RELEASE:
      case FUSE_RELEASEDIR:
        return send(0, nullptr, 0);
      case FUSE_FORGET:
      case FUSE_BATCH_FORGET:
      case FUSE_INTERRUPT:
        return;  // want no answer
      default:
        return send(-ENOSYS, nullptr, 0);
    }
  }

  void init() {
    fuse_init_in in{};
    std::memcpy(&in, body(), sizeof in);
    fuse_init_out out{};
    out.major = FUSE_KERNEL_VERSION;
    out.minor = std::min<uint32_t>(FUSE_KERNEL_MINOR_VERSION, in.minor);
    out.max_readahead = in.max_readahead;
    out.max_write = 4096;
    reply(out);
  }

  void look_up(const char* name) {
    for (const Node& node : kNodes) {
      if (std::strcmp(node.name, name) != 0) continue;
      header_.nodeid = static_cast<uint64_t>(&node - kNodes) + FUSE_ROOT_ID;
      return reply(fuse_entry_out{.nodeid = header_.nodeid,
                                  .generation = 0,
                                  .entry_valid = kForEver,
                                  .attr_valid = kForEver,
                                  .entry_valid_nsec = 0,
                                  .attr_valid_nsec = 0,
                                  .attr = attributes()});
    }
    hushed_ = hushed_ || std::strcmp(name, "hush") == 0;
    send(-ENOENT, nullptr, 0);
  }

  void read() {
    fuse_read_in in{};
    std::memcpy(&in, body(), sizeof in);
    const std::size_t from = std::min<std::size_t>(in.offset, tool_.size());
    send(0, tool_.data() + from, std::min<std::size_t>(in.size, tool_.size() - from));
  }

  void fall_silent() const {
    if (::write(silences_, "", 1) < 0) ::_exit(1);
  }

  const Node& node() const { return kNodes[header_.nodeid - FUSE_ROOT_ID]; }
  bool muted_by(Node::Mute mute) const { return node().mute == mute; }
  const char* body() const { return question_.data() + sizeof header_; }

  fuse_attr attributes() const {
    fuse_attr attributes{};
    attributes.ino = header_.nodeid;
    attributes.size = S_ISREG(node().mode) ? tool_.size() : 0;
    attributes.mode = node().mode;
    attributes.nlink = 1;
    attributes.uid = ::getuid();
    attributes.gid = ::getgid();
    attributes.blksize = 4096;
    return attributes;
  }

  template <class Body>
  void reply(const Body& body) {
    send(0, &body, sizeof body);
  }

  void send(int error, const void* body, std::size_t size) {
    fuse_out_header out{static_cast<uint32_t>(sizeof out + size), error, header_.unique};
    const std::array<iovec, 2> parts{{{&out, sizeof out}, {const_cast<void*>(body), size}}};
    if (::writev(device_, parts.data(), parts.size()) < 0 && errno != ENOENT) ::_exit(1);
  }

  int device_, silences_;
  const std::string& tool_;
  bool hushed_ = false;
  fuse_in_header header_{};
  std::vector<char> question_ = std::vector<char>(std::size_t{1} << 17);
};

std::array<OwnedFd, 2> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) throw std::runtime_error("pipe2 failed");
  return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

}  // namespace

MuteFiles::MuteFiles(std::string tool) : tool_(std::move(tool)) {
  auto life = make_pipe(), silences = make_pipe();
  servers_life_ = std::move(life[0]);
  life_ = std::move(life[1]);
  silences_ = std::move(silences[0]);
  servers_silences_ = std::move(silences[1]);
}

// By the user namespace that mounts: the kernel takes the device of no other one.
void MuteFiles::mount_at(const std::string& directory) {
  const int device = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
  const std::string options = "fd=" + std::to_string(device) + ",rootmode=40000,user_id=" + std::to_string(::getuid()) +
                              ",group_id=" + std::to_string(::getgid()) + ",allow_other";
  mount_here("clawbox-test", directory.c_str(), "fuse", 0, options.c_str());
  const pid_t starter = ::fork();
  if (starter == 0) {
    if (::fork() == 0) serve(device);
    ::_exit(0);
  }
  ::waitpid(starter, nullptr, 0);  // the server is nobody's child: the command itself would not expect one
  ::close(device);
  struct stat status {};  // the first look at each name fills the kernel's cache
  for (const Node& node : kNodes) ::lstat((directory + "/" + node.name).c_str(), &status);
}

void MuteFiles::serve(int device) const {
  for (int number = 0; number < ::getdtablesize(); ++number)  // the command's output must end without us
    if (number != device && number != servers_life_.get() && number != servers_silences_.get()) ::close(number);
  Server server(device, servers_silences_.get(), tool_);
  std::array<pollfd, 2> polled{{{device, POLLIN, 0}, {servers_life_.get(), POLLIN, 0}}};
  while (::poll(polled.data(), polled.size(), -1) > 0 && polled[1].revents == 0)
    if (!server.answer_one()) break;
  ::_exit(0);
}

bool MuteFiles::await_silence(std::chrono::milliseconds deadline) const {
  pollfd one{silences_.get(), POLLIN, 0};
  char byte = 0;
  return ::poll(&one, 1, static_cast<int>(deadline.count())) > 0 && ::read(silences_.get(), &byte, 1) == 1;
}

}  // namespace clawbox::test
