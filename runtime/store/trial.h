// Does it work here? Tried in a child with a user and a mount namespace of its own, as a session has them.
#pragma once

#include <functional>
#include <string>

namespace clawbox::store {

/// What `act` threw, as text; empty where it did not.
std::string tried_inside(const std::function<void()>& act);

}  // namespace clawbox::store
