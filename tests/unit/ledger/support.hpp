// What the ledger's tests share: short ways to write instants, money and rows, and a store that
// keeps records by key, as the real one does.
#pragma once

#include "ledger/ledger.hpp"

#include <doctest/doctest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace vastwatch::ledger::testing {

using namespace std::chrono_literals;
using policy::Window;

inline const AccountName main_account{"main"};
inline const AccountName other_account{"other"};
inline const TeamName red{"red"};
inline const TeamName blue{"blue"};
inline const TeamName nobody{"unassigned"};

inline Instant time(std::string_view text) {
    const auto instant = parse_rfc3339(text);
    if (!instant) {
        throw std::invalid_argument("not a time: " + std::string{text});
    }
    return *instant;
}

inline Usd usd(double dollars) {
    return usd_from_double(dollars).value();
}

inline fleet::Rates rates(double gpu, double disk = 0) {
    return fleet::Rates{rate_from_double(gpu).value(), rate_from_double(disk).value(), false};
}

inline Calendar zone(std::string_view name) {
    return Calendar::find(name).value();
}

inline DayCharge row(std::string source, Amounts amounts, TeamName team = red) {
    return DayCharge{Contract{main_account, std::move(source)}, amounts, std::move(team)};
}

inline DayCharge row(InstanceId id, Amounts amounts, TeamName team = red) {
    return row("instance-" + std::to_string(id.value()), amounts, std::move(team));
}

inline Amounts gpu_only(double dollars) {
    return Amounts{usd(dollars), {}, {}, {}};
}

inline Usd spent(const Ledger& ledger, const TeamName& team, Window window, Instant at) {
    return ledger.team_spend(team, window, std::nullopt, at).spend;
}

inline Usd lifetime(const Ledger& ledger, const TeamName& team, Instant at) {
    return spent(ledger, team, Window::lifetime, at);
}

/// Reads the same rows again until the day has settled.
inline Instant
settle(Ledger& ledger, Instant day, const std::vector<DayCharge>& rows, Instant first_reading) {
    ledger.charge(main_account, day, rows, first_reading);
    const Instant later = std::max(first_reading, day + 24h) + 2h;
    ledger.charge(main_account, day, rows, later);
    return later;
}

/// Keeps what take_changes() gives, by key, and gives it back whole.
class FakeStore {
  public:
    void apply(const Changes& changes) {
        for (const auto id : changes.closed_meters) {
            meters_.erase(id);
        }
        for (const auto& meter : changes.meters) {
            meters_[meter.instance] = meter;
        }
        for (const auto& day : changes.days) {
            days_[{day.contract, day.day}] = day;
        }
        for (const auto& day : changes.account_days) {
            account_days_[{day.account, day.day}] = day;
        }
        for (const auto& day : changes.team_days) {
            team_days_[{day.account, day.team, day.start}] = day;
        }
        for (const auto& total : changes.contract_totals) {
            totals_[total.contract] = total;
        }
        for (const auto& mark : changes.counter_marks) {
            marks_[{mark.account, mark.team}] = mark;
        }
    }

    Changes all() const {
        Changes changes;
        values(meters_, changes.meters);
        values(days_, changes.days);
        values(account_days_, changes.account_days);
        values(team_days_, changes.team_days);
        values(totals_, changes.contract_totals);
        values(marks_, changes.counter_marks);
        return changes;
    }

    std::size_t open_days() const {
        std::size_t count = 0;
        for (const auto& [key, day] : days_) {
            count += day.settled ? 0 : 1;
        }
        return count;
    }

  private:
    template <class Map, class Records>
    static void values(const Map& map, Records& records) {
        for (const auto& [key, record] : map) {
            records.push_back(record);
        }
    }

    std::map<InstanceId, Meter> meters_;
    std::map<std::pair<Contract, Instant>, ContractDay> days_;
    std::map<std::pair<AccountName, Instant>, AccountDay> account_days_;
    std::map<std::tuple<AccountName, TeamName, Instant>, TeamDay> team_days_;
    std::map<Contract, ContractTotal> totals_;
    std::map<std::pair<AccountName, TeamName>, CounterMark> marks_;
};

}  // namespace vastwatch::ledger::testing

template <>
struct doctest::StringMaker<vastwatch::Usd> {
    static String convert(vastwatch::Usd amount) { return vastwatch::to_decimal(amount).c_str(); }
};

template <>
struct doctest::StringMaker<vastwatch::Instant> {
    static String convert(vastwatch::Instant instant) {
        return vastwatch::format_rfc3339_millis(instant).c_str();
    }
};
