// A member that is added to a record and not to its table would be lost at a restart without
// anybody noticing. These numbers are to be changed together with tables.hpp, schema.cpp and the
// records of the round trip.
#include "engine/changes.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <type_traits>

namespace vastwatch::store::test {

/// Converts to whatever a member is.
struct Anything {
    template <class T>
    operator T() const;  // NOLINT(google-explicit-constructor)
};

/// How many members an aggregate has: the most initialisers it takes.
template <class T, class... Members>
constexpr std::size_t member_count() {
    if constexpr (requires { T{Members{}..., Anything{}}; }) {
        return member_count<T, Members..., Anything>();
    } else {
        return sizeof...(Members);
    }
}

}  // namespace vastwatch::store::test

using namespace vastwatch;
using vastwatch::store::test::member_count;

TEST_CASE("every member of a stored record has its column") {
    CHECK(member_count<fleet::Instance>() == 18);
    CHECK(member_count<fleet::Observation>() == 22);
    CHECK(member_count<fleet::Telemetry>() == 6);
    CHECK(member_count<fleet::Prices>() == 7);
    CHECK(member_count<fleet::Recipe>() == 11);
    CHECK(member_count<fleet::StillRow>() == 2);
    CHECK(member_count<fleet::SampleRun>() == 7);
    CHECK(member_count<fleet::IdlePeriod>() == 11);
    CHECK(member_count<engine::IdleClock>() == 5);
    CHECK(member_count<ledger::Meter>() == 5);
    CHECK(member_count<ledger::Slice>() == 6);
    CHECK(member_count<ledger::ContractDay>() == 7);
    CHECK(member_count<ledger::AccountDay>() == 5);
    CHECK(member_count<ledger::TeamDay>() == 4);
    CHECK(member_count<ledger::ContractTotal>() == 3);
    CHECK(member_count<ledger::CounterMark>() == 3);
    CHECK(member_count<ledger::Amounts>() == 4);
    CHECK(member_count<fleet::Rates>() == 3);
    CHECK(member_count<ledger::Changes>() == 7);
    CHECK(member_count<enforcement::Case>() == 32);
    CHECK(member_count<enforcement::Reason>() == 2);
    CHECK(member_count<enforcement::Hold>() == 10);
    CHECK(member_count<enforcement::Protection>() == 5);
    CHECK(member_count<enforcement::Pause>() == 5);
    CHECK(member_count<alerts::Alert>() == 21);
    CHECK(member_count<alerts::AlertInstance>() == 7);
    CHECK(member_count<alerts::OutboxEntry>() == 8);
    CHECK(member_count<alerts::Condition>() == 6);
    CHECK(member_count<engine::AccountState>() == 11);
    CHECK(member_count<engine::SpendPoint>() == 4);
    CHECK(member_count<engine::AuditRecord>() == 17);
    CHECK(member_count<engine::ClockMark>() == 2);
    CHECK(member_count<engine::Changes>() == 19);
}
