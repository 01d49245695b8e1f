// Random operation against a reference that integrates minute by minute, and restarts in between.
#include "support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace vastwatch::ledger::testing {
namespace {

constexpr int fleet_size = 7;
constexpr std::size_t teams_count = 3;
const std::array<TeamName, teams_count> teams{red, blue, nobody};
const std::array<AccountName, 2> accounts{main_account, other_account};

class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }

    bool one_in(std::uint64_t count) { return below(count) == 0; }

    fleet::Rates rates() {
        if (one_in(6)) {
            return fleet::Rates{};
        }
        fleet::Rates result;
        result.gpu = UsdPerHour::from_nanos(static_cast<std::int64_t>(below(20'000'000'000)));
        result.disk = UsdPerHour::from_nanos(static_cast<std::int64_t>(below(100'000'000)));
        result.estimated = one_in(5);
        return result;
    }

    Amounts amounts() {
        const auto thousandths = [this](std::uint64_t most) {
            return Usd::from_nanos(static_cast<std::int64_t>(below(most)) * 1'000'000);
        };
        return Amounts{thousandths(200'000), thousandths(900), thousandths(900), {}};
    }

  private:
    std::mt19937_64 engine_;
};

/// Adds up rate x minute in whole nano-dollar-minutes, without any cleverness.
class Reference {
  public:
    struct Running {
        fleet::Rates rates;
        std::size_t team = 0;
    };

    std::map<int, Running> running;

    void minute(const Calendar& calendar, Instant at) {
        const Instant day = calendar.day_start(at);
        for (const auto& [id, state] : running) {
            const auto rate = state.rates.total().nanos();
            by_day_[{state.team, day}] += rate;
            by_instance_[id] += rate;
        }
    }

    double day(std::size_t team, Instant start) const {
        const auto found = by_day_.find({team, start});
        return found == by_day_.end() ? 0 : static_cast<double>(found->second) / 60;
    }

    double lifetime(std::size_t team) const {
        double sum = 0;
        for (const auto& [key, amount] : by_day_) {
            sum += key.first == team ? static_cast<double>(amount) / 60 : 0;
        }
        return sum;
    }

    double instance(int id) const {
        const auto found = by_instance_.find(id);
        return found == by_instance_.end() ? 0 : static_cast<double>(found->second) / 60;
    }

  private:
    std::map<std::pair<std::size_t, Instant>, std::int64_t> by_day_;
    std::map<int, std::int64_t> by_instance_;
};

void step_both(Random& random, Ledger& ledger, Reference& reference, Instant at) {
    const int id = 1 + static_cast<int>(random.below(fleet_size));
    if (random.one_in(5)) {
        ledger.close(InstanceId{id}, at);
        reference.running.erase(id);
        return;
    }
    const auto rates = random.rates();
    const auto team = random.below(teams_count);
    ledger.observe(main_account, InstanceId{id}, teams[team], rates, at);
    reference.running[id] = Reference::Running{rates, team};
}

bool near(Usd found, double expected, double tolerance) {
    return std::abs(static_cast<double>(found.nanos()) - expected) <= tolerance;
}

TEST_CASE("accrual equals integration minute by minute, in every zone, over restarts") {
    const std::array zones{
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "America/Havana",
        "Australia/Lord_Howe"};
    for (std::uint64_t seed = 1; seed <= 21; ++seed) {
        CAPTURE(seed);
        Random random{seed};
        const auto calendar = zone(zones[seed % zones.size()]);
        Ledger ledger{calendar};
        FakeStore store;
        Reference reference;
        const Instant begin = time(seed % 2 == 0 ? "2026-03-07T09:00:00Z" : "2026-10-31T13:00:00Z");
        ledger.advance(begin);
        double bookings = 8;
        for (Instant at = begin; at < begin + 72h; at += 1min) {
            if (random.one_in(40)) {
                step_both(random, ledger, reference, at);
                bookings += 2;
            }
            if (random.one_in(90)) {
                ledger.advance(at);
            }
            if (random.one_in(500)) {
                store.apply(ledger.take_changes());
                ledger = Ledger{calendar};
                ledger.restore(store.all());
            }
            reference.minute(calendar, at);
            if (!random.one_in(100)) {
                continue;
            }
            const Instant now = at + 1min;
            bookings += fleet_size;
            for (std::size_t team = 0; team < teams_count; ++team) {
                const auto today = ledger.team_spend(teams[team], Window::day, std::nullopt, now);
                REQUIRE(today.start == calendar.day_start(now));
                REQUIRE(near(today.spend, reference.day(team, today.start), bookings));
                REQUIRE(
                    near(lifetime(ledger, teams[team], now), reference.lifetime(team), bookings));
            }
            for (int id = 1; id <= fleet_size; ++id) {
                const auto whole = ledger.instance_spend(InstanceId{id}, now).total();
                REQUIRE(near(whole, reference.instance(id), bookings));
            }
        }
    }
}

/// Everything that can be asked, as text to be compared.
std::vector<std::string> answers(const Ledger& ledger, Instant at) {
    std::vector<std::string> texts;
    const auto say = [&](const WindowSpend& window) {
        texts.push_back(
            to_decimal(window.spend) + " from " + format_rfc3339_millis(window.start) + " to " +
            format_rfc3339_millis(window.end.value_or(Instant{})) + " then " +
            to_decimal(window.projected.value_or(Usd{})));
    };
    for (const auto window : {Window::day, Window::month, Window::lifetime}) {
        for (const auto& team : teams) {
            say(ledger.team_spend(team, window, std::nullopt, at));
        }
        for (const auto& account : accounts) {
            say(ledger.account_spend(account, window, at));
        }
    }
    for (const auto& team : teams) {
        texts.push_back(to_decimal(ledger.team_burn(team)));
        texts.push_back(ledger.team_estimated(team) ? "estimated" : "known");
    }
    for (const auto& account : accounts) {
        texts.push_back(to_decimal(ledger.account_burn(account)));
        for (const auto unread : ledger.days_to_read(account, at)) {
            texts.push_back(format_rfc3339(unread));
        }
    }
    for (int id = 1; id <= fleet_size; ++id) {
        const auto amounts = ledger.instance_spend(InstanceId{id}, at);
        texts.push_back(
            to_decimal(amounts.gpu) + " " + to_decimal(amounts.disk) + " " +
            to_decimal(amounts.bandwidth) + " " + to_decimal(amounts.other));
        texts.push_back(to_decimal(ledger.instance_spend_today(InstanceId{id}, at)));
    }
    texts.push_back(format_rfc3339_millis(ledger.next_change(at)));
    return texts;
}

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const auto& text : texts) {
        all += text + "\n";
    }
    return all;
}

std::vector<std::string> counter_texts(Ledger& ledger, Instant at) {
    std::vector<std::string> texts;
    for (const auto& value : ledger.counters(at)) {
        if (value.amounts != Amounts{}) {
            texts.push_back(
                value.account.str() + " " + value.team.str() + " " +
                to_decimal(value.amounts.total()));
        }
    }
    std::sort(texts.begin(), texts.end());
    return texts;
}

/// One of the first `most` ids; no two accounts have the same.
InstanceId random_id(Random& random, const AccountName& account, int most) {
    const int first = account == accounts.front() ? 1 : 2;
    const auto choices = static_cast<unsigned>((most - first) / 2 + 1);
    return InstanceId{first + 2 * static_cast<int>(random.below(choices))};
}

/// Plays the API: charges that grow, come late, and stop changing.

class Billing {
  public:
    explicit Billing(Random& random) : random_(random) {}

    void read(Ledger& ledger, const AccountName& account, Instant at) {
        for (const auto day : ledger.days_to_read(account, at)) {
            if (random_.one_in(4)) {
                continue;  // this reading failed
            }
            const bool first = rows_[{account, day}].empty();
            if (first || (at < day + 27h && random_.one_in(3))) {
                grow(account, day);
            }
            ledger.charge(account, day, rows_[{account, day}], at);
        }
    }

    Usd total() const {
        Usd sum;
        for (const auto& [key, rows] : rows_) {
            for (const auto& charge : rows) {
                sum += charge.amounts.total();
            }
        }
        return sum;
    }

  private:
    void grow(const AccountName& account, Instant day) {
        auto& rows = rows_[{account, day}];
        DayCharge charge;
        charge.contract = instance_contract(account, random_id(random_, account, fleet_size + 2));
        if (random_.one_in(4)) {
            charge.contract.source = "volume-of-" + account.str();
        }
        charge.team = teams[random_.below(teams_count)];
        for (auto& known : rows) {
            if (known.contract == charge.contract) {
                known.amounts += random_.amounts();
                return;
            }
        }
        charge.amounts = random_.amounts();
        rows.push_back(charge);
    }

    Random& random_;
    std::map<std::pair<AccountName, Instant>, std::vector<DayCharge>> rows_;
};

void random_operation(Random& random, Ledger& ledger, Billing& billing, Instant at) {
    const auto& account = accounts[random.below(accounts.size())];
    const auto id = random_id(random, account, fleet_size);
    switch (random.below(8)) {
        case 0:
        case 1:
            ledger.observe(account, id, teams[random.below(teams_count)], random.rates(), at);
            break;
        case 2:  // learned late
            ledger.observe(account, id, teams[random.below(teams_count)], random.rates(), at - 40s);
            break;
        case 3:
            ledger.close(id, at);
            break;
        case 4:
        case 5:
            billing.read(ledger, account, at);
            break;
        default:
            ledger.advance(at);
    }
}

/// Half the time a store fails first.
void persist(Random& random, Ledger& ledger, FakeStore& store) {
    auto changes = ledger.take_changes();
    if (random.one_in(2)) {
        ledger.retry(std::move(changes));
        changes = ledger.take_changes();
    }
    store.apply(changes);
}

TEST_CASE("a ledger restored from its stored changes gives equal answers") {
    const std::array zones{"UTC", "America/New_York", "Asia/Kolkata", "Europe/Berlin"};
    for (std::uint64_t seed = 1; seed <= 24; ++seed) {
        CAPTURE(seed);
        Random random{seed};
        Billing billing{random};
        const auto calendar = zone(zones[seed % zones.size()]);
        Ledger ledger{calendar};
        FakeStore store;
        Instant at = time("2026-10-23T07:00:00Z");
        std::map<std::pair<AccountName, TeamName>, Amounts> shown;
        for (int step = 0; step < 400; ++step) {
            at += std::chrono::seconds{random.below(step % 50 == 0 ? 200'000 : 3'000)};
            random_operation(random, ledger, billing, at);
            const Instant later = at + std::chrono::seconds{random.below(100'000)};
            const auto before = answers(ledger, later);
            if (random.one_in(3)) {
                (void)ledger.counters(at);
            }
            persist(random, ledger, store);
            Ledger again{calendar};
            again.restore(store.all());
            REQUIRE(again.take_changes().empty());
            REQUIRE(joined(answers(again, later)) == joined(before));
            REQUIRE(counter_texts(again, at) == counter_texts(ledger, at));
            if (random.one_in(10)) {
                ledger = std::move(again);
            }
            for (const auto& value : ledger.counters(at)) {
                auto& past = shown[{value.account, value.team}];
                REQUIRE(value.amounts.gpu >= past.gpu);
                REQUIRE(value.amounts.disk >= past.disk);
                REQUIRE(value.amounts.bandwidth >= past.bandwidth);
                past = value.amounts;
            }
        }
    }
}

TEST_CASE("teams and accounts add up to the same, and in the end to the charges") {
    const std::array zones{"UTC", "America/New_York", "Asia/Kolkata", "Europe/Berlin"};
    for (std::uint64_t seed = 1; seed <= 24; ++seed) {
        CAPTURE(seed);
        Random random{seed * 1000};
        Billing billing{random};
        Ledger ledger{zone(zones[seed % zones.size()])};
        Instant at = time("2026-10-23T07:00:00Z");
        for (int step = 0; step < 600; ++step) {
            at += std::chrono::seconds{random.below(3'000)};
            random_operation(random, ledger, billing, at);
            for (const auto window : {Window::day, Window::month, Window::lifetime}) {
                Usd by_team;
                Usd by_account;
                for (const auto& team : teams) {
                    by_team += spent(ledger, team, window, at);
                }
                for (const auto& account : accounts) {
                    by_account += ledger.account_spend(account, window, at).spend;
                }
                REQUIRE(by_team == by_account);
            }
        }
        for (int id = 1; id <= fleet_size; ++id) {
            ledger.close(InstanceId{id}, at);
        }
        for (const Instant end = at + 72h; at < end; at += 30min) {
            for (const auto& account : accounts) {
                billing.read(ledger, account, at);
            }
        }
        Usd sum;
        for (const auto& account : accounts) {
            REQUIRE(ledger.days_to_read(account, at).front() > at - 72h);  // the rest is final
            sum += ledger.account_spend(account, Window::lifetime, at).spend;
        }
        REQUIRE(sum == billing.total());
    }
}

}  // namespace
}  // namespace vastwatch::ledger::testing
