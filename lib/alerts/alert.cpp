#include "alerts/alert.hpp"

#include "base/enum_names.hpp"

namespace vastwatch::alerts {
namespace {

constexpr EnumNames<Kind, 23> kinds{{
    {Kind::budget_threshold, "budget_threshold"},
    {Kind::budget_forecast, "budget_forecast"},
    {Kind::cap_warning, "cap_warning"},
    {Kind::cap_reached, "cap_reached"},
    {Kind::idle_warning, "idle_warning"},
    {Kind::instance_destroyed, "instance_destroyed"},
    {Kind::instance_stopped, "instance_stopped"},
    {Kind::action_failed, "action_failed"},
    {Kind::action_held, "action_held"},
    {Kind::policy_violation, "policy_violation"},
    {Kind::credit_low, "credit_low"},
    {Kind::api_unreachable, "api_unreachable"},
    {Kind::api_key_rejected, "api_key_rejected"},
    {Kind::billing_mismatch, "billing_mismatch"},
    {Kind::price_increase, "price_increase"},
    {Kind::price_unknown, "price_unknown"},
    {Kind::exemption_ended, "exemption_ended"},
    {Kind::unassigned_spend, "unassigned_spend"},
    {Kind::config_rejected, "config_rejected"},
    {Kind::enforcement_paused, "enforcement_paused"},
    {Kind::state_unwritable, "state_unwritable"},
    {Kind::state_damaged, "state_damaged"},
    {Kind::test, "test"},
}};

}  // namespace

std::string_view to_string(Kind kind) {
    return name_of(kinds, kind);
}

std::optional<Kind> parse_kind(std::string_view text) {
    return value_of(kinds, text);
}

}  // namespace vastwatch::alerts
