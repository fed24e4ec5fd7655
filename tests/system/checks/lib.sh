# For the checks beside this file: each behaviour is one line, `check SENTENCE COMMAND…`, and counts as one test.
# They change the whole system, as root: only in the machines of tests/system.
[ -e /usr/local/lib/clawbox-vm/agent ] || { echo 'SKIP: this is none of the machines of tests/system'; exit 77; }
passed=0 failed=0 skipped=0
output=$(mktemp)

check() {
  local status=0
  "${@:2}" >"$output" 2>&1 || status=$?
  if [ "$status" = 0 ]; then
    passed=$((passed + 1))
    return
  fi
  failed=$((failed + 1))
  printf 'FAILED: %s (status %s)\n' "$1" "$status"
  cat "$output"
}

skip() {
  skipped=$((skipped + 1))
  printf 'SKIP: %s\n' "$1"
}

# status_is STATUS COMMAND…
status_is() {
  local status=0
  "${@:2}" || status=$?
  [ "$status" = "$1" ] || { echo "status $status instead of $1"; return 1; }
}

# prints PATTERN COMMAND…: whether a line of what it writes, on either descriptor, matches.
prints() {
  local text
  text=$("${@:2}" 2>&1) || true
  printf '%s\n' "$text"
  grep -qE -- "$1" <<<"$text"
}

# kernel_is_at_least VERSION
kernel_is_at_least() { printf '%s\n%s\n' "$1" "$(uname -r)" | sort --version-sort --check=quiet; }

finish() {
  rm -f "$output"
  printf 'CASES: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" = 0 ]
}
