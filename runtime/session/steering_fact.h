// Whether a session's connections can be steered by nf_tables here: tried once, and remembered while the host is up.
#pragma once

#include <string>

#include "plan/host.h"

namespace clawbox::session {

/// Why not; empty: they can, tried as `doctor` tries it. That they can is kept in the directory `cache` until the host
/// starts anew (a trial takes longer than all else of a plan); that they cannot is tried again each time, since a
/// module that is loaded changes it. Without a cache it is tried each time.
std::string why_no_tproxy(const plan::Host& host, const std::string& cache);

/// The set-up of a session met with something else: the next plan tries again.
void forget_steering(const std::string& cache) noexcept;

}  // namespace clawbox::session
