// The processes of one command: the session (setsid(2)) that it began. A daemon that begins one of its own has left it.
#pragma once

#include <sys/types.h>

namespace clawbox::supervise {

/// As we see it: the child of `init` that has this number inside; 0 where it is gone.
pid_t host_pid(pid_t init, pid_t inside);

/// To every process below `init` whose session `leader` began, also after the leader's end.
void signal_session(pid_t init, pid_t leader, int signal);

/// Pid 1 waits for a child of its own until that executes a program; one that is stopped before is killed.
void end_stopped_child(pid_t init);

}  // namespace clawbox::supervise
