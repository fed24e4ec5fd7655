// One check of the catalogue: tries one thing from where the probe runs and says what came of it.
//
// Harmless by construction: opens and does not write, passes wrong types and empty arguments, makes what would stick in
// a child that exits, undoes what it made. The probe links nothing of clawbox, so that it runs under any sandbox, and
// bare.
#pragma once

#include <cerrno>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace probe {

enum class Verdict { kHolds, kOpen, kNotApplicable };

struct Result {
  Verdict verdict = Verdict::kHolds;
  std::string detail;
};

inline Result holds() { return {}; }
inline Result open_because(std::string detail) { return {Verdict::kOpen, std::move(detail)}; }
inline Result not_applicable(std::string reason) { return {Verdict::kNotApplicable, std::move(reason)}; }

/// Makes a file and removes it again.
bool creates_file_in(const std::string& directory);

/// What was planted outside, as "name=value" words. A check whose facts are absent is not applicable, never a success.
using Planted = std::map<std::string, std::string>;

struct Check {
  const char* id;
  const char* property;
  Result (*run)(const Planted&);
};

std::span<const Check> fs_checks();
std::span<const Check> proc_checks();
std::span<const Check> network_checks();
std::span<const Check> ipc_checks();
std::span<const Check> namespace_checks();
std::span<const Check> syscall_checks();
std::span<const Check> fd_checks();
std::span<const Check> terminal_checks();
std::span<const Check> resource_checks();
std::span<const Check> supervisor_checks();
std::span<const Check> workspace_checks();
std::span<const Check> secret_checks();

std::optional<std::string> fact(const Planted& planted, const std::string& name);

/// Holds if the call failed with one of `errors` (by default "you may not" and "not in this kernel"); -1 and errno say
/// so.
Result refused(long result, std::initializer_list<int> errors = {EPERM, EACCES, ENOSYS});
/// Holds if the call failed at all.
Result failed(long result, const std::string& what);
/// Holds only if all of them hold; else the first that does not.
Result all(std::initializer_list<Result> results);

/// `open(2)` and close; true if it could be opened.
bool can_open(const std::string& path, int flags);
/// Opens and reads one byte: true if there was one.
bool shows_a_byte(const std::string& path);
std::string read_text(const std::string& path);
std::vector<std::string> names_in(const std::string& directory);
/// "ns:[inode]" of this process, for /proc/self/ns/`name`.
std::string own_namespace(const std::string& name);
Result differs_from_host(const Planted& planted, const std::string& name);
/// The value of `name` in a /proc/…/status text.
std::string status_field(const std::string& status, const std::string& name);

struct ChildEnd {
  int exit = -1;  // what `act` returned; -1 when a signal ended it
  int signal = 0;
};
/// Runs `act` in a child of its own, so that what it changes goes with it. `act` returns 0–255.
ChildEnd in_child(const std::function<int()>& act);
/// The same for a system call: its errno, 0 when it succeeded, -1 when a signal ended the child.
int errno_in_child(const std::function<long()>& call);
Result refused_in_child(const std::function<long()>& call, std::initializer_list<int> errors = {EPERM, EACCES, ENOSYS});

/// Directories in which a program may usually write: here, /tmp, /dev/shm.
std::vector<std::string> writable_places();

}  // namespace probe
