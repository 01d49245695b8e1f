// What the ledger remembers of one contract, and of one account's days. Internal to the ledger.
#pragma once

#include "ledger/accrual_history.hpp"
#include "ledger/book.hpp"
#include "ledger/records.hpp"

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vastwatch::ledger {

/// An open meter: `since` lies in the present cell (or, rarely, after it).
struct OpenMeter {
    Book* book = nullptr;
    fleet::Rates rates;
    Instant since;
    Instant set;  // book and rates are these since then; not stored: after a restart since `since`
};

/// A Slice, its team as a book.
struct Part {
    Instant start;
    Book* book = nullptr;
    Usd gpu;
    Usd disk;
    Amounts beyond = {};
    Amounts then = {};  // GPU and disk that had accrued at the latest reading

    bool accrued() const { return gpu != Usd{} || disk != Usd{}; }
};

/// Money that was posted to a book's cell.
struct Posting {
    Book* book = nullptr;
    Instant cell;
    Amounts amounts;
};

/// One contract on one UTC day that has not been folded yet.
struct OpenDay {
    Instant day;
    std::vector<Part> parts;
    std::optional<Amounts> charged;
    Instant charge_changed;
    Book* charge_book = nullptr;  // whose the charge is when nothing accrued
    std::vector<Posting> posted;  // what of it is in the books now
    bool changed = false;         // since it was last taken for storing

    Usd accrued_gpu() const;
    Usd accrued_disk() const;
    /// By what the charge's GPU and disk items exceed what is booked: the sum of the parts' shares
    /// in it. Not negative as a whole.
    Amounts excess() const;
};

struct Account;

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

/// A contract with a meter, with open days, or lately with either.
struct ContractState {
    Account* account = nullptr;
    Contract contract;
    std::optional<InstanceId> instance;
    ContractState* twin = nullptr;  // the same instance as another account sees it
    std::optional<OpenMeter> meter;
    std::vector<OpenDay> days;  // by day; one or two of them, ten when charges cannot be read
    Amounts folded;
    Instant last_day;  // the latest folded one

    std::size_t metered_at = nowhere;  // its place among those with a meter
    std::size_t excess_at = nowhere;   // its place among those charged more than is booked
    std::size_t row_at = 0;            // its row in the reading with number `reading`
    std::uint64_t reading = 0;

    bool listed = false;  // among the changed
    bool meter_changed = false;
    bool total_changed = false;

    OpenDay* find_day(Instant day);
    const OpenDay* find_day(Instant day) const;
    OpenDay& make_day(Instant day);
    /// The open meter, when what it accrues belongs to that day.
    const OpenMeter* meter_on(Instant day) const;
};

/// `opened` of the day that stands for all that backfill() covered.
constexpr Instant before_the_ledger{};

/// One UTC day of an account (see AccountDay).
struct DayState {
    Instant opened;
    std::optional<Instant> changed;
    bool settled = false;
    bool folded = false;
};

struct TextHash {
    using is_transparent = void;

    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>{}(text);
    }
};

struct Account {
    AccountName name;
    std::map<Instant, DayState> days;
    std::unordered_map<std::string, std::unique_ptr<ContractState>, TextHash, std::equal_to<>>
        contracts;
    std::map<TeamName, std::unique_ptr<Book>> books;
    AccrualHistory history;

    /// The first day of its own; nothing before anything is known of the account.
    std::optional<Instant> first_day() const;
    /// No money of that day changes any more.
    bool closed(Instant day) const;
    bool settled(Instant day) const;
};

}  // namespace vastwatch::ledger
