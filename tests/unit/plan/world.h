// A host that exists only in a test: files from a table, a caller, a profile with the usual entries, and one question.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "plan/file_view.h"
#include "plan/host.h"
#include "plan/request.h"
#include "plan/resolve.h"
#include "plan/seen.h"
#include "profile/profile.h"

namespace clawbox::plan::test {

class FakeFiles : public FileView {
 public:
  void directory(const std::string& path, uid_t owner = 0);
  void file(const std::string& path, uid_t owner = 0);
  void content(const std::string& path, const std::string& text, uid_t owner = 0);
  void link(const std::string& path, const std::string& text);
  void unreachable(const std::string& path);
  void closed(const std::string& path) { closed_.push_back(path); }
  void protects(ProtectedState state) { protected_ = std::move(state); }
  void user(uid_t uid, const std::string& name) { users_[uid] = name; }
  void disk(const std::string& path, Disk disk) { disks_[path] = std::move(disk); }

  FileFacts look(const std::string& path) const override;
  std::string link_text(const std::string& path) const override;
  std::optional<std::string> real_path(const std::string& path) const override;
  std::vector<std::string> matches(const std::string& pattern) const override;
  std::optional<std::string> text_of(const std::string& path) const override;
  std::vector<std::string> names_in(const std::string& directory) const override;
  bool can_enter(const std::string& directory) const override;
  std::optional<std::string> user_name(uid_t uid) const override;
  Disk disk_behind(const std::string& path) const override;
  ProtectedState protected_state(const std::string&, const std::vector<std::string>&) const override {
    return protected_;
  }

 private:
  struct Entry {
    FileKind kind = FileKind::kFile;
    uid_t owner = 0;
    std::string text;
  };
  std::map<std::string, Entry> entries_;
  std::vector<std::string> closed_;
  ProtectedState protected_;
  std::map<uid_t, std::string> users_;
  std::map<std::string, Disk> disks_;
};

/// Ann, uid 1000, home /home/ann, in her project /home/ann/project; a host with /usr, /etc and links for /bin and /lib.
struct World {
  World();

  FakeFiles files;
  Host host;
  profile::Profile profile;
  Request request;

  Plan plan() const { return resolve(profile, host, files, request); }
  /// The Error of plan(); fails the test when there is none.
  Error refusal() const;

  void read(const std::string& path, const std::string& at = "");
  void read_if_there(const std::string& path);
  void write(const std::string& path);
  void hide(const std::string& path);
  void tmpfs(const std::string& path);
  void become_root();
};

/// The steps of one kind, in order.
template <class Step>
std::vector<Step> steps(const Plan& plan) {
  std::vector<Step> found;
  for (const MountStep& step : plan.mounts)
    if (const auto* one = std::get_if<Step>(&step.action)) found.push_back(*one);
  return found;
}

template <class Step>
std::optional<Step> step_at(const Plan& plan, const std::string& target) {
  for (const Step& step : steps<Step>(plan))
    if (step.target == target) return step;
  return std::nullopt;
}

/// The position of the first step at `target`; -1 if there is none.
int position(const Plan& plan, const std::string& target);
std::optional<std::string> variable(const Plan& plan, const std::string& name);
bool has_shortfall(const Plan& plan, const std::string& part);
bool has_absent(const Plan& plan, const std::string& path);
ProtectedPath protected_path(const std::string& path, ProtectedPath::Role role, ProtectedPath::Kind kind,
                             const std::string& pattern = "");

}  // namespace clawbox::plan::test
