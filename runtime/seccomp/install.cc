#include "seccomp/install.h"

#include "base/error.h"
#include "sys/seccomp.h"
#include "sys/seccomp_listener.h"

namespace clawbox::seccomp {
namespace {

OwnedFd install_plain(const Filter& filter) try {
  return sys::install_listening_filter(filter, sys::ListenerMode::kPlain);  // before Linux 5.19
} catch (const SysError& error) {
  if (error.code() != EINVAL) throw;
  throw Error(ExitStatus::kFeatureMissing, "this kernel cannot tell of system calls (seccomp listeners, Linux 5.5)",
              "a newer kernel, or audit.level = \"session\"");
}

OwnedFd install_listening(const Filter& filter) try {
  return sys::install_listening_filter(filter, sys::ListenerMode::kWaitKillable);
} catch (const SysError& error) {
  if (error.code() == EBUSY)
    throw Error(ExitStatus::kFeatureMissing, "a sandbox around this one listens to system calls already",
                "run it outside, or with audit.level = \"session\"");
  if (error.code() != EINVAL) throw;
  return install_plain(filter);
}

}  // namespace

OwnedFd install(const Program& program) {
  OwnedFd listener;
  bool listens = program.listens;
  for (const Filter& filter : program.filters) {
    if (listens)
      listener = install_listening(filter);
    else
      sys::install_filter(filter);
    listens = false;
  }
  return listener;
}

}  // namespace clawbox::seccomp
