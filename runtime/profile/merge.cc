#include "profile/merge.h"

#include <fmt/format.h>

#include <algorithm>

#include "profile/apply.h"

namespace clawbox::profile {
namespace {

bool locks(const Layer& layer, std::string_view key) {
  return std::any_of(layer.locked.begin(), layer.locked.end(), [&](const Named& named) { return named.name == key; });
}

void note_locks_elsewhere(const Member& member, Mistakes& mistakes) {
  if (member.shelf == Shelf::kAdministrator || member.layer.locked.empty()) return;
  mistakes.refuse(member.layer.locked.front().place, "only files of the administrator's directory can lock keys");
}

// lock.toml is no profile: it would otherwise decide for everybody without saying so.
void note_unlocked_settings(const Member& lock_file, Mistakes& mistakes) {
  for (const Named& parent : lock_file.layer.parents) mistakes.add(parent.place, "lock.toml extends nothing");
  for (const Setting& setting : lock_file.layer.settings)
    if (!locks(lock_file.layer, setting.key->name))
      mistakes.add(setting.place, fmt::format("lock.toml sets '{}' and does not lock it", setting.key->name));
}

std::vector<Lock> all_locks(const std::vector<Member>& members) {
  std::vector<Lock> all;
  for (const Member& member : members)
    for (const Named& named : member.layer.locked)
      if (member.shelf == Shelf::kAdministrator) all.push_back({named.name, named.place.origin()});
  return all;
}

// Only what is nearer than the administrator is bound by the locks.
void note_locked_settings(const Member& member, const std::vector<Lock>& all, Mistakes& mistakes) {
  if (member.shelf != Shelf::kPath && member.shelf != Shelf::kUser) return;
  for (const Setting& setting : member.layer.settings) {
    const auto lock = std::find_if(all.begin(), all.end(), [&](const Lock& l) { return l.key == setting.key->name; });
    if (lock != all.end())
      mistakes.refuse(setting.place, fmt::format("'{}' is locked by {}", setting.key->name, to_string(lock->origin)));
  }
}

// What a profile expects of itself is not what its children expect: they may have changed it.
bool counts(const Setting& setting, const Member& member, const Member& nearest) {
  return setting.key->kind != Kind::kTests || &member == &nearest;
}

void enforce(const Member& locker, Profile& profile) {
  for (const Setting& setting : locker.layer.settings)
    // A second removal finds nothing, and that is right.
    if (locks(locker.layer, setting.key->name)) static_cast<void>(apply(setting, profile));
}

}  // namespace

std::vector<Member> lockers(const std::string& name, const SearchPath& where, Mistakes& mistakes) {
  std::vector<Member> members;
  for (const std::string& file : {name, std::string(kLockName)}) {
    const Found found = find_on(Shelf::kAdministrator, file, where);
    if (const auto* bad = std::get_if<Unreadable>(&found))
      mistakes.refuse({bad->file, 0, 0}, fmt::format("may hold locks, and {}", bad->problem.what));
    const auto* source = std::get_if<Source>(&found);
    if (source == nullptr) continue;
    Parsed parsed = parse(source->file, source->text);
    mistakes.append(std::move(parsed.mistakes));
    members.push_back({file, source->shelf, source->file, std::move(parsed.layer)});
    if (file == kLockName) note_unlocked_settings(members.back(), mistakes);
  }
  return members;
}

Profile merged(const std::vector<Member>& members, const std::vector<Member>& lockers, Mistakes& mistakes) {
  std::vector<Lock> all = all_locks(lockers);
  const std::vector<Lock> inherited_locks = all_locks(members);
  all.insert(all.end(), inherited_locks.begin(), inherited_locks.end());

  Profile profile;
  for (const Member& member : members) {
    note_locks_elsewhere(member, mistakes);
    note_locked_settings(member, all, mistakes);
    for (const Setting& setting : member.layer.settings)
      if (counts(setting, member, members.back())) mistakes.append(apply(setting, profile));
    profile.sources.insert(profile.sources.begin(), member.file);
  }
  for (const Member& member : members)
    if (member.shelf == Shelf::kAdministrator) enforce(member, profile);
  for (const Member& locker : lockers) {  // lock.toml comes last and therefore wins
    enforce(locker, profile);
    if (!locker.layer.locked.empty() &&
        std::find(profile.sources.begin(), profile.sources.end(), locker.file) == profile.sources.end())
      profile.sources.push_back(locker.file);
  }
  return profile;
}

}  // namespace clawbox::profile
