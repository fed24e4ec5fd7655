// What libtomlplusplus.so holds (TOML_IMPLEMENTATION is documented in toml++'s manual).
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
