#include <fmt/format.h>

#include "audit/chain.h"
#include "audit/reader.h"
#include "audit/reader_record.h"
#include "audit/segment_names.h"
#include "audit/verify_trail.h"
#include "base/error.h"

namespace clawbox::audit {
namespace {

class IndexCheck {
 public:
  explicit IndexCheck(std::unique_ptr<ByteSource> bytes) : bytes_(*bytes), reader_(std::move(bytes)) {}

  IndexFacts result() {
    while (const auto line = reader_.next()) {
      check(*line);
      remember(*line);
    }
    if (const auto broken = chain_.finish("")) tell(broken->where.line, broken->what);
    if (!bytes_.damage().empty()) tell(reader_.lines() + 1, bytes_.damage());
    // Half a line at the end is none of ours yet: it is being written, or the next writer cuts it off and says so.
    return std::move(facts_);
  }

 private:
  void check(const Line& line) {
    if (!facts_.findings.empty()) return;  // the first bad line; what the others say is still remembered
    if (line.too_long) return tell(line.number, "it is longer than any record");
    if (const auto broken = chain_.add(line.text, {0, line.number})) tell(broken->where.line, broken->what);
  }

  void remember(const Line& line) {
    const Parsed parsed = parse_record(line.text);
    if (!parsed.record) return;
    const std::string session = text_field(*parsed.record, "session").value_or("");
    const std::string event = text_field(*parsed.record, "event").value_or("");
    if (event != "session.head" && event != "trail.removed") return;
    if (session.empty()) return tell(line.number, "it names no session");
    if (event == "trail.removed") {
      facts_.removed.insert(session);
      return;
    }
    const auto records = static_cast<uint64_t>(number_field(*parsed.record, "records").value_or(0));
    facts_.heads[session] = {text_field(*parsed.record, "head").value_or(""), records, line.number};
  }

  void tell(uint64_t line, std::string what) {
    if (facts_.findings.empty())
      facts_.findings.push_back({Finding::Kind::kChanged, kIndexName, line, std::move(what)});
  }

  const ByteSource& bytes_;  // of the reader
  LineReader reader_;
  Chain chain_;
  IndexFacts facts_;
};

}  // namespace

IndexFacts read_index(const OwnedFd& directory) try {
  return IndexCheck(open_segment(directory, kIndexName)).result();
} catch (const SysError& error) {
  if (error.code() == ENOENT) return {};  // no session has ended yet, or each trail that has tells that it is gone
  throw;
}

}  // namespace clawbox::audit
