// A program inside a store, as in a session: a child with a user and a mount namespace of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/store.h"
#include "sys/processes.h"

namespace clawbox::test {

store::Wish wish_for(const std::string& directory, store::Caps caps, store::Backing backing);

/// What `act` says, which runs in the store's root directory. While it waits for that, `meanwhile` can look at the
/// store from outside; it is called after the store is served and before `act` begins.
std::string inside_store(store::Store& store, const std::function<std::string()>& act,
                         const std::function<void()>& meanwhile = {});

/// As `inside_store` with a fuse store over `directory`.
std::string inside_fuse(const std::string& directory, store::Caps caps, const std::function<std::string()>& act);

}  // namespace clawbox::test
