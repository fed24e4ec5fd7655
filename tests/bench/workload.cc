#include "bench/workload.h"

#include <fmt/format.h>

#include "support/temp_dir.h"

namespace clawbox::bench {
namespace {

// Some work for the compiler, as files of a project have: headers, and functions that can be optimised.
constexpr const char* kSource = R"(#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct item {{ int key; char name[32]; struct item *next; }};
struct item *push_{0}(struct item *list, int key, const char *name) {{
  struct item *one = malloc(sizeof *one);
  if (!one) return list;
  one->key = key; one->next = list;
  snprintf(one->name, sizeof one->name, "%s-{0}", name);
  return one;
}}
int sum_{0}(const struct item *list) {{
  int sum = 0;
  for (; list; list = list->next) sum += list->key * (int)strlen(list->name);
  return sum;
}}
)";

constexpr const char* kMakefile = "all: $(patsubst %.c,out/%.o,$(wildcard *.c))\nout/%.o: %.c\n\t@cc -O1 -c -o $@ $<\n";

constexpr const char* kStep = R"(echo "checking for thing {0}" >>config.log
expr {0} + 1 >/dev/null
echo 'int thing_{0};' | sed 's/thing/other/' >conftest.c
grep -q other conftest.c || exit 1
rm -f conftest.c
)";
constexpr unsigned kExecsOfStep = 4;

}  // namespace

Workload write_build(const std::string& directory, unsigned files) {
  for (unsigned i = 0; i < files; ++i)
    test::write_file(fmt::format("{}/part{}.c", directory, i), fmt::format(fmt::runtime(kSource), i));
  test::write_file(directory + "/Makefile", kMakefile);
  return {"build", {"/bin/sh", "-c", "rm -rf out && mkdir out && make -s -j2"}};
}

Workload write_configure(const std::string& directory, unsigned execs) {
  std::string script = "set -e\n: >config.log\n";
  for (unsigned i = 0; i < execs / kExecsOfStep; ++i) script += fmt::format(fmt::runtime(kStep), i);
  test::write_file(directory + "/configure", script);
  return {"configure", {"/bin/sh", "configure"}};
}

}  // namespace clawbox::bench
