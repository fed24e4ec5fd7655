#include "sys/inet_sockets.h"

#include <sys/resource.h>

#include "support/catch.h"

using namespace clawbox;

TEST_CASE("packets to loopback stay here, and those to nowhere do not") {
  CHECK(sys::leads_here(*parse_ip_address("127.0.0.1")) == true);
  CHECK(sys::leads_here(*parse_ip_address("203.0.113.77")) == false);  // TEST-NET-3: nobody's
}

TEST_CASE("without a free descriptor nothing is said about where packets go") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto here = sys::leads_here(*parse_ip_address("127.0.0.1"));
  const auto elsewhere = sys::leads_here(*parse_ip_address("203.0.113.77"));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK_FALSE(here.has_value());
  CHECK_FALSE(elsewhere.has_value());
}
