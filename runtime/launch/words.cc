#include "launch/words.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "base/error.h"
#include "sys/files.h"

namespace clawbox::launch {
namespace {

// Twice what execve(2) takes with the usual stack.
constexpr std::size_t kMostBytes = 4 << 20;

void add(std::string& text, std::string_view word) { text.append(word).push_back('\0'); }

/// Words that each end with a NUL.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::string next() {
    const std::size_t end = rest_.find('\0');
    if (end == std::string_view::npos) throw_sys_error(EPROTO, "the words of a command end too early");
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return word;
  }
  std::size_t count() { return std::strtoul(next().c_str(), nullptr, 10); }

 private:
  std::string_view rest_;
};

}  // namespace

OwnedFd as_file(const Command& command) {
  std::string text;
  add(text, command.directory);
  add(text, std::to_string(command.argv.size()));
  for (const std::string& word : command.argv) add(text, word);
  add(text, std::to_string(command.environment.size()));
  for (const auto& [name, value] : command.environment) add(text, name), add(text, value);
  OwnedFd file(::memfd_create("command", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) throw_errno("memfd_create");
  sys::write_all(file, text, "the words of a command");
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
    throw_errno("sealing the words of a command");
  if (::lseek(file.get(), 0, SEEK_SET) < 0) throw_errno("lseek");
  return file;
}

Command command_in(const OwnedFd& file) {
  const std::string text = sys::read_all(file, kMostBytes, "the words of a command");
  Reader reader(text);
  Command command;
  command.directory = reader.next();
  for (std::size_t left = reader.count(); left > 0; --left) command.argv.push_back(reader.next());
  for (std::size_t left = reader.count(); left > 0; --left) {
    std::string name = reader.next();
    command.environment.emplace_back(std::move(name), reader.next());
  }
  if (command.argv.empty()) throw_sys_error(EPROTO, "a command without words");
  return command;
}

}  // namespace clawbox::launch
