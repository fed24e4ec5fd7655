// A writable place with a cap on its bytes and files, whatever holds it: a Store is opened before the sandbox is made,
// mounted by the child inside its namespaces, and served or watched by the parent where it needs to be.
//
// Which one a session has is the plan's decision, for which each is tried by doing what it needs.
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

using Backing = Storage::Backing;
inline constexpr std::array kBackings = {Backing::kQuota, Backing::kLoop, Backing::kTmpfs, Backing::kFuse,
                                         Backing::kWatch};
const char* name_of(Backing backing);

/// For a session whose users are not ours: of what is made for it, by the host's ids, and the user namespace in which
/// these look like the session's.
struct Owner {
  Ids ids;
  OwnedFd map;
};

struct Wish {
  OwnedFd directory;            // of the host, opened for reading; what is written is kept there, but with tmpfs
  std::string path;             // of the directory
  OwnedFd tree;                 // the same as a mount of its own, with mapped owners; empty: the session's user owns it
  std::optional<Owner> owner;   // of an image; nothing: us
  std::string image = "image";  // its name in the directory
  Caps caps;
  Filters filters;            // of calls_of()
  std::optional<Ids> server;  // whom its files belong to, as the session's user namespace names them; nothing: as us
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

  /// Before the program runs: the first process of the session, which has it mounted.
  virtual void session_begins(pid_t) {}

  /// What is written is below it, where that is not the wish's directory; -1: it is.
  virtual int root() const { return -1; }

  /// To be watched for reading; -1: nothing will be told.
  virtual int news() const { return -1; }
  struct News {
    std::optional<Full> full;
    // kReleased: nobody has it mounted any more; kLost: mounted, and nobody serves or watches it; kExceeded: it holds
    // more than its caps, and nothing keeps it from growing
    enum class State { kServed, kReleased, kLost, kExceeded } state = State::kServed;
  };
  virtual News next_news() { return {}; }
  /// After the last process: what nobody has been told of.
  virtual News last_news() { return {}; }
  /// Waits until nobody has it mounted any more, so that all that was written is in the directory. False: not in time.
  virtual bool wait_until_released(std::chrono::milliseconds) { return true; }
};

std::unique_ptr<Store> open(Backing backing, Wish wish);

/// What the process that serves or watches it may call; nothing where there is none.
std::optional<SyscallPolicy> calls_of(Backing backing);

/// Empty where this backing works here: tried by doing it. `place`: of the sessions' directories; it may not exist yet.
std::string why_not(Backing backing, const std::string& place, Caps caps);

}  // namespace clawbox::store
