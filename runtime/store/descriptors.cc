#include "store/descriptors.h"

#include <fcntl.h>
#include <linux/openat2.h>

#include <cerrno>
#include <vector>

#include "sys/openat2.h"

namespace clawbox::store {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY;
constexpr uint64_t kBelow = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

// A pipe would wait for its other end; the kernel asks only for regular files, but the host may have put another there.
int flags_for(Node::Opened as) {
  if (as == Node::Opened::kPath) return O_PATH;
  return (as == Node::Opened::kRead ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_NOCTTY;
}

}  // namespace

OwnedFd Descriptors::open_child(int directory, const std::string& name, int flags) const {
  return sys::try_openat2(directory, name, static_cast<uint64_t>(flags) | O_NOFOLLOW, kBelow);
}

int Descriptors::directory(Node& node) {
  if (node.parent == nullptr && node.name.empty() && node.life == Node::Life::kNamed) return root_.get();
  if (node.fd) {
    touch(node);
    return node.fd.get();
  }
  std::vector<Node*> way;  // upwards to the nearest that is open
  Node* above = &node;
  for (; above->parent != nullptr && !above->fd; above = above->parent) {
    if (above->life != Node::Life::kNamed) return errno = ENOENT, -1;
    way.push_back(above);
  }
  OwnedFd opened;
  for (int at = above->fd ? above->fd.get() : root_.get(); !way.empty(); at = opened.get(), way.pop_back()) {
    OwnedFd next = open_child(at, way.back()->name, kDirectory);
    if (!next) return -1;
    opened = std::move(next);
  }
  keep(node, std::move(opened), Node::Opened::kRead);
  return node.fd.get();
}

int Descriptors::file(Node& node, Node::Opened as) {
  if (!S_ISREG(node.mode)) return errno = EINVAL, -1;
  if (node.opened < as) {
    OwnedFd fd = reopen(node, as);
    if (!fd) return -1;
    if (node.fd)
      node.fd = std::move(fd), node.opened = as;
    else
      keep(node, std::move(fd), as);
  }
  touch(node);
  return node.fd.get();
}

OwnedFd Descriptors::reopen(Node& node, Node::Opened as) {
  if (node.pinned)
    return sys::try_openat2(proc_.get(), std::to_string(node.fd.get()), static_cast<uint64_t>(flags_for(as)), 0);
  const int parent = directory(*node.parent);
  return parent < 0 ? OwnedFd() : open_child(parent, node.name, flags_for(as));
}

bool Descriptors::pin(Node& node) {
  if (!node.fd) {
    OwnedFd fd = reopen(node, Node::Opened::kPath);
    if (!fd) return false;
    node.fd = std::move(fd);
    node.opened = Node::Opened::kPath;
  } else if (!node.pinned) {
    ring_.at(node.place) = nullptr;
  }
  node.pinned = true;
  return true;
}

void Descriptors::unpin(Node& node) {
  OwnedFd fd = std::move(node.fd);
  node.pinned = false;
  keep(node, std::move(fd), node.opened);
}

void Descriptors::keep(Node& node, OwnedFd fd, Node::Opened as) {
  const std::size_t place = free_place();
  ring_.at(place) = &node;
  node.place = static_cast<uint16_t>(place);
  node.fd = std::move(fd);
  node.opened = as;
  touch(node);
}

void Descriptors::close(Node& node) {
  if (node.fd && !node.pinned) ring_.at(node.place) = nullptr;
  if (latest_ == &node) latest_ = nullptr;
  node.fd.reset();
  node.opened = Node::Opened::kNo;
  node.pinned = false;
}

void Descriptors::touch(Node& node) {
  node.recently = true;
  latest_ = &node;
}

std::size_t Descriptors::free_place() {
  for (;; hand_ = (hand_ + 1) % kKept) {
    Node* const there = ring_.at(hand_);
    if (there == nullptr) break;
    if (there == latest_) continue;
    if (!there->recently) {
      close(*there);
      break;
    }
    there->recently = false;
  }
  const std::size_t place = hand_;
  hand_ = (hand_ + 1) % kKept;
  return place;
}

}  // namespace clawbox::store
