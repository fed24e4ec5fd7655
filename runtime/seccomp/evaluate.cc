#include "seccomp/evaluate.h"

#include <fmt/format.h>
#include <linux/bpf_common.h>
#include <seccomp.h>

#include <cstring>
#include <optional>

#include "base/error.h"

namespace clawbox::seccomp {
namespace {

seccomp_data data_of(const Call& call) {
  seccomp_data data{};
  data.nr = static_cast<int>(call.number);
  data.arch = call.architecture;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) data.args[i] = call.arguments[i];
  return data;
}

class Machine {
 public:
  explicit Machine(const Call& call) : data_(data_of(call)) {}

  /// How far the next instruction is; nothing: the program returned.
  std::optional<std::size_t> step(const sock_filter& op) {
    switch (op.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        load(op.k);
        return 1;
      case BPF_ALU | BPF_AND | BPF_K:
        a_ &= op.k;
        return 1;
      case BPF_JMP | BPF_JA:
        return std::size_t{1} + op.k;
      case BPF_JMP | BPF_JEQ | BPF_K:
        return branch(op, a_ == op.k);
      case BPF_JMP | BPF_JGT | BPF_K:
        return branch(op, a_ > op.k);
      case BPF_JMP | BPF_JGE | BPF_K:
        return branch(op, a_ >= op.k);
      case BPF_JMP | BPF_JSET | BPF_K:
        return branch(op, (a_ & op.k) != 0);
      case BPF_RET | BPF_K:
        result_.action = op.k;
        return std::nullopt;
      default:
        throw Error(ExitStatus::kInternal, fmt::format("BPF instruction {:#x} in a seccomp filter", op.code));
    }
  }
  void note(std::size_t at) { result_.path.push_back(at); }
  Evaluation take() { return std::move(result_); }

 private:
  static std::size_t branch(const sock_filter& op, bool taken) { return std::size_t{1} + (taken ? op.jt : op.jf); }

  void load(uint32_t offset) {
    if (offset % 4 != 0 || offset > sizeof(data_) - 4)
      throw Error(ExitStatus::kInternal, fmt::format("a seccomp filter reads at offset {}", offset));
    std::memcpy(&a_, reinterpret_cast<const char*>(&data_) + offset, sizeof(a_));
    if (offset >= offsetof(seccomp_data, args))
      result_.arguments_read.insert(static_cast<unsigned>((offset - offsetof(seccomp_data, args)) / 8));
  }

  seccomp_data data_;
  uint32_t a_ = 0;
  Evaluation result_;
};

// As seccomp_run_filters() of the kernel does: KILL_PROCESS is negative, so it is the smallest.
int32_t strictness(uint32_t action) { return static_cast<int32_t>(action & SECCOMP_RET_ACTION_FULL); }

}  // namespace

Call native_call(int number, std::array<uint64_t, 6> arguments) {
  return {static_cast<uint32_t>(number), seccomp_arch_native(), arguments};
}

Evaluation evaluate(std::span<const sock_filter> filter, const Call& call) {
  Machine machine(call);
  std::size_t at = 0;
  while (at < filter.size()) {
    machine.note(at);
    const std::optional<std::size_t> distance = machine.step(filter[at]);
    if (!distance) return machine.take();
    at += *distance;
  }
  throw Error(ExitStatus::kInternal, "a seccomp filter ends without an answer");
}

uint32_t action_of(const Program& program, const Call& call) {
  uint32_t strictest = SECCOMP_RET_ALLOW;
  for (auto filter = program.filters.rbegin(); filter != program.filters.rend(); ++filter) {
    const uint32_t action = evaluate(*filter, call).action;
    if (strictness(action) < strictness(strictest)) strictest = action;
  }
  return strictest;
}

}  // namespace clawbox::seccomp
