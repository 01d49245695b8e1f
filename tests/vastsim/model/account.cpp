#include "model/account.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace vastwatch::vastsim {
namespace {

constexpr double hours_per_month = 720;

Rates volume_rates(const VolumeSpec& spec) {
    Rates rates;
    const double hourly = spec.storage_cost * spec.size / hours_per_month;
    rates[static_cast<std::size_t>(Item::disk)] = rate_from_double(hourly).value_or(UsdPerHour{});
    return rates;
}

// The states in which a host is there and measures.
bool reports(State state) {
    return state == State::running || state == State::frozen || state == State::crashed;
}

// The states a start leads out of for good, whatever the script says.
bool needs_start(State state) {
    return state == State::stopped || state == State::outbid || state == State::queued ||
           state == State::parked || state == State::crashed;
}

std::string message_of(const Instance& instance, State state) {
    std::string image = instance.spec.image;
    std::ranges::replace(image, ':', '_');
    switch (state) {
        case State::loading:
            return "#5 [2/6] RUN apt-get update\n";
        case State::stopped:
            return "success, stopped";
        case State::outbid:
            return "outbid, instance stopped";
        case State::parked:
            return "Error response from daemon: failed to create task for container: OCI runtime "
                   "create failed: unable to start container process\n";
        default:
            return "success, running " + image + "/ssh\n";
    }
}

}  // namespace

Account::Account(AccountSpec spec, Instant begin, std::uint64_t seed)
    : spec_(std::move(spec)), seed_(seed), now_(begin), last_id_(spec_.first_id) {
    Instant oldest = begin;
    for (const InstanceSpec& instance : spec_.instances) {
        last_id_ = std::max(last_id_, instance.id);
        oldest = std::min(oldest, begin + instance.start);
    }
    for (const VolumeSpec& volume : spec_.volumes) {
        last_id_ = std::max(last_id_, volume.id);
        oldest = std::min(oldest, begin + volume.start);
    }
    now_ = oldest;
    meter_.set(oldest, rates_, "");
    for (InstanceSpec& instance : std::exchange(spec_.instances, {})) {
        const Instant start = begin + instance.start;
        insert(std::move(instance), start);
    }
    for (VolumeSpec& volume : std::exchange(spec_.volumes, {})) {
        const Instant start = begin + volume.start;
        volume.id = volume.id == 0 ? next_id() : volume.id;
        const std::int64_t id = volume.id;
        volumes_.emplace(
            id,
            Volume{
                .spec = std::move(volume),
                .start_date = start,
                .gone_at = std::nullopt,
                .attached = {},
                .meter = {}});
        schedule(start, Happening::volume_appears, id);
    }
    play_events(begin);
    begun_ = true;
    set_credit(spec_.credit);
}

void Account::advance_to(Instant instant) {
    if (instant > now_) {
        play_events(instant);
    }
}

void Account::play_events(Instant until) {
    while (!events_.empty() && events_.top().at <= until) {
        const Event event = events_.top();
        events_.pop();
        now_ = std::max(now_, event.at);
        happen(event);
    }
    now_ = until;
}

void Account::schedule(Instant at, Happening what, std::int64_t id, std::uint32_t generation) {
    events_.push(Event{
        .at = at, .sequence = ++event_count_, .what = what, .id = id, .generation = generation});
}

void Account::happen(const Event& event) {
    if (event.what == Happening::credit_check) {
        credit_watched_.reset();
        check_credit();
        return;
    }
    if (event.what == Happening::volume_appears) {
        volume_appears(volumes_.at(event.id));
        return;
    }
    if (event.what == Happening::appear) {
        auto node = coming_.extract(event.id);
        VW_ASSERT(!node.empty());
        appear(instances_.insert(std::move(node)).position->second);
        return;
    }
    const auto found = instances_.find(event.id);
    if (found != instances_.end()) {
        happen_to(found->second, event);
    }
}

void Account::happen_to(Instance& instance, const Event& event) {
    switch (event.what) {
        case Happening::gone:
            remove(instance.id());
            return;
        case Happening::increase_pending:
            instance.pending = PendingIncrease{
                .id = instance.id() * 10 + 7,
                .created_at = now_,
                .dph_base = instance.spec.price_increase->dph_base};
            note(instance, "price_increase_pending");
            return;
        case Happening::increase_accepted:
            if (instance.pending) {
                answer_increase(instance.pending->id, true);
            }
            return;
        case Happening::end_date:
            halt(instance);
            return;
        default:
            break;
    }
    if (event.generation != instance.generation) {
        return;
    }
    if (event.what == Happening::phase_end) {
        enter_phase(instance, instance.phase + 1);
    } else if (event.what == Happening::halted) {
        enter(instance, State::stopped, condition_of(State::stopped));
    } else if (event.what == Happening::loaded) {
        resume(instance);
    }
}

