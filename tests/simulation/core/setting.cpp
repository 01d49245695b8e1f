#include "core/setting.hpp"

namespace vastwatch::simulation {

Judge::Setting judge_setting(const Plan& plan) {
    Judge::Setting setting;
    for (const auto& account : plan.accounts) {
        setting.accounts.push_back(account.name);
        setting.fixed_teams.push_back(account.team.value_or(""));
    }
    for (const auto& team : plan.teams) {
        setting.teams.push_back(team.name);
    }
    setting.poll_interval = plan.poll_interval;
    setting.request_pace = request_pace;
    return setting;
}

}  // namespace vastwatch::simulation
