// Caps on the input and output of disks. The kernel holds them for whole disks, so what matters is which ones the
// session's files are on.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "plan/cap_wishes.h"
#include "plan/explain.h"

namespace clawbox::plan {
namespace {

using Limits = profile::Profile::Limits;
using Count = profile::Optional<uint64_t>;

struct Rate {
  const char *name, *field;  // of the profile, of a line in io.max
  Count Limits::*wish;
  std::string (*shown)(uint64_t);
};

std::string bytes_a_second(uint64_t bytes) { return size_text(bytes) + "/s"; }
std::string times_a_second(uint64_t count) { return fmt::format("{}/s", count); }

constexpr std::array<Rate, 4> kRates{{{"io_read", "rbps", &Limits::io_read, bytes_a_second},
                                      {"io_write", "wbps", &Limits::io_write, bytes_a_second},
                                      {"io_read_operations", "riops", &Limits::io_read_operations, times_a_second},
                                      {"io_write_operations", "wiops", &Limits::io_write_operations, times_a_second}}};

/// BFQ's own weights end at 1000, and 100 is the usual one for both: systemd maps them so too.
uint64_t bfq_weight(uint64_t weight) { return weight <= 100 ? weight : 100 + (weight - 100) * 900 / 9900; }

/// An image is filled by threads of the kernel that belong to no group for certain.
bool is_written_by_others(const Bind& bind, const std::optional<Storage>& storage) {
  using Backing = Storage::Backing;
  const auto backing = storage ? storage->backing : Backing::kWatch;
  return bind.access == Access::kCopyOnWrite && (backing == Backing::kFuse || backing == Backing::kLoop);
}

struct Place {
  std::string path;
  Disk disk;
  std::optional<Obstacle> obstacle;
};

std::optional<Obstacle> obstacle_of(const Bind& bind, const Disk& disk, const std::optional<Storage>& storage) {
  if (is_written_by_others(bind, storage))
    return Obstacle{
        fmt::format("what an overlay workspace keeps in its store, {}, is not read and written in the group",
                    backing_name(storage->backing)),
        "limits.store = \"quota\" or \"tmpfs\", or a workspace without an overlay"};
  if (!disk.number.empty()) return {};
  return Obstacle{fmt::format("no single disk is behind {}{}", in_quotes(bind.source),
                              disk.name.empty() ? "" : fmt::format(", which is on {}", disk.name)),
                  "work in a directory on a disk of this machine, with ext4 or XFS"};
}

/// One for each disk, and one for each place without.
std::vector<Place> places_of(const Inputs& inputs, const Workspace& workspace, const std::vector<MountStep>& mounts,
                             const std::optional<Storage>& storage) {
  std::vector<Place> places;
  for (const MountStep& step : mounts) {
    const Bind* bind = std::get_if<Bind>(&step.action);
    if (bind == nullptr || (bind->access == Access::kReadOnly && bind->source != workspace.host)) continue;
    Disk disk = inputs.files.disk_behind(bind->source);
    const auto known = [&](const Place& place) { return !disk.number.empty() && place.disk.number == disk.number; };
    if (std::any_of(places.begin(), places.end(), known)) continue;
    std::optional<Obstacle> obstacle = obstacle_of(*bind, disk, storage);
    places.push_back({bind->source, std::move(disk), std::move(obstacle)});
  }
  return places;
}

CapWish rate_wish(const Rate& rate, const Decided<uint64_t>& wish, const Place& place) {
  const std::string on = place.disk.number.empty() ? in_quotes(place.path) : place.disk.name;
  return {"io",
          {rate.name, fmt::format("{} on {}", rate.shown(wish.value), on), "io.max",
           fmt::format("{} {}={}", place.disk.number, rate.field, wish.value), wish.origin},
          {},
          {},
          place.obstacle};
}

/// The file depends on who shares the disk out; without anybody the number would be without effect.
CapWish weight_wish(const Decided<uint64_t>& weight, const Place& place) {
  const bool bfq = place.disk.sharing == Disk::Sharing::kBfq;
  const uint64_t value = bfq ? bfq_weight(weight.value) : weight.value;
  CapWish wish{"io",
               {"io_weight", std::to_string(weight.value), bfq ? "io.bfq.weight" : "io.weight",
                fmt::format("default {}", value), weight.origin},
               {},
               {},
               place.obstacle};
  if (!wish.obstacle && place.disk.sharing == Disk::Sharing::kNobody)
    wish.obstacle = Obstacle{fmt::format("the kernel does not share {} out by weight", place.disk.name),
                             fmt::format("sudo sh -c 'echo bfq >/sys/block/{}/queue/scheduler'", place.disk.name)};
  return wish;
}

}  // namespace

std::vector<CapWish> io_wishes_of(const Inputs& inputs, const Workspace& workspace,
                                  const std::vector<MountStep>& mounts, const std::optional<Storage>& storage) {
  const Limits& limits = inputs.profile.limits;
  std::vector<CapWish> wishes;
  const bool wanted = limits.io_weight ||
                      std::any_of(kRates.begin(), kRates.end(), [&](const Rate& rate) { return limits.*rate.wish; });
  if (!wanted) return wishes;
  const std::vector<Place> places = places_of(inputs, workspace, mounts, storage);
  for (const Place& place : places)
    for (const Rate& rate : kRates)
      if (const Count& wish = limits.*rate.wish) wishes.push_back(rate_wish(rate, *wish, place));
  for (const Place& place : places)
    if (limits.io_weight) wishes.push_back(weight_wish(*limits.io_weight, place));
  return wishes;
}

}  // namespace clawbox::plan
