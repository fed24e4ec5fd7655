#include "base/error.h"
#include "base/text.h"
#include "files/operations.h"
#include "files/place.h"
#include "files/removal.h"
#include "sys/entries.h"
#include "sys/files.h"

namespace clawbox::files {
namespace {

void require_name(const Place& place, const std::string& path) {
  if (place.name == ".") throw_sys_error(EBUSY, in_quotes(path) + " is the directory that everything must stay in");
}

}  // namespace

Answer make_directory(const Request& request) {
  if (request.parents) {
    make_directories(request.beneath, request.path, request.mode);
    return {};
  }
  const Place place = place_of(request.beneath, request.path, LastLink::kKept, Missing::kRefused);
  if (place.name == ".") throw_sys_error(EEXIST, in_quotes(request.path));
  make_directory(place, request.mode);
  return {};
}

Answer remove(const Request& request) {
  try {
    const Place place = place_of(request.beneath, request.path, LastLink::kKept, Missing::kRefused);
    require_name(place, request.path);
    const auto status = sys::status_of_entry(place.directory, place.name);
    if (!status) throw_sys_error(ENOENT, "removing " + in_quotes(request.path));
    if (request.recursive)
      remove_tree(place.directory, place.name);
    else if (S_ISDIR(status->st_mode))
      sys::remove_directory(place.directory, place.name);
    else
      sys::remove_file(place.directory, place.name);
  } catch (const SysError& error) {
    if (!request.force || error.code() != ENOENT) throw;
  }
  return {};
}

Answer rename(const Request& request) {
  const Place from = place_of(request.beneath, request.path, LastLink::kKept, Missing::kRefused);
  const Place to =
      place_of(request.beneath, request.to, LastLink::kKept, request.parents ? Missing::kMade : Missing::kRefused);
  require_name(from, request.path);
  require_name(to, request.to);
  sys::rename_entry(from.directory, from.name, to.directory, to.name,
                    request.exclusive ? sys::Existing::kKept : sys::Existing::kReplaced);
  return {};
}

}  // namespace clawbox::files
