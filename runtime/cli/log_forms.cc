#include "cli/log_forms.h"

#include <algorithm>
#include <utility>

#include "audit/ocsf.h"
#include "audit/reader_record.h"
#include "audit/tree.h"
#include "base/text.h"

namespace clawbox::cli {
namespace {

class TextForm : public Form {
 public:
  TextForm(audit::Colour colour, audit::Narrator::Sessions sessions) : narrator_(colour, sessions) {}
  std::string show(const audit::Found& found) override { return narrator_.line_for(found.record); }

 private:
  audit::Narrator narrator_;
};

/// The line as it is in the trail, if it is ASCII: other text may hold what a terminal obeys, where somebody changed
/// it.
class JsonForm : public Form {
 public:
  std::string show(const audit::Found& found) override {
    const bool plain = std::all_of(found.line.begin(), found.line.end(), [](char c) { return c >= ' ' && c < 0x7F; });
    return (plain ? found.line : found.record.dump(-1, ' ', true)) + "\n";
  }
};

class OcsfForm : public Form {
 public:
  std::string show(const audit::Found& found) override {
    return audit::ocsf_event(found.record).dump(-1, ' ', true) + "\n";
  }
};

class TreeForm : public Form {
 public:
  explicit TreeForm(audit::Colour colour) : colour_(colour) {}

  std::string show(const audit::Found& found) override {
    const std::string event = audit::text_field(found.record, "event").value_or("");
    if (event == "session.start") return audit::sentence_of(found.record).text + "\n";
    if (event.starts_with("session.")) end_ = audit::sentence_of(found.record).text + "\n";
    const bool by_id = event == "exec" || event == "exec.end" || event == "exec.mismatch";
    if (const auto exec = audit::number_field(found.record, by_id ? "id" : "exec")) matching_.push_back(*exec);
    return "";
  }
  void pass_by(const Json& record) override { tree_.add(record); }
  std::string end_of_session() override {
    audit::Tree tree = std::exchange(tree_, {});
    tree.keep_only(std::exchange(matching_, {}));
    const std::string text = audit::tree_text(tree, colour_) + std::exchange(end_, "");
    return text.empty() ? "" : text + "\n";
  }

 private:
  audit::Colour colour_;
  audit::Tree tree_;
  std::string end_;
  std::vector<int64_t> matching_;
};

}  // namespace

std::unique_ptr<Form> make_form(LogForm form, audit::Colour colour, audit::Narrator::Sessions sessions) {
  if (form == LogForm::kJson) return std::make_unique<JsonForm>();
  if (form == LogForm::kOcsf) return std::make_unique<OcsfForm>();
  if (form == LogForm::kTree) return std::make_unique<TreeForm>(colour);
  return std::make_unique<TextForm>(colour, sessions);
}

}  // namespace clawbox::cli
