// What lies outside a sandbox, waiting to be found from inside: files, sockets, shared memory, listeners, a process,
// secrets, leaked descriptors. Everything goes when the world leaves scope.
#pragma once

#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "support/environment.h"

namespace clawbox::test {

class PlantedWorld {
 public:
  PlantedWorld();
  ~PlantedWorld();

  Environment& environment() { return environment_; }
  /// A file of the user's beside the workspace.
  const std::string& outside_file() const { return outside_file_; }
  /// "NAME=VALUE" words for the probe.
  const std::vector<std::string>& facts() const { return facts_; }
  /// A regular file open for reading, two leaked descriptors: for `Command::input_fd` and `Command::inherit`.
  int input() const { return input_.get(); }
  std::vector<int> leaked() const { return {leaked_file_.get(), leaked_directory_.get()}; }

 private:
  void tell(const std::string& name, const std::string& value) { facts_.push_back(name + "=" + value); }
  void plant_files();
  void plant_workspace();
  void plant_sockets();
  void plant_memory();
  void plant_process();
  void plant_secrets();
  void tell_host();
  void listen_at(const std::string& path_or_abstract, int type);
  void listen_on(const std::string& host, const std::string& fact);

  Environment environment_;
  std::string outside_file_, tmp_file_, nonce_, shm_path_, x11_path_;
  std::vector<std::string> facts_;
  std::vector<OwnedFd> sockets_;
  OwnedFd input_, leaked_file_, leaked_directory_;
  std::vector<Running> processes_;
  int shm_ = -1;
};

}  // namespace clawbox::test
