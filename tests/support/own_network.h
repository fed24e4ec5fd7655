// A network namespace of the test's own, with nothing in it but `lo`.
#pragma once

#include <sched.h>

#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "sys/channel.h"
#include "sys/processes.h"

namespace clawbox::test {

struct OwnNetwork {
  sys::Process process;
  OwnedFd channel;  // to `act`; what it returns or throws comes last, as text: "threw: …"
};

/// `act` in a child that is root of its own user and network namespace. Nothing where the kernel forbids these.
inline std::optional<OwnNetwork> in_own_network(const std::function<std::string(const OwnedFd& channel)>& act) {
  auto [ours, theirs] = sys::make_channel();
  sys::Clone clone;
  try {
    clone = sys::clone_into(CLONE_NEWUSER | CLONE_NEWNET);
  } catch (const SysError&) {
    return std::nullopt;
  }
  if (clone.pid != 0) return OwnNetwork{sys::Process(clone.pid, std::move(clone.pidfd)), std::move(ours)};
  sys::die_with_parent();
  ours.reset();
  std::string result;
  try {
    result = act(theirs);
  } catch (const std::exception& error) {
    result = std::string("threw: ") + error.what();
  }
  sys::send_text(theirs, result);
  sys::exit_alone(0);
}

/// What `act` came to.
inline std::string result_of(const OwnNetwork& network) {
  const auto text = sys::receive_text(network.channel, 1U << 16U);
  return text ? text->text : "ended without a word";
}

/// Whether a namespace's own root may use it: AppArmor lets it be made, and takes its capabilities.
inline bool is_refused_by_kernel(const std::string& result) {
  for (const char* words : {"Operation not permitted", "Permission denied", "No such file or directory",
                            "Operation not supported", "Protocol not supported"})
    if (result.rfind("threw: ", 0) == 0 && result.find(words) != std::string::npos) return true;
  return false;
}

}  // namespace clawbox::test
