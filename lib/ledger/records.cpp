#include "ledger/records.hpp"

#include <charconv>
#include <string_view>

namespace vastwatch::ledger {
namespace {

constexpr std::string_view instance_prefix = "instance-";

}  // namespace

Contract instance_contract(const AccountName& account, InstanceId id) {
    return Contract{account, std::string{instance_prefix} + std::to_string(id.value())};
}

std::optional<InstanceId> instance_of(const Contract& contract) {
    std::string_view rest = contract.source;
    if (!rest.starts_with(instance_prefix)) {
        return std::nullopt;
    }
    rest.remove_prefix(instance_prefix.size());
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    // "instance-007" would be a second name for "instance-7".
    if (error != std::errc{} || stop != rest.data() + rest.size() || value <= 0 ||
        rest.front() == '0') {
        return std::nullopt;
    }
    return InstanceId{value};
}

bool Changes::empty() const {
    return meters.empty() && closed_meters.empty() && days.empty() && account_days.empty() &&
           team_days.empty() && contract_totals.empty() && counter_marks.empty();
}

}  // namespace vastwatch::ledger
