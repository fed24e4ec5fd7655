#include "cgroup/sd_bus.h"

#include <dlfcn.h>

#include "base/error.h"

namespace clawbox::cgroup {
namespace {

constexpr const char* kLibrary = "libsystemd.so.0";

[[noreturn]] void throw_missing(const char* what) {
  throw Error(ExitStatus::kFeatureMissing, fmt::format("{} is needed to speak to systemd: {}", kLibrary, what),
              "install libsystemd; limits.fallback = \"rlimit\" in the profile runs without it");
}

template <class Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  if (function == nullptr) throw_missing(name);
}

}  // namespace

/// Never closed: libraries that it loads leave things behind that point into it.
SdBus::SdBus() {
  void* library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw_missing(::dlerror());
  find(library, "sd_bus_new", create);
  find(library, "sd_bus_set_address", set_address);
  find(library, "sd_bus_start", start);
  find(library, "sd_bus_flush_close_unref", close);
  find(library, "sd_bus_call_method", call);
  find(library, "sd_bus_process", process);
  find(library, "sd_bus_wait", wait);
  find(library, "sd_bus_message_read", read);
  find(library, "sd_bus_message_is_signal", is_signal);
  find(library, "sd_bus_message_unref", drop);
  find(library, "sd_bus_error_free", free_failure);
}

}  // namespace clawbox::cgroup
