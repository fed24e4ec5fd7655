// A writable place with a cap on its bytes and files, whatever holds it: a Store is opened before the sandbox is made,
// mounted by the child inside its namespaces, and served by the parent where it needs to be.
//
// Without a backing that the plan names, those of kBackings are tried in their order, each by doing what it needs, and
// the first that works is taken.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "plan/plan.h"
#include "store/confinement.h"
#include "store/file_server.h"
#include "store/quota.h"

namespace clawbox::store {

// quota, loop and watch have a name and nothing behind it yet: no profile can ask for them.
using Backing = Storage::Backing;
inline constexpr std::array kBackings = {Backing::kTmpfs, Backing::kFuse};
const char* name_of(Backing backing);

struct Wish {
  OwnedFd directory;  // of the host, opened for reading; what is written is kept there, but with tmpfs
  Caps caps;
  std::optional<Backing> only;  // nothing: auto
  uint64_t most_memory = 0;     // tmpfs only up to this size
  Filters server_filters;       // of server_calls()
  std::optional<Ids> server;    // whom its files belong to, as the session's user namespace names them; nothing: as us
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
    // kReleased: nobody has it mounted any more; kLost: mounted, and nobody serves it
    enum class State { kServed, kReleased, kLost } state = State::kServed;
  };
  virtual News next_news() { return {}; }
  /// Waits until nobody has it mounted any more, so that all that was written is in the directory. False: not in time.
  virtual bool wait_until_released(std::chrono::milliseconds) { return true; }
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
