// Catch2 in either of the versions that distributions ship: v2 is one header, v3 a library.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include "support/skip.h"
