// The sessions of this user that live: a locked file and a socket each. Whoever lists them trusts the lock, never a
// process id.
//
//   sessions/ID.json   what it is (facts.h), locked while it lives
//   sessions/ID.sock   where it can be spoken to (control.h)
//   names/NAME         its id, locked too: one living session of a name
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/owned_fd.h"
#include "session/facts.h"

namespace clawbox::session {

/// Present while it lives. Its files are removed at the end; those of a killed one, its name among them, are no longer
/// locked, and are removed by whoever enters next.
class Registration {
 public:
  Registration(OwnedFd directory, std::string id, OwnedFd file, OwnedFd socket);
  Registration(Registration&&) = default;
  Registration& operator=(Registration&&) = delete;
  ~Registration();

  const std::string& id() const { return id_; }
  const OwnedFd& socket() const { return socket_; }

 private:
  friend class Registry;
  OwnedFd directory_;
  std::string id_;
  OwnedFd file_, socket_;
  OwnedFd names_, name_file_;
  std::string name_;
};

/// Another living session has the name, or the id.
class NameTaken : public Error {
 public:
  explicit NameTaken(const std::string& name)
      : Error(ExitStatus::kSessionBusy, "there is a session " + name + " already",
              "end it with `clawbox rm --force " + name + "`, or choose another name") {}
};

class Registry {
 public:
  explicit Registry(std::string runtime) : runtime_(std::move(runtime)) {}

  /// Throws NameTaken, Error(kUsage) for facts that nobody could read back, or Error(kStateUnusable) where the
  /// directory cannot be used.
  Registration enter(const Facts& facts) const;
  /// Those that live, in the order of their ids; what cannot be read as facts is none of ours.
  std::vector<Facts> living() const;
  /// The one with this id or name, without a look at the others.
  std::optional<Facts> living(const std::string& name_or_id) const;
  bool lives(const std::string& id) const;
  /// Speaks to one that lives; nothing where it has ended meanwhile.
  std::optional<OwnedFd> connect(const std::string& id) const;

 private:
  /// Empty: none.
  void take_name(Registration& entry, const std::string& name) const;

  std::string runtime_;
};

}  // namespace clawbox::session
