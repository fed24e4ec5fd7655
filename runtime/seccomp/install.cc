#include "seccomp/install.h"

#include "sys/seccomp.h"

namespace clawbox::seccomp {

void install(const Program& program) {
  for (const Filter& filter : program.filters) sys::install_filter(filter);
}

}  // namespace clawbox::seccomp
