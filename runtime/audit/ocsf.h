// A record as an event of the Open Cybersecurity Schema Framework, version 1.3 (schema.ocsf.io).
//
// | event                          | class (uid)                       | activity          |
// |--------------------------------|-----------------------------------|-------------------|
// | exec                           | Process Activity (1007)           | Launch (1)        |
// | exec.end                       | Process Activity (1007)           | Terminate (2); of a failed exec Launch (1) |
// | exec.mismatch                  | Detection Finding (2004)          | Create (1)        |
// | call, refused                  | Kernel Activity (1003)            | Invoke (4)        |
// | program                        | File System Activity (1001)       | Open (14)         |
// | net.connect                    | Network Activity (4001)           | Open (1), Refuse (5) |
// | net.dns                        | DNS Activity (4003)               | Query (1)         |
// | session.start, .end, .failed   | Application Lifecycle (6002)      | Start (3), Stop (4) |
// | all others                     | Base Event (0)                    | Other (99)        |
//
// A refused call says so in action_id (2, Denied), status_id (2, Failure) and policy (the rule of the profile). What
// has no attribute in OCSF is under "unmapped", with our names. The sandbox is the device: its uid is the session's id,
// and metadata.uid is the session and the sequence number, so that a line leads back to the trail.
#pragma once

#include "base/json.h"

namespace clawbox::audit {

/// Bytes that are no plain text are escaped as in base/text.h.
Json ocsf_event(const Json& record);

}  // namespace clawbox::audit
