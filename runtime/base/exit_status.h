// The exit statuses of `clawbox` itself. They are part of the interface: documented in README.md, never renumbered.
//
// A program that ran keeps its own status (0–255; 128+n when signal n ended it). The numbers below follow sysexits(3),
// timeout(1), env(1) and the container engines, so that scripts can keep what they know.
#pragma once

namespace clawbox {

enum class ExitStatus : int {
  kOk = 0,
  // doctor: `coding` cannot run here; profile check: a [[test]] does not hold; profile diff: differences; log: nothing
  // matched, or there are no trails; log verify: a trail was changed or cut off; report: there are no trails; apply,
  // discard: something was left, conflicts, or the session still runs; fs: the operation failed
  kProblemsFound = 1,
  kUsage = 64,              // the command line is wrong
  kProfileInvalid = 65,     // a profile was read and is wrong
  kProfileMissing = 66,     // no profile of that name on the search path
  kWorkspaceUnusable = 67,  // the workspace does not exist, is not a directory, or is a system or home directory
  kPathMissing = 68,        // a path that the profile requires is not there
  kFeatureMissing = 69,     // the kernel lacks, or the system forbids, what the plan needs
  kInternal = 70,           // a defect in clawbox: please report it
  kSessionMissing = 72,     // there is no such session, or it is gone for ever
  kStateUnusable = 73,      // the state or runtime directory cannot be written, or the sandbox could write it
  kOutputLost = 74,         // what the command, or clawbox, printed could not be written
  kSessionBusy = 75,     // the session cannot take it now: it is frozen, ending, has ended, or another one has its name
  kNotPermitted = 77,    // an administrator's lock, or a profile file that somebody else could have written
  kNotSupported = 78,    // a key that this version knows and does not do yet, named in the message
  kCapEnded = 124,       // a cap of the profile ended the run (`time`, `cpu_time`, `memory`)
  kSetupFailed = 125,    // the sandbox could not be built; the command never started
  kNotExecutable = 126,  // the command is there and cannot be executed
  kNotFound = 127,       // the command is not there
  kSignalBase = 128,
};

}  // namespace clawbox
