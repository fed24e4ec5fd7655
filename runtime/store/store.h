// A writable place with a cap on its bytes and files, whatever holds it: a Store is opened before the sandbox is made,
// mounted by the child inside its namespaces, and served by the parent where it needs to be.
//
// `auto` tries the backings in the order of kBackings, each by doing what it needs, and takes the first that works; a
// soft one only where the profile accepts it. Not built yet, and so never
// chosen: quota, loop, watch (is_built() in store.cc).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "store/confinement.h"
#include "store/quota.h"

namespace clawbox::store {

enum class Backing {
  kQuota,  // project quota on a directory that an administrator prepared
  kLoop,   // an ext4 image, as root
  kTmpfs,  // memory: small caps only
  kFuse,   // our own file server over a directory of the host
  kWatch,  // a plain directory, polled: soft
};
inline constexpr std::array kBackings = {Backing::kQuota, Backing::kLoop, Backing::kTmpfs, Backing::kFuse,
                                         Backing::kWatch};
const char* name_of(Backing backing);  // "fuse", as in a profile

struct Wish {
  std::string directory;  // of the host, the caller's; what is written is kept there, but with tmpfs
  Caps caps;
  std::optional<Backing> only;  // nothing: auto
  uint64_t most_memory = 0;     // tmpfs only up to this size
  Filters server_filters;       // of server_calls()
};

struct Rejected {
  Backing backing = Backing::kQuota;
  std::string why;
};

/// What a cap's first refusal looked like.
struct Full {
  enum class Of { kBytes, kFiles } of = Of::kBytes;
  Caps caps;
  Usage used;
};

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  virtual Backing backing() const = 0;

  struct Mounted {
    OwnedFd mount;       // detached
    OwnedFd for_parent;  // may be empty
  };
  /// In the child, with CAP_SYS_ADMIN in the user namespace that owns its mount namespace.
  virtual Mounted mount() const = 0;
  /// In the parent, with what the child sent up; before it waits for the child's next word, because looking into the
  /// mount waits for the server. `user_namespace`: the child's.
  virtual void serve(OwnedFd for_parent, OwnedFd user_namespace) = 0;

  /// To be watched for reading; -1: nothing will be told.
  virtual int news() const { return -1; }
  struct News {
    std::optional<Full> full;
    bool ended = false;  // nobody serves the mount any more
  };
  virtual News next_news() { return {}; }
};

struct Opened {
  std::unique_ptr<Store> store;
  std::vector<Rejected> rejected;  // what came before it in the order, and why it was not taken
};
/// Throws Error(kFeatureMissing) with every reason where none works.
Opened open(Wish wish);

/// Empty where this backing works here: tried by doing it.
std::string why_not(Backing backing, const Wish& wish);

}  // namespace clawbox::store
