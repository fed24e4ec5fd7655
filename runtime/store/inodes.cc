#include "store/inodes.h"

#include <linux/fuse.h>

namespace clawbox::store {

Inodes::Inodes(const struct stat& root, Charges charges) : charges_(charges) {
  static_assert(FUSE_ROOT_ID == 1);
  make(root).lookups = 1;
}

Node* Inodes::find(uint64_t id) { return id - 1 < nodes_.size() ? nodes_[id - 1].get() : nullptr; }

Node* Inodes::with_inode(uint64_t inode) const {
  const auto found = by_inode_.find(inode);
  return found == by_inode_.end() ? nullptr : found->second;
}

Node& Inodes::look_up(const struct stat& status, Node& parent, std::string_view name) {
  Node* const known = with_inode(status.st_ino);
  Node& node = known != nullptr ? *known : make(status);
  move(node, parent, name);
  ++node.lookups;
  return node;
}

Node& Inodes::look_up_unnamed(const struct stat& status) {
  Node& node = make(status);
  ++node.lookups;
  return node;
}

void Inodes::move(Node& node, Node& parent, std::string_view name) {
  if (node.parent != &parent) {
    if (node.parent != nullptr) --node.parent->children;
    node.parent = &parent;
    ++parent.children;
  }
  if (node.name != name) node.name = name;
}

void Inodes::remove_directory(Node& node) {
  by_inode_.erase(node.inode);
  node.life = Node::Life::kRemoved;
  unname(node);
}

// The parent keeps the node as its child: it may go later than the name, and in any order.
void Inodes::unname(Node& node) { node.name.clear(); }

Node& Inodes::make(const struct stat& status) {
  auto node = std::make_unique<Node>();
  node->id = free_.empty() ? nodes_.size() + 1 : free_.back();
  node->generation = ++generation_;
  node->inode = status.st_ino;
  node->mode = status.st_mode;
  node->charged = charges_.of(status);
  Node& made = *node;
  by_inode_[made.inode] = &made;
  if (free_.empty()) {
    nodes_.push_back(std::move(node));
  } else {
    free_.pop_back();
    nodes_[made.id - 1] = std::move(node);
  }
  return made;
}

void Inodes::erase(Node& node) {
  if (node.parent != nullptr) --node.parent->children;
  if (with_inode(node.inode) == &node) by_inode_.erase(node.inode);
  free_.push_back(node.id);
  nodes_[node.id - 1].reset();
}

}  // namespace clawbox::store
