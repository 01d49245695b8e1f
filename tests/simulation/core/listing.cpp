#include "core/listing.hpp"

#include "judge/reading.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vastwatch::simulation {
namespace {

using fleet::State;
using fleet::Status;

constexpr double none = -1000;

State parse(const std::string& word) {
    return fleet::parse_state(word);
}

/// What a phase reports: a fixed value or a range.
void find_signal(Row& row, const vastsim::Instance& instance) {
    row.low = 60;
    row.high = 98;
    row.fixed = none;
    if (!instance.reporting) {
        row.low = 1;
        row.high = 0;
        return;
    }
    const auto& signals = instance.reporting->signals;
    const auto found = signals.find("gpu_util");
    if (found == signals.end()) {
        return;
    }
    const auto& signal = found->second;
    if (signal.kind == vastsim::Signal::Kind::jitter) {
        row.low = signal.low;
        row.high = signal.high;
    } else if (signal.value.is_number()) {
        const double value = signal.value.to_number<double>();
        row.low = row.high = value;
        row.fixed = value < 0 ? value : none;
    } else {
        row.low = 1;
        row.high = 0;
    }
}

std::size_t index_of(const std::vector<Row>& rows, const Row& row) {
    return static_cast<std::size_t>(&row - rows.data());
}

/// It has cost no more than when it runs since the latest complete listing.
UsdPerHour most_of(const Row& row, const fleet::Observation& seen) {
    return std::max(row.charged, *seen.prices.gpu + *seen.prices.storage);
}

}  // namespace

Listing::Listing(
    const vastsim::Account& account,
    std::size_t index,
    Judge& judge,
    std::uint64_t seed)
    : account_(account),
      index_(index),
      judge_(judge),
      random_(stream(seed, "rows of " + account.spec().name)),
      state_(random_.next() | 1U) {}

void Listing::build(Row& row, fleet::Observation& seen, const vastsim::Instance& instance) {
    const auto& spec = instance.spec;
    const auto& condition = instance.condition;
    row.instance = &instance;
    row.revision = instance.revision;
    if (row.watched == nullptr) {
        row.watched = &judge_.watch(index_, spec.id);
    }
    find_signal(row, instance);
    seen.id = InstanceId{spec.id};
    seen.label = spec.label.value_or("");
    seen.gpu_name = spec.gpu_name;
    seen.num_gpus = static_cast<int>(spec.num_gpus);
    seen.machine_id = 20000 + spec.id % 30011;
    seen.status = fleet::parse_status(condition.actual);
    seen.status_text = condition.actual.value_or("");
    seen.intended = parse(condition.intended);
    seen.current = parse(condition.current);
    seen.next = parse(condition.next);
    seen.start_date = instance.start_date;
    seen.end_date = instance.end_date;
    seen.interruptible = spec.is_bid;
    seen.disk_gb = spec.disk_space;
    seen.prices.gpu = rate_from_double(spec.dph_base);
    seen.prices.storage = rate_from_double(spec.storage_cost * spec.disk_space / 720);
    seen.prices.search_total = *seen.prices.gpu + *seen.prices.storage;
    seen.image = spec.image;
    seen.runtype = spec.runtype;
    auto& reading = row.reading;
    reading.label = seen.label;
    reading.gpu_name = spec.gpu_name;
    read_state(instance, reading);
}

void Listing::measure(Row& row, fleet::Observation& seen, const Lies& lies) {
    const auto& instance = *row.instance;
    if (instance.silent_since || lies.frozen == instance.id()) {
        // The host says nothing new; before its first word there is nothing to repeat.
        return;
    }
    // xorshift: a number for every row of every listing, for next to nothing.
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    const double noise = static_cast<double>(state_ >> 40U) * 0x1.0p-24;
    auto& telemetry = seen.telemetry;
    auto& reading = row.reading;
    if (row.low > row.high) {
        telemetry.gpu_util.reset();
    } else {
        telemetry.gpu_util = row.fixed == none ? row.low + (row.high - row.low) * noise : row.fixed;
    }
    telemetry.gpu_temp =
        row.low > row.high ? std::optional<double>{} : 36 + noise * 3 + row.low * 0.3;
    telemetry.cpu_util = 1 + noise * 9;
    telemetry.mem_usage = 2 + noise;
    telemetry.inet_down = static_cast<double>(tick_);
    if (lies.zeros && (state_ >> 16U) % 7 == 0) {
        telemetry.gpu_util = 0.0;
        telemetry.gpu_temp = 0.0;
    } else if (lies.nulls && (state_ >> 16U) % 5 == 0) {
        telemetry.gpu_util.reset();
    } else if (lies.nulls && (state_ >> 16U) % 5 == 1) {
        telemetry.gpu_util = -1;
    }
    reading.util = telemetry.gpu_util;
    reading.temperature = telemetry.gpu_temp;
    reading.others = state_;
}