std::int64_t Account::next_id() {
    return ++last_id_;
}

void Account::insert(InstanceSpec spec, Instant start) {
    spec.id = spec.id == 0 ? next_id() : spec.id;
    const std::int64_t id = spec.id;
    Instance instance;
    instance.start_date = start;
    if (spec.rented_for) {
        instance.end_date = start + *spec.rented_for;
    }
    instance.spec = std::move(spec);
    coming_.emplace(id, std::move(instance));
    schedule(start, Happening::appear, id);
}

void Account::appear(Instance& instance) {
    count_label(instance.spec.label, 1);
    note(instance, "created");
    if (instance.spec.behaviour.empty()) {
        instance.spec.behaviour.emplace_back();
    }
    if (instance.end_date) {
        schedule(*instance.end_date, Happening::end_date, instance.id());
    }
    if (instance.spec.price_increase) {
        const PriceIncrease& increase = *instance.spec.price_increase;
        const Instant start = instance.start_date;
        schedule(start + increase.pending_at, Happening::increase_pending, instance.id());
        if (increase.accepted_at) {
            schedule(start + *increase.accepted_at, Happening::increase_accepted, instance.id());
        }
    }
    enter_phase(instance, 0);
}

void Account::enter_phase(Instance& instance, std::size_t phase) {
    const std::vector<Phase>& script = instance.spec.behaviour;
    if (phase >= script.size()) {
        if (!instance.spec.repeat || script.empty()) {
            instance.phase_ends.reset();
            return;
        }
        phase = 0;
    }
    instance.phase = phase;
    instance.scripted = true;
    run_phase(instance, script[phase], script[phase].length);
}

void Account::run_phase(Instance& instance, const Phase& phase, std::optional<Duration> length) {
    ++instance.generation;
    ++instance.revision;
    instance.phase_ends.reset();
    if (length) {
        // A script that repeats must move on, or time would stand still.
        instance.phase_ends = now_ + std::max(*length, Duration{1});
        schedule(*instance.phase_ends, Happening::phase_end, instance.id(), instance.generation);
    }
    Condition condition = condition_of(phase.state);
    if (phase.actual_status) {
        condition.actual.reset();
        if (phase.actual_status->is_string()) {
            condition.actual = std::string{phase.actual_status->get_string()};
        }
    }
    if (reports(phase.state)) {
        instance.reporting = phase;
    }
    enter(instance, phase.state, std::move(condition));
    if (phase.status_msg) {
        instance.status_msg = phase.status_msg;
    }
    if (phase.stale && !instance.silent_since) {
        instance.silent_since = now_;
    }
}

void Account::enter(Instance& instance, State state, Condition condition) {
    if (instance.unloading) {
        condition.current = "unloaded";
        condition.next = "unloaded";
    }
    const bool changed = instance.state != state || instance.condition != condition;
    instance.state = state;
    instance.condition = std::move(condition);
    if (state == State::provisioning) {
        instance.status_msg.reset();
    } else if (state != State::offline && state != State::unknown) {
        instance.status_msg = message_of(instance, state);
    }
    if (reports(state)) {
        instance.silent_since.reset();
        instance.running_since = instance.running_since.value_or(now_);
    } else {
        instance.silent_since = instance.silent_since.value_or(now_);
        instance.running_since.reset();
    }
    if (changed) {
        note(instance, std::string{name_of(state)});
    }
    update_rates(instance);
}

void Account::rest(Instance& instance) {
    if (instance.scripted) {
        instance.phase_left.reset();
        if (instance.phase_ends) {
            instance.phase_left = *instance.phase_ends - now_;
        }
    }
    instance.scripted = false;
    instance.phase_ends.reset();
    ++instance.generation;
}

void Account::resume(Instance& instance) {
    Phase phase = instance.spec.behaviour[instance.phase];
    std::optional<Duration> left = instance.phase_left;
    if (needs_start(phase.state)) {
        phase = Phase{};
        left.reset();
    }
    instance.scripted = true;
    run_phase(instance, phase, left);
}

void Account::halt(Instance& instance) {
    const std::optional<Instant> host_returns = instance.phase_ends;
    rest(instance);
    if (instance.condition.intended == "stopped" && instance.condition.current == "stopped") {
        return;  // outbid or stopped before; now it will not come back by itself
    }
    Condition condition = instance.condition;
    condition.intended = "stopped";
    condition.current = instance.unloading ? "unloaded" : "stopped";
    condition.next = condition.current;
    instance.condition = std::move(condition);
    note(instance, "stopping");
    update_rates(instance);
    const bool offline = instance.condition.actual == "offline";
    if (!offline || host_returns) {
        const Instant at = offline ? *host_returns : now_ + spec_.delays.stop;
        schedule(at, Happening::halted, instance.id(), instance.generation);
    }
}

