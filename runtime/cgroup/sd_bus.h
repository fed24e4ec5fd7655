// The functions of libsystemd that we use, found when they are needed: sd-bus(3). Declared here, so that building needs
// no header of systemd; they are part of its stable interface since version 221.
#pragma once

#include <cstdint>

namespace clawbox::cgroup {

struct SdBus {
  struct Bus;
  struct Message;
  struct Failure {  // sd_bus_error
    const char *name, *message;
    int need_free;
  };

  /// Throws Error(kFeatureMissing) where the library is not installed.
  SdBus();

  int (*create)(Bus**);
  int (*set_address)(Bus*, const char*);
  int (*start)(Bus*);
  Bus* (*close)(Bus*);
  int (*call)(Bus*, const char* destination, const char* path, const char* interface, const char* member, Failure*,
              Message** reply, const char* types, ...);
  int (*process)(Bus*, Message**);
  int (*wait)(Bus*, uint64_t microseconds);
  int (*read)(Message*, const char* types, ...);
  int (*is_signal)(Message*, const char* interface, const char* member);
  Message* (*drop)(Message*);
  void (*free_failure)(Failure*);
};

}  // namespace clawbox::cgroup
