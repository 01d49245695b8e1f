#include "rules/finding.hpp"

#include "base/enum_names.hpp"

namespace vastwatch::rules {
namespace {

constexpr EnumNames<Rule, 16> rule_names{{
    {Rule::idle, "idle"},
    {Rule::daily_cap, "daily_cap"},
    {Rule::monthly_cap, "monthly_cap"},
    {Rule::spending_limit, "spending_limit"},
    {Rule::account_daily_cap, "account_daily_cap"},
    {Rule::account_monthly_cap, "account_monthly_cap"},
    {Rule::shed, "shed"},
    {Rule::gpu_types, "gpu_types"},
    {Rule::max_dph, "max_dph"},
    {Rule::max_instances, "max_instances"},
    {Rule::interruptible_only, "interruptible_only"},
    {Rule::stopped, "stopped"},
    {Rule::loading, "loading"},
    {Rule::queued_start, "queued_start"},
    {Rule::price_increase, "price_increase"},
    {Rule::serverless, "serverless"},
}};

constexpr EnumNames<Exemption, 5> exemption_names{{
    {Exemption::none, "none"},
    {Exemption::protected_id, "protected_id"},
    {Exemption::protected_by_operator, "protected_by_operator"},
    {Exemption::protect_label, "protect_label"},
    {Exemption::serverless, "serverless"},
}};

}  // namespace

std::string_view to_string(Rule rule) {
    return name_of(rule_names, rule);
}

std::optional<Rule> parse_rule(std::string_view text) {
    return value_of(rule_names, text);
}

bool is_cap(Rule rule) {
    switch (rule) {
        case Rule::daily_cap:
        case Rule::monthly_cap:
        case Rule::spending_limit:
        case Rule::account_daily_cap:
        case Rule::account_monthly_cap:
        case Rule::shed:
            return true;
        default:
            return false;
    }
}

std::string_view to_string(Exemption exemption) {
    return name_of(exemption_names, exemption);
}

}  // namespace vastwatch::rules
