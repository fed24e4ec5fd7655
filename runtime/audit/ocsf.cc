#include "audit/ocsf.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "audit/query.h"
#include "audit/reader_record.h"
#include "audit/report_words.h"
#include "base/text.h"

namespace clawbox::audit {
namespace {

struct Class {
  std::string_view event;  // of the record
  int category, uid, activity;
  const char *name, *activity_name;
  void (*fill)(Json& event, const Json& record);  // what only this class has
};

constexpr std::size_t kLongestValue = 128 << 10;
enum class Severity { kInformational = 1, kMedium = 3, kHigh = 4 };

/// Puts a field of the record where it has one; numbers stay numbers.
void put(Json& into, const char* key, const Json& record, std::string_view name) {
  const Json* value = field(record, name);
  if (value == nullptr || value->is_null() || value->is_array()) return;
  if (value->is_number() || value->is_boolean()) into[key] = *value;
  if (value->is_string() || value->is_object()) into[key] = escaped(bytes_of(*value), kLongestValue);
}

std::string text_of(const Json& record, std::string_view name) {
  return escaped(text_field(record, name).value_or(""), kLongestValue);
}

std::string exec_uid(const Json& record, std::string_view name) {
  const auto id = number_field(record, name);
  return text_of(record, "session") + ":" + (id ? std::to_string(*id) : "?");
}

Json file_of(const std::string& path) {
  return {{"name", path.substr(path.rfind('/') + 1)}, {"path", path}, {"type_id", 1}};
}

Json process_of(const Json& record, std::string_view exec) {
  Json process = Json::object();
  put(process, "pid", record, "pid");
  put(process, "namespace_pid", record, "pid_inside");
  put(process, "tid", record, "tid");
  if (field(record, exec) != nullptr) process["uid"] = exec_uid(record, exec);
  return process;
}

/// Our own numbers mean what errno and exit statuses mean.
void put_status(Json& event, const Json& record) {
  if (const auto status = status_of(record)) event["status_id"] = *status == Status::kOk ? 1 : 2;
  put(event, "status_code", record, "errno");
  put(event, "duration", record, "wall_ms");
  put(event, "exit_code", record, "exit_status");
}

void launch(Json& event, const Json& record) {
  Json process = process_of(record, "id");
  const std::string path = text_of(record, "path");
  if (!path.empty()) process["file"] = file_of(path);
  if (!path.empty()) process["name"] = path.substr(path.rfind('/') + 1);
  process["cmd_line"] = command_words(record, kLongestValue);
  put(process, "working_directory", record, "cwd");
  if (const auto uid = number_field(record, "uid")) process["user"] = {{"uid", std::to_string(*uid)}};
  Json parent = Json::object();
  put(parent, "pid", record, "ppid");
  if (field(record, "parent") != nullptr) parent["uid"] = exec_uid(record, "parent");
  process["parent_process"] = parent;
  event["process"] = process;
  event["actor"]["process"] = parent;
  event["status_id"] = 0;  // how it turned out is another record
}

void terminate(Json& event, const Json& record) {
  event["process"] = process_of(record, "id");
  const std::string observed = text_of(record, "observed");
  if (!observed.empty()) event["process"]["file"] = file_of(observed);
  event["status_detail"] = outcome_words(record);
  if (text_of(record, "outcome") != "failed") return;
  event["activity_id"] = 1;
  event["activity_name"] = "Launch";
}

void mismatch(Json& event, const Json& record) {
  event["severity_id"] = static_cast<int>(Severity::kHigh);
  event["finding_info"] = {{"uid", exec_uid(record, "id")}, {"title", "The program that ran is not the one claimed"}};
  event["message"] = sentence_of(record).text;
  event["evidences"] = Json::array({{{"process", process_of(record, "id")}}});
  event["evidences"][0]["process"]["file"] = file_of(text_of(record, "observed"));
}

void kernel_call(Json& event, const Json& record) {
  const std::string call = text_of(record, "call");
  event["kernel"] = {{"name", call}, {"type_id", 2}, {"system_call", call}};
  event["actor"]["process"] = process_of(record, "exec");
}

void refusal(Json& event, const Json& record) {
  kernel_call(event, record);
  event["severity_id"] = static_cast<int>(Severity::kMedium);
  event["action_id"] = 2;
  event["disposition_id"] = 2;  // Blocked
  Json policy = Json::object();
  put(policy, "name", record, "rule");
  put(policy, "uid", record, "origin");
  put(policy, "desc", record, "reason");
  event["policy"] = policy;
}

void program(Json& event, const Json& record) {
  event["file"] = file_of(text_of(record, "path"));
  put(event["file"], "size", record, "size");
  const std::string digest = text_of(record, "sha256");
  if (!digest.empty())
    event["file"]["hashes"] = Json::array({{{"algorithm", "SHA-256"}, {"algorithm_id", 3}, {"value", digest}}});
}

void file_operation(Json& event, const Json& record) {
  const std::string operation = text_of(record, "operation");
  const bool makes = operation == "mkdir";
  event["file"] = file_of(text_of(record, "path"));
  if (operation == "ls" || makes) event["file"]["type_id"] = 2;
  if (operation == "rename") event["file_result"] = file_of(text_of(record, "to"));
  event["activity_id"] = makes ? 1 : operation == "write" ? 3 : operation == "rm" ? 4 : operation == "rename" ? 5 : 2;
  event["activity_name"] = makes                   ? "Create"
                           : operation == "write"  ? "Update"
                           : operation == "rm"     ? "Delete"
                           : operation == "rename" ? "Rename"
                                                   : "Read";
}

void connection(Json& event, const Json& record) {
  Json peer = Json::object();
  put(peer, "hostname", record, "host");
  put(peer, "ip", record, "address");
  put(peer, "port", record, "port");
  event["dst_endpoint"] = peer;
  event["connection_info"] = {{"direction_id", 2}};  // Outbound
  put(event["connection_info"], "protocol_name", record, "protocol");
  event["actor"]["process"] = process_of(record, "exec");
  if (status_of(record) != Status::kFailed) return;
  event["activity_id"] = 5;
  event["activity_name"] = "Refuse";
}

void look_up(Json& event, const Json& record) {
  event["query"] = Json::object();
  put(event["query"], "hostname", record, field(record, "host") != nullptr ? "host" : "name");
  put(event["query"], "type", record, "type");
  event["actor"]["process"] = process_of(record, "exec");
}

void session(Json& event, const Json& record) {
  event["app"] = {{"name", "sandbox session"}, {"uid", text_of(record, "session")}, {"vendor_name", "clawbox"}};
  put(event["app"], "feature", record, "profile");
  if (event["app"].contains("feature")) event["app"]["feature"] = {{"name", event["app"]["feature"]}};
}

void nothing_more(Json&, const Json&) {}

constexpr std::array<Class, 12> kClasses = {{
    {"exec", 1, 1007, 1, "Process Activity", "Launch", launch},
    {"exec.end", 1, 1007, 2, "Process Activity", "Terminate", terminate},
    {"exec.mismatch", 2, 2004, 1, "Detection Finding", "Create", mismatch},
    {"call", 1, 1003, 4, "Kernel Activity", "Invoke", kernel_call},
    {"refused", 1, 1003, 4, "Kernel Activity", "Invoke", refusal},
    {"program", 1, 1001, 14, "File System Activity", "Open", program},
    {"file", 1, 1001, 2, "File System Activity", "Read", file_operation},
    {"net.connect", 4, 4001, 1, "Network Activity", "Open", connection},
    {"net.dns", 4, 4003, 1, "DNS Activity", "Query", look_up},
    {"session.start", 6, 6002, 3, "Application Lifecycle", "Start", session},
    {"session.end", 6, 6002, 4, "Application Lifecycle", "Stop", session},
    {"session.failed", 6, 6002, 4, "Application Lifecycle", "Stop", session},
}};
constexpr Class kBaseEvent = {"", 0, 0, 99, "Base Event", "Other", nothing_more};

const Class& class_of(const std::string& event) {
  const auto found =
      std::find_if(kClasses.begin(), kClasses.end(), [&](const Class& known) { return known.event == event; });
  return found == kClasses.end() ? kBaseEvent : *found;
}

Json metadata_of(const Json& record, const std::string& event) {
  Json metadata = {{"version", "1.3.0"}, {"product", {{"name", "clawbox"}, {"vendor_name", "clawbox"}}}};
  metadata["log_name"] = "audit";
  metadata["event_code"] = escaped(event, 64);
  metadata["uid"] = exec_uid(record, "seq");
  put(metadata, "sequence", record, "seq");
  put(metadata, "original_time", record, "time");
  return metadata;
}

/// What the classes above leave: the record without the fields that every record has.
Json unmapped_of(const Json& record) {
  constexpr std::array<std::string_view, 6> kMapped = {"v", "seq", "prev", "time", "session", "event"};
  Json rest = Json::object();
  for (const auto& [name, value] : record.items())
    if (std::find(kMapped.begin(), kMapped.end(), name) == kMapped.end()) rest[name] = value;
  return rest;
}

}  // namespace

Json ocsf_event(const Json& record) {
  const std::string name = text_of(record, "event");
  const Class& known = class_of(name);
  const auto time = parse_rfc3339(text_field(record, "time").value_or(""));
  Json event;
  event["class_uid"] = known.uid;
  event["class_name"] = known.name;
  event["category_uid"] = known.category;
  event["activity_id"] = known.activity;
  event["activity_name"] = known.activity_name;
  event["type_uid"] = 0;
  event["time"] = time ? std::chrono::floor<std::chrono::milliseconds>(*time).time_since_epoch().count() : int64_t{0};
  event["severity_id"] = static_cast<int>(Severity::kInformational);
  event["metadata"] = metadata_of(record, name);
  event["device"] = {{"type_id", 99}, {"type", "sandbox"}, {"uid", text_of(record, "session")}};
  event["actor"] = {{"session", {{"uid", text_of(record, "session")}}}};
  put_status(event, record);
  known.fill(event, record);
  event["type_uid"] = known.uid * 100 + event["activity_id"].get<int>();
  event["unmapped"] = unmapped_of(record);
  return event;
}

}  // namespace clawbox::audit