const std::vector<fleet::Observation>& Listing::take(const Lies& lies) {
    ++tick_;
    const auto& instances = account_.instances();
    const bool same =
        instances.size() == rows_.size() &&
        std::equal(
            instances.begin(),
            instances.end(),
            rows_.begin(),
            [](const auto& entry, const Row& row) { return &entry.second == row.instance; });
    if (!same) {
        next_rows_.clear();
        next_seen_.clear();
        auto old = rows_.begin();
        const auto lose = [&](const Row& row) {
            auto most = most_of(row, seen_[index_of(rows_, row)]);
            const auto gone = account_.gone().find(row.watched->id);
            if (gone != account_.gone().end()) {
                most = std::max(most, running_rate(gone->second));  // its price may have risen
            }
            lost_.emplace_back(row.watched, Doubt{row.charged, most});
        };
        for (const auto& [id, instance] : instances) {
            while (old != rows_.end() && old->watched->id < id) {
                lose(*old++);
            }
            if (old != rows_.end() && old->watched->id == id) {
                next_seen_.push_back(
                    std::move(seen_[static_cast<std::size_t>(old - rows_.begin())]));
                next_rows_.push_back(std::move(*old++));
                next_rows_.back().reading.label = next_seen_.back().label;
            } else {
                next_rows_.emplace_back();
                next_seen_.emplace_back();
                build(next_rows_.back(), next_seen_.back(), instance);
            }
        }
        while (old != rows_.end()) {
            lose(*old++);
        }
        rows_.swap(next_rows_);
        seen_.swap(next_seen_);
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            rows_[i].reading.label = seen_[i].label;  // the strings may have moved
        }
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (rows_[i].instance->revision != rows_[i].revision) {
            build(rows_[i], seen_[i], *rows_[i].instance);
        }
        measure(rows_[i], seen_[i], lies);
    }
    return seen_;
}

std::size_t Listing::find(std::int64_t id) const {
    const auto found =
        std::ranges::lower_bound(rows_, id, {}, [](const Row& row) { return row.watched->id; });
    return found != rows_.end() && found->watched->id == id
               ? static_cast<std::size_t>(found - rows_.begin())
               : std::numeric_limits<std::size_t>::max();
}

const fleet::Observation* Listing::take_one(std::int64_t id, const Lies& lies) {
    const auto at = find(id);
    const auto* instance = account_.find(id);
    if (at == std::numeric_limits<std::size_t>::max() || instance == nullptr) {
        return nullptr;
    }
    ++tick_;
    if (instance->revision != rows_[at].revision) {
        build(rows_[at], seen_[at], *instance);
    }
    measure(rows_[at], seen_[at], lies);
    return &seen_[at];
}

void Listing::served(Instant began, Instant at, std::int64_t but) {
    auto& bill = judge_.bill();
    if (last_served_ != Instant{}) {
        // It may have cost what it cost before up to now, or have run since, or have gone at once.
        for (const auto& [watched, doubt] : lost_) {
            bill.unseen(*watched, doubt, last_served_, at);
        }
        // What an empty listing lost, another one has to confirm.
        for (const auto& [watched, doubt] : lost_to_nothing_) {
            bill.unseen(*watched, doubt, last_served_, at);
        }
    }
    lost_to_nothing_.clear();
    if (rows_.empty()) {
        lost_to_nothing_ = lost_;
        for (const auto& [watched, doubt] : lost_to_nothing_) {
            bill.unseen(*watched, doubt, at, at + judge_.poll_interval());
        }
    }
    for (const auto& [watched, doubt] : lost_) {
        watched->missing = true;
        watched->changed_at = at;
        watched->due_since.reset();
    }
    lost_.clear();
    for (auto& row : rows_) {
        if (row.watched->id == but) {
            row.watched->left_out = true;
            ++row.watched->lies;
            if (last_served_ != Instant{}) {
                bill.unseen(*row.watched, Doubt{row.charged, row.charged}, last_served_, at);
            }
            continue;
        }
        const bool is_new = !row.watched->any_sample;
        judge_.sample(*row.watched, row.reading, at);
        if (row.reading.rate != row.charged || row.revision != row.served_revision) {
            // Whatever it was in between, it cost no more than when it runs; a new one is taken to
            // have cost from its start what it costs now, a known one what it cost before, unless a
            // fresh read has said something else since.
            const auto most = most_of(row, seen_[index_of(rows_, row)]);
            const bool reread = row.watched->read_at && *row.watched->read_at >= last_served_;
            const auto doubt = reread ? Doubt{most, most}
                                      : doubt_of(is_new ? row.reading.rate : row.charged, most);
            const Instant from =
                is_new ? std::max(last_served_, row.reading.started) : last_served_;
            if (last_served_ != Instant{}) {
                bill.unseen(*row.watched, doubt, std::min(from, at), at);
            } else if (at - row.reading.started < std::chrono::hours{1}) {
                // The very first time a young one is taken to have cost this from its beginning.
                bill.unseen(*row.watched, doubt, row.reading.started, at);
            }
            if (is_new && row.reading.started < last_served_) {
                // The latest listing has left it out. It accrues since then (section 4), and what
                // it cost before that is known from charges alone.
                const Doubt lied_about{.over = UsdPerHour{}, .under = most};
                bill.unseen(*row.watched, lied_about, row.reading.started, last_served_);
            }
            row.charged = row.reading.rate;
            row.served_revision = row.revision;
        }
    }
    judge_.swept(index_, began, at);
    last_served_ = at;
}

void Listing::read(std::int64_t id, Instant at) {
    const auto found = find(id);
    if (found != std::numeric_limits<std::size_t>::max()) {
        judge_.read(*rows_[found].watched, rows_[found].reading, at);
    }
}

}  // namespace vastwatch::simulation