void Account::remove(std::int64_t id) {
    auto node = instances_.extract(id);
    Instance& instance = node.mapped();
    instance.gone_at = now_;
    count_label(instance.spec.label, -1);
    const Rates before = instance.meter.rates_at(now_);
    instance.meter.set(now_, Rates{}, instance.spec.label.value_or(""));
    update_total(before, Rates{});
    note(instance, "gone");
    for (auto& [volume_id, volume] : volumes_) {
        const auto use = volume.attached.find(id);
        if (use != volume.attached.end()) {
            use->second = now_ + spec_.delays.volume;
        }
    }
    gone_.insert(std::move(node));
}

void Account::update_rates(Instance& instance) {
    const Rates before = instance.meter.rates_at(now_);
    const Rates after = rates_of(instance.spec, instance.condition);
    ++instance.revision;
    instance.meter.set(now_, after, instance.spec.label.value_or(""));
    update_total(before, after);
}

void Account::update_total(const Rates& before, const Rates& after) {
    if (before == after) {
        return;
    }
    for (std::size_t i = 0; i < item_count; ++i) {
        rates_[i] += after[i] - before[i];
    }
    meter_.set(now_, rates_, "");
    watch_credit();
}

void Account::volume_appears(Volume& volume) {
    for (const std::int64_t instance : volume.spec.attached) {
        volume.attached.emplace(instance, std::nullopt);
    }
    const Rates rates = volume_rates(volume.spec);
    volume.meter.set(now_, rates, volume.spec.label);
    update_total(Rates{}, rates);
}

Usd Account::credit(Instant instant) const {
    return funds_ - total(meter_.until(instant)).usd();
}

Usd Account::lifetime_spend(Instant instant) const {
    return spec_.spent_before + total(meter_.until(instant)).usd();
}

void Account::set_credit(Usd credit) {
    funds_ = credit + total(meter_.until(now_)).usd();
    credit_watched_.reset();
    watch_credit();
}

void Account::watch_credit() {
    if (!begun_) {
        return;
    }
    const UsdPerHour rate = total(rates_);
    if (rate.is_zero()) {
        return;
    }
    // An earlier check finds out by itself that it came too early.
    const auto wait = time_to_spend(credit(now_), rate);
    if (!wait) {
        return;
    }
    const Instant at = now_ + std::max(*wait, Duration{1});
    if (!credit_watched_ || at < *credit_watched_) {
        credit_watched_ = at;
        schedule(at, Happening::credit_check, 0);
    }
}

void Account::check_credit() {
    if (credit(now_) > Usd{}) {
        watch_credit();
        return;
    }
    bool stopped_some = false;
    for (auto& [id, instance] : instances_) {
        if (!instance.unloading) {
            stopped_some = stopped_some || instance.condition.intended != "stopped";
            halt(instance);
        }
    }
    if (stopped_some) {
        record("credit_exhausted", 0, {});
    }
}

Instant Account::settled_until() const {
    const Duration lagged = now_.time_since_epoch() - spec_.delays.charge_lag;
    const Duration step = std::max(spec_.delays.charge_step, Duration{1});
    return Instant{lagged - lagged % step};
}

const Instance* Account::find(std::int64_t id) const {
    const auto found = instances_.find(id);
    return found == instances_.end() ? nullptr : &found->second;
}

const Instance* Account::find_any(std::int64_t id) const {
    const auto found = gone_.find(id);
    return found == gone_.end() ? find(id) : &found->second;
}

void Account::count_read(std::int64_t id) {
    const auto found = instances_.find(id);
    if (found != instances_.end()) {
        ++found->second.reads;
    }
}

void Account::count_label(const std::optional<std::string>& label, std::int64_t by) {
    const auto entry = label_counts_.emplace(label.value_or(""), 0).first;
    entry->second += by;
    if (entry->second == 0) {
        label_counts_.erase(entry);
    }
}

void Account::forget_gone(Instant instant) {
    std::erase_if(gone_, [instant](const auto& entry) { return entry.second.gone_at < instant; });
}

void Account::note(const Instance& instance, std::string kind, boost::json::object detail) {
    if (begun_) {
        journal_.push_back(JournalEntry{
            .sequence = journal_.size() + 1,
            .at = now_,
            .kind = std::move(kind),
            .id = instance.id(),
            .label = instance.spec.label.value_or(""),
            .detail = std::move(detail)});
    }
}

void Account::record(std::string kind, std::int64_t id, boost::json::object detail) {
    const Instance* instance = find_any(id);
    journal_.push_back(JournalEntry{
        .sequence = journal_.size() + 1,
        .at = now_,
        .kind = std::move(kind),
        .id = id,
        .label = instance == nullptr ? "" : instance->spec.label.value_or(""),
        .detail = std::move(detail)});
}

}  // namespace vastwatch::vastsim
