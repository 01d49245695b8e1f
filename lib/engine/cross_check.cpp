#include "engine/cross_check.hpp"

#include <algorithm>
#include <cmath>

namespace vastwatch::engine {
namespace {

constexpr double allowed = 0.02;
constexpr int enough = 3;  // what changes between two readings differs for a while

void tell_of(Effects& effects, const LiveAccount& account, CrossCheck& check, const char* figure) {
    const bool differs = check.disagreements >= enough;
    if (differs == check.told || (!differs && check.disagreements > 0)) {
        return;
    }
    check.told = differs;
    Disagreement news;
    news.account = account.state.name;
    news.figure = figure;
    news.difference = check.difference.value_or(0);
    news.differs = differs;
    effects.disagreements.push_back(std::move(news));
}

}  // namespace

void take(CrossCheck& check, UsdPerHour ours, UsdPerHour theirs) {
    const double mine = to_double(ours);
    const double other = to_double(theirs);
    const double scale = std::max(std::abs(mine), std::abs(other));
    check.difference = scale == 0 ? 0 : (other - mine) / scale;
    const bool disagrees = std::abs(*check.difference) > allowed;
    check.disagreements = disagrees ? std::min(check.disagreements + 1, enough) : 0;
}

void compare_prices(LiveAccount& account, const fleet::Sweep& sweep) {
    UsdPerHour ours;
    UsdPerHour theirs;
    bool any = false;
    for (const auto& row : sweep.rows) {
        const bool steady = fleet::is_running(row) || fleet::is_stopped(row);
        const auto rates =
            steady && row.prices.reported ? fleet::rates_of(row) : std::optional<fleet::Rates>{};
        if (rates) {
            ours += rates->total();
            theirs += *row.prices.reported;
            any = true;
        }
    }
    if (any) {
        take(account.listed_prices, ours, theirs);
    } else {
        account.listed_prices.difference.reset();
    }
}

void tell_disagreements(Effects& effects, LiveAccount& account) {
    tell_of(effects, account, account.spend_rate, "spend rate");
    tell_of(effects, account, account.listed_prices, "listed prices");
}

}  // namespace vastwatch::engine
