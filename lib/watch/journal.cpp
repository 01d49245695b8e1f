#include "watch/journal.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace vastwatch::watch {
namespace {

using runtime::field;

/// What is on its way is there for those who follow one instance; what was done is for everybody.
runtime::Level level_of(std::string_view outcome) {
    if (outcome == "failed") {
        return runtime::Level::warning;
    }
    const bool step = outcome == "due" || outcome == "verified" || outcome == "intended" ||
                      outcome == "requested" || outcome == "withdrawn" || outcome == "dropped";
    return step ? runtime::Level::info : runtime::Level::notice;
}

std::string sentence(const engine::AuditRecord& record) {
    auto text = fmt::format("{} of instance {}", record.action, record.instance->value());
    if (!record.label.empty()) {
        text += fmt::format(" ({})", record.label);
    }
    text += ": " + record.outcome;
    if (!record.detail.empty()) {
        text += ", " + record.detail;
    }
    for (const auto& reason : record.reasons) {
        text += "; " + reason;
    }
    return text;
}

void log_action(runtime::Log& log, const engine::AuditRecord& record) {
    std::vector<runtime::Field> fields{
        field("action", record.action),
        field("outcome", record.outcome),
        field("instance", record.instance->value()),
        field("actor", record.actor)};
    if (record.team) {
        fields.push_back(field("team", record.team->str()));
    }
    if (record.account) {
        fields.push_back(field("account", record.account->str()));
    }
    log.write(level_of(record.outcome), "action", sentence(record), std::move(fields));
}

}  // namespace

void log_actions(runtime::Log& log, const std::vector<engine::AuditRecord>& records) {
    for (const auto& record : records) {
        if (record.instance) {
            log_action(log, record);
        }
    }
}

}  // namespace vastwatch::watch
