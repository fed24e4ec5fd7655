#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "launch/words.h"
#include "session/control.h"
#include "sys/files.h"
#include "sys/sockets.h"

namespace clawbox::session {
namespace {

constexpr std::size_t kMostLabels = 16 << 10;  // bytes as JSON

[[noreturn]] void throw_wrong(const std::string& what) {
  throw Error(ExitStatus::kUsage, "the request to execute a command is wrong: " + what,
              "only `clawbox exec` of this version speaks to the session");
}

mode_t type_of(const OwnedFd& fd) { return sys::status_of(fd).st_mode & S_IFMT; }

/// /proc/self/fd/N would let the sandbox open a file anew with more rights, and a socket of the network could be
/// given another peer, so only pipes and local streams pass. Those of a
/// session whose host id is not ours become its own, so that /dev/stdout can be opened inside.
launch::PassedFd passed(OwnedFd fd, const Identity& identity) {
  if (type_of(fd) != S_IFIFO && !sys::is_local_stream(fd.get()))
    throw_wrong("it passes a descriptor that is no pipe and no local stream");
  if (identity.writer == Identity::Writer::kRoot)
    sys::change_pipe_owner(fd.get(), identity.uid_map.front().host, identity.gid_map.front().host);
  return {std::move(fd)};
}

launch::SessionTerminal terminal_in(const std::vector<uint8_t>& bytes) {
  launch::SessionTerminal terminal;
  if (bytes.size() != sizeof terminal) throw_wrong("its terminal has another size");
  std::memcpy(&terminal, bytes.data(), sizeof terminal);
  return terminal;
}

launch::Stdio stdio_of(const Json& request, std::vector<OwnedFd> descriptors, const Identity& identity) {
  launch::Stdio stdio;
  const Json& ends = request.at("ends");
  auto next = descriptors.begin() + 1;
  for (std::size_t i = 0; i < stdio.size(); ++i) {
    const auto end = ends.at(i).get<std::string>();
    if (end == "terminal") stdio[i] = terminal_in(request.at("terminal").get<std::vector<uint8_t>>());
    if (end == "passed" && next == descriptors.end()) throw_wrong("a descriptor is missing");
    if (end == "passed") stdio[i] = passed(std::move(*next++), identity);
  }
  return stdio;
}

/// The session's own variables, and over them the command's.
std::vector<std::pair<std::string, std::string>> merged(std::vector<std::pair<std::string, std::string>> variables,
                                                        std::vector<std::pair<std::string, std::string>> more) {
  for (auto& variable : more) {
    std::erase_if(variables, [&](const auto& known) { return known.first == variable.first; });
    variables.push_back(std::move(variable));
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

std::string directory_of(const std::string& wish, const std::string& session) {
  if (wish.empty()) return session;
  return wish.front() == '/' ? wish : session + "/" + wish;
}

Json labels_of(const Json& request) {
  if (!request.contains("labels")) return Json::object();
  const Json& labels = request.at("labels");
  for (const auto& [name, value] : labels.items())
    if (!value.is_string()) throw_wrong("a label is no text");
  if (labels.dump().size() > kMostLabels) throw_wrong("its labels are too long");
  return labels;
}

}  // namespace

RemoteWish wish_of(const Json& request, std::vector<OwnedFd> descriptors, const Plan& plan) {
  if (descriptors.empty() || type_of(descriptors.front()) != S_IFREG) throw_wrong("its words are missing");
  RemoteWish wish;
  wish.command = launch::command_in(descriptors.front());
  wish.command.environment = merged(plan.command.environment, std::move(wish.command.environment));
  wish.command.directory = directory_of(wish.command.directory, plan.command.directory);
  wish.stdio = stdio_of(request, std::move(descriptors), plan.identity);
  wish.labels = labels_of(request);
  if (request.contains("time_ms")) wish.time = std::chrono::milliseconds(request.at("time_ms").get<uint32_t>());
  if (wish.time && wish.time->count() == 0) throw_wrong("a time limit of nothing");
  if (request.value("detach", false)) wish.tie = RemoteWish::Tie::kDetached;
  return wish;
}

RemoteWish file_wish_of(const Json& request, std::vector<OwnedFd> descriptors) {
  if (descriptors.size() != 2 || type_of(descriptors[0]) != S_IFREG || !sys::is_local_stream(descriptors[1].get()))
    throw Error(ExitStatus::kUsage, "the request of a file operation is wrong",
                "only `clawbox fs` of this version speaks to the session");
  RemoteWish wish;
  wish.command = launch::command_in(descriptors[0]);
  wish.files = std::move(descriptors[1]);
  wish.labels = labels_of(request);
  return wish;
}

}  // namespace clawbox::session
