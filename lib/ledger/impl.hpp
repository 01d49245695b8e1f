// The ledger's state and its steps. The public functions are thin wrappers in ledger.cpp; the rest
// is in one file per subject: accrual, charges, queries, restoring. Internal to the ledger.
#pragma once

#include "ledger/cells.hpp"
#include "ledger/contract.hpp"
#include "ledger/ledger.hpp"
#include "ledger/posting.hpp"

#include <array>
#include <deque>
#include <set>
#include <utility>

namespace vastwatch::ledger {

class Ledger::Impl {
  public:
    explicit Impl(Calendar calendar) : cells_(std::move(calendar)) {}

    // --- accrual.cpp
    void observe(
        const AccountName& account,
        InstanceId id,
        const TeamName& team,
        fleet::Rates rates,
        Instant at);
    void close(InstanceId id, Instant at);
    void advance(Instant at);
    void set_calendar(Calendar calendar, Instant at);

    // --- charges.cpp
    void charge(
        const AccountName& account,
        Instant day,
        std::span<const DayCharge> charges,
        Instant read_at);
    void backfill(const AccountName& account, Instant start, std::span<const DayCharge> charges);
    void begin(const AccountName& account, Instant at);
    bool shares_contracts(const AccountName& one, const AccountName& other) const;
    bool knows(const Contract& contract) const;
    Instant first_day(const AccountName& account, Instant at) const;
    std::vector<Instant> days_to_read(const AccountName& account, Instant at) const;

    // --- queries.cpp
    WindowSpend team_spend(
        const TeamName& team,
        policy::Window window,
        std::optional<std::chrono::year_month_day> since,
        Instant at) const;
    WindowSpend account_spend(const AccountName& account, policy::Window window, Instant at) const;
    UsdPerHour team_burn(const TeamName& team) const;
    UsdPerHour account_burn(const AccountName& account) const;
    bool team_estimated(const TeamName& team) const;
    Amounts instance_spend(InstanceId id, Instant at) const;
    Usd instance_spend_today(InstanceId id, Instant at) const;
    std::optional<fleet::Rates> instance_rates(InstanceId id) const;
    std::vector<CounterValue> counters(Instant at);
    Usd accrued(const AccountName& account, Instant from, Instant to) const;
    Instant next_change(Instant at) const;

    std::uint64_t version() const { return version_; }

    // --- restoring.cpp
    void restore(Changes stored);
    Changes take_changes();
    void retry(Changes changes);

  private:
    /// What of the open accrual charges told of before it was seen, as of one moment, by book.
    struct ExcessAt {
        Instant at;
        std::uint64_t version = 0;  // of the ledger; 0 = never computed
        std::vector<std::vector<CellAmounts>> books;
    };

    /// A window that the calendar was asked for: valid for instants within it.
    struct Bounds {
        Instant start = Instant::max();
        Instant end = Instant::min();
    };

    /// What was read about one contract, its rows added up.
    struct Row {
        ContractState* contract = nullptr;
        Amounts amounts;
        Book* book = nullptr;
    };

    // --- finding and making (accrual.cpp)
    Account& account_of(const AccountName& name);
    const Account* find_account(const AccountName& name) const;
    Book& book_of(Account& account, const TeamName& team);
    ContractState& contract_of(Account& account, std::string_view source);
    ContractState& instance_contract_of(Account& account, InstanceId id);
    /// The first of those that are this instance; see ContractState::twin.
    ContractState* find_instance(InstanceId id) const;
    ContractState* find_metered(InstanceId id) const;
    void unlink_instance(const ContractState& contract);
    /// The account's days from yesterday to `at`, as far as they do not exist yet.
    void open_days(Account& account, Instant at);
    DayState& day_state(Account& account, Instant day);

    // --- meters (accrual.cpp)
    void roll(Instant at);
    void open_meter(ContractState& contract, Book& book, const fleet::Rates& rates, Instant at);
    void end_meter(ContractState& contract, Instant at);
    void change_meter(ContractState& contract, Book& book, const fleet::Rates& rates, Instant at);
    /// Books what accrued up to `to`, which may lie in another cell. The meter must not be among
    /// the sums of open meters meanwhile.
    void book_until(ContractState& contract, Instant to);
    void book_part(ContractState& contract, Instant to);
    /// Takes back what midnights booked after `end`, of days that are still open. The meter must
    /// not be among the sums of open meters meanwhile.
    void take_back(ContractState& contract, Instant end);
    void count_meter(const ContractState& contract);
    void uncount_meter(const ContractState& contract);

