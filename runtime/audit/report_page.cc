// What stands before and around the content of a report.
#include <fmt/format.h>

#include "audit/report.h"

namespace clawbox::audit {
namespace {

constexpr const char* kPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

constexpr const char* kStyle = R"css(
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #57606a; --line: #d0d7de; --bad: #b3261e;
  --good: #1a7f37; --bar: #4a7bd0; --shade: #f3f5f8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0f1318; --soft: #9aa5b1; --line: #30363d;
  --bad: #ff8a80; --good: #5fd07a; --bar: #6ea0f5; --shade: #171c23; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 76rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); }
code, td, .tree { font-family: ui-monospace, monospace; font-size: .87rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; } dt { color: var(--soft); } dd { margin: 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--soft); }
th, td { text-align: left; vertical-align: top; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line); }
.tree ul { list-style: none; margin: 0; padding-left: 1.1rem; border-left: 1px solid var(--line); }
.tree > ul { padding-left: 0; border: 0; } summary { cursor: pointer; }
summary:focus-visible { outline: 2px solid var(--bar); } li:target, .tree li > span:hover { background: var(--shade); }
.bad { color: var(--bad); } .good { color: var(--good); } .soft { color: var(--soft); }
.alarm { color: var(--paper); background: var(--bad); padding: 0 .3rem; }
svg { width: 100%; height: auto; } svg rect { fill: var(--bar); } svg rect.bad { fill: var(--bad); }
svg text { fill: var(--ink); font: 11px ui-monospace, monospace; } svg line { stroke: var(--line); }
.curve { fill: none; stroke: var(--bar); stroke-width: 1.5; }
@media print { body { max-width: none; padding: 0; } .wide { overflow: visible; } h2 { break-after: avoid; }
  tr, li > span { break-inside: avoid; } }
)css";

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    if (c == '<') out += "&lt;";
    if (c == '>') out += "&gt;";
    if (c == '"') out += "&quot;";
    if (c == '\'') out += "&#39;";
    if (std::string_view("&<>\"'").find(c) == std::string_view::npos) out += c;
  }
  return out;
}

std::string page_head(const std::string& title) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
      kPolicy, html_escaped(title), kStyle);
}

}  // namespace clawbox::audit
