// The short lists inside a record, as JSON texts in one column: exact for every byte and every
// 64-bit number. Floating point numbers are JSON strings in them, because the JSON library's own
// reading of numbers may be off in the last bit.
#pragma once

#include "engine/changes.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::store {

/// An instance of a hold, with the rules that it waits for there.
struct HeldInstance {
    InstanceId id;
    std::vector<rules::Rule> rules;
};

std::string encode(const fleet::Telemetry& telemetry);
std::string encode(const std::vector<fleet::SampleRun>& runs);
std::string encode(const std::vector<ledger::Slice>& slices);
std::string encode(const std::vector<enforcement::Reason>& reasons);
std::string encode(const fleet::Recipe& recipe);
std::string encode(const std::vector<HeldInstance>& held);
std::string encode(const std::vector<alerts::AlertInstance>& instances);
std::string encode(const std::vector<NotifierName>& names);
std::string encode(const std::vector<std::string>& texts);

/// Each reads what encode() wrote; throws Corrupt for anything else.
void decode(std::string_view text, fleet::Telemetry& telemetry);
void decode(std::string_view text, std::vector<fleet::SampleRun>& runs);
void decode(std::string_view text, std::vector<ledger::Slice>& slices);
void decode(std::string_view text, std::vector<enforcement::Reason>& reasons);
void decode(std::string_view text, fleet::Recipe& recipe);
void decode(std::string_view text, std::vector<HeldInstance>& held);
void decode(std::string_view text, std::vector<alerts::AlertInstance>& instances);
void decode(std::string_view text, std::vector<NotifierName>& names);
void decode(std::string_view text, std::vector<std::string>& texts);

}  // namespace vastwatch::store