    // --- days (charges.cpp)
    std::vector<Row> rows_of(Account& account, std::span<const DayCharge> charges);
    /// The contract as another account knows it; null when it does not. Its number is the same in
    /// all of Vast.ai: either key opens the same account, or the account had another name.
    static const ContractState*
    same_elsewhere(const Account& account, const Account& other, const ContractState& contract);
    /// Takes from the row what other accounts count of its contract on that day.
    void leave_out_known(const Account& account, Row& row, Instant day, Instant at) const;
    bool take_row(const Row& row, Instant day, Instant read_at);
    void settle(Account& account, Instant day, Instant read_at);
    /// Posts the day anew after anything of it changed.
    void repost(ContractState& contract, OpenDay& day);
    /// Whether the contract's present day belongs among those in excess.
    void review_excess(ContractState& contract);
    void fold(Account& account, Instant day);
    void fold_contract_day(ContractState& contract, OpenDay& day);
    void fold_due(Instant at);
    void forget_old(Account& account);
    Instant fold_time(Instant day) const;
    void plan_next_fold();

    // --- sums (queries.cpp)
    Usd spend_of(const Book& book, Instant from, Instant at) const;
    Amounts open_accrual(const Book& book, Instant from, Instant at) const;
    const ExcessAt& excess_at(Instant at) const;
    Amounts counter_of(const Book& book, Instant at) const;
    WindowSpend window_spend(
        const std::vector<Book*>& books,
        policy::Window window,
        std::optional<Instant> since,
        Instant at) const;
    Bounds bounds(policy::Window window, Instant at) const;
    std::vector<Posting> contract_postings(const ContractState& contract, Instant at) const;

    Instant clamp(Instant at) const { return std::max(at, cell_start_); }

    // --- what is to be stored (restoring.cpp)
    void mark(ContractState& contract);
    void mark_day(ContractState& contract, OpenDay& day);
    void mark_meter(ContractState& contract);
    void mark_total(ContractState& contract);
    Meter meter_record(const ContractState& contract) const;
    ContractDay day_record(const ContractState& contract, const OpenDay& day) const;
    void restore_day(const ContractDay& record);
    void restore_meter(const Meter& record);
    void restore_time();
    void restore_history();
    void repost_everything();
    void take_contract(ContractState& contract, Changes& changes);
    void take_marks(Changes& changes);
    void retry_contracts(Changes& changes);

    Cells cells_;
    std::map<AccountName, std::unique_ptr<Account>> accounts_;
    std::deque<Book*> books_;  // by Book::index
    std::map<TeamName, std::vector<Book*>> teams_;
    std::unordered_map<std::int64_t, ContractState*> instances_;
    std::vector<ContractState*> metered_;
    std::vector<ContractState*> in_excess_;

    // The present cell. Every meter's `since` lies in it, or after it when the clock went back.
    Instant cell_start_ = Instant::min();
    Instant cell_end_ = Instant::min();
    Instant latest_since_ = Instant::min();
    Instant now_ = Instant::min();  // the latest instant that any call carried
    Instant next_fold_ = Instant::max();
    std::uint64_t reading_ = 0;

    std::uint64_t version_ = 1;  // changes with everything that excess depends on
    mutable std::array<ExcessAt, 4> excess_known_;
    mutable std::size_t excess_next_ = 0;
    mutable std::array<Bounds, 2> windows_;  // the last day and the last month asked for

    // What changed since take_changes().
    std::vector<ContractState*> changed_;
    std::set<InstanceId> closed_;
    std::map<std::pair<Contract, Instant>, ContractDay> finished_;
    std::map<Contract, ContractTotal> left_totals_;
    std::map<std::pair<AccountName, Instant>, AccountDay> left_account_days_;
    std::set<std::pair<AccountName, Instant>> changed_account_days_;
    std::set<std::pair<std::size_t, Instant>> changed_cells_;  // of the book with that index
    std::optional<Instant> shown_at_;                          // the latest counters()
    // What the marks were last compared with: version and shown_at_.
    std::uint64_t marks_version_ = 0;
    std::optional<Instant> marks_shown_at_;
};

}  // namespace vastwatch::ledger
