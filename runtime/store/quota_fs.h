// A directory of the host as a file system with caps: what each request of the kernel does to the files below it.
//
// One function per request; each asks the quota first, acts by one *at(2) call, and charges what the file took. Files
// are plain files of the caller with the sandbox's names, so they are there however this process ends. One thread:
// between a question to the quota and the act nobody else can take the room.
//
// Answered with ENOSYS, after which the kernel does not ask again: OPEN and OPENDIR (no descriptor follows from being
// open, only from being read), FLUSH, CREATE (MKNOD does), COPY_FILE_RANGE (the kernel copies). What programs can do
// is checked by the kernel (default_permissions), so this process may hold CAP_DAC_OVERRIDE: a file that was made with
// mode 0444 is written all the same by who made it.
// Where blocks tell all, hard links are capped by the directories that they fill alone. Not passed on: POSIX ACLs,
// attributes other than user.*, devices other than overlayfs's whiteouts, changes that the host makes below while this
// runs.
#pragma once

#include "store/charges.h"
#include "store/descriptors.h"
#include "store/inodes.h"
#include "store/quota.h"
#include "store/wire.h"

namespace clawbox::store {

enum class Refusal { kNone, kBytes, kFiles };

class QuotaFs {
 public:
  /// `root`: a directory open for reading.
  QuotaFs(OwnedFd root, OwnedFd proc, Quota quota, Charges charges);

  /// What is answered; `reply` holds its bytes.
  Answer answer(Request& request, Reply& reply);
  /// The first cap that refused something since the last question.
  Refusal take_refusal() { return std::exchange(refusal_, Refusal::kNone); }
  const Quota& quota() const { return quota_; }
  /// Files without a name that the kernel has not forgotten yet: their room may be given back at any moment.
  bool has_orphans() const { return orphans_ > 0; }

  void forget(uint64_t id, uint64_t count);

 private:
  // attributes.cc
  Answer look_up(Request& request, Reply& reply);
  Answer get_attributes(Request& request, Reply& reply);
  Answer set_attributes(Request& request, Reply& reply);
  Answer statistics(Request& request, Reply& reply);
  // making.cc
  Answer make_node(Request& request, Reply& reply);
  Answer make_directory(Request& request, Reply& reply);
  Answer make_symlink(Request& request, Reply& reply);
  Answer make_unnamed(Request& request, Reply& reply);
  Answer make_link(Request& request, Reply& reply);
  // removing.cc
  Answer unlink(Request& request, Reply& reply);
  Answer remove_directory(Request& request, Reply& reply);
  Answer rename(Request& request, Reply& reply);
  Answer rename_with_flags(Request& request, Reply& reply);
  // contents.cc
  Answer read(Request& request, Reply& reply);
  Answer write(Request& request, Reply& reply);
  Answer allocate(Request& request, Reply& reply);
  Answer seek(Request& request, Reply& reply);
  Answer sync(Request& request, Reply& reply);
  Answer read_link(Request& request, Reply& reply);
  // listing.cc
  Answer list(Request& request, Reply& reply);
  fuse_entry_out known_entry(Node& directory, int fd, std::string_view name);
  // extended_attributes.cc
  Answer set_extended(Request& request, Reply& reply);
  Answer get_extended(Request& request, Reply& reply);
  Answer list_extended(Request& request, Reply& reply);
  Answer remove_extended(Request& request, Reply& reply);

  using Operation = Answer (QuotaFs::*)(Request&, Reply&);
  static Operation operation_of(uint32_t opcode);

  struct Entry {  // a name in a directory of ours
    Node* directory = nullptr;
    int fd = -1;
    std::string name;
    int error = 0;
  };
  Entry entry_of(uint64_t directory, std::string name);
  fuse_entry_out entry_out(const Node& node, const struct stat& status) const;
  int status_of(Node& node, struct stat& status);
  /// The quota learns what the node takes now.
  void charge(Node& node, const struct stat& status);
  void charge_directory(Node& directory);
  void discharge_attributes(uint64_t inode);
  /// Something was made: owner, quota, node, answer.
  Answer made(const Request& request, Reply& reply, const Entry& entry, OwnedFd file = {});
  int give_to(const fuse_in_header& caller, const Entry& entry) const;

  struct Doomed {  // what a name leads to that is about to go
    struct stat status {};
    Node* node = nullptr;
    int error = 0;
  };
  Doomed doom(const Entry& entry);
  void gone(const Doomed& doomed);
  void one_name_fewer(const Doomed& doomed);
  Answer renamed(const Entry& from, const Entry& to, unsigned flags);
  void orphan(Node& node);
  void leave(Node& node);

  uint64_t room_in(int fd, uint64_t offset, uint64_t size);
  int extended_fd(uint64_t id);
  uint64_t charge_of_attribute(int fd, const std::string& name) const;
  void attribute_changed(Node& node, int fd, uint64_t before, uint64_t after);
  int refused(Refusal refusal);  // ENOSPC, remembered
  int no_room_for_file();

  Quota quota_;
  Charges charges_;
  Inodes inodes_;
  Descriptors descriptors_;
  uint64_t block_ = 0;  // what the host allocates by
  uid_t uid_;
  gid_t gid_;
  uint64_t orphans_ = 0;
  std::unordered_map<uint64_t, uint64_t> attributes_;  // inode of the host: what its attributes are charged
  Refusal refusal_ = Refusal::kNone;
  std::vector<char> listing_;
};

}  // namespace clawbox::store
