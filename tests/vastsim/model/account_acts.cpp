// What the user and the world do to an account; account.cpp plays what follows by itself.
#include "model/account.hpp"

#include <algorithm>
#include <utility>

namespace vastwatch::vastsim {

std::int64_t Account::create(InstanceSpec spec) {
    spec.id = 0;
    spec.start = Duration{0};
    if (spec.behaviour.empty()) {
        spec.behaviour = spec_.new_instance_behaviour;
    }
    insert(std::move(spec), now_);
    play_events(now_);
    return last_id_;
}

bool Account::destroy(std::int64_t id, std::optional<Duration> delay) {
    const auto found = instances_.find(id);
    if (found == instances_.end() || found->second.unloading) {
        return false;
    }
    Instance& instance = found->second;
    instance.unloading = true;
    instance.condition.current = "unloaded";
    instance.condition.next = "unloaded";
    note(instance, "unloading");
    update_rates(instance);
    schedule(now_ + delay.value_or(spec_.delays.unload), Happening::gone, id);
    return true;
}

bool Account::stop(std::int64_t id) {
    const auto found = instances_.find(id);
    if (found == instances_.end() || found->second.unloading) {
        return false;
    }
    halt(found->second);
    return true;
}

std::optional<StartOutcome> Account::start(std::int64_t id, bool gpu_taken) {
    const auto found = instances_.find(id);
    if (found == instances_.end() || found->second.unloading) {
        return std::nullopt;
    }
    Instance& instance = found->second;
    if (credit(now_) <= Usd{}) {
        return StartOutcome::no_credit;
    }
    if (instance.condition.current == "running" && instance.condition.intended == "running") {
        return StartOutcome::started;
    }
    rest(instance);
    if (gpu_taken || instance.spec.gpu_taken_when_stopped) {
        enter(instance, State::queued, condition_of(State::queued));
        return StartOutcome::queued;
    }
    enter(instance, State::loading, condition_of(State::loading));
    schedule(now_ + spec_.delays.load, Happening::loaded, id, instance.generation);
    return StartOutcome::started;
}

bool Account::set_label(std::int64_t id, std::optional<std::string> label) {
    return change(id, [&](Instance& instance) { instance.spec.label = std::move(label); });
}

std::int64_t Account::create_volume(VolumeSpec spec) {
    spec.id = next_id();
    const std::int64_t id = spec.id;
    const auto added = volumes_
                           .emplace(
                               id,
                               Volume{
                                   .spec = std::move(spec),
                                   .start_date = now_,
                                   .gone_at = std::nullopt,
                                   .attached = {},
                                   .meter = {}})
                           .first;
    volume_appears(added->second);
    record("volume_created", id, {});
    return id;
}

bool Account::destroy_volume(std::int64_t id) {
    const auto found = volumes_.find(id);
    if (found == volumes_.end() || found->second.gone_at) {
        return false;
    }
    Volume& volume = found->second;
    const bool used = std::ranges::any_of(
        volume.attached, [this](const auto& use) { return !use.second || *use.second > now_; });
    if (used) {
        return false;
    }
    const Rates before = volume.meter.rates_at(now_);
    volume.gone_at = now_;
    volume.meter.set(now_, Rates{}, volume.spec.label);
    update_total(before, Rates{});
    record("volume_gone", id, {});
    return true;
}

bool Account::answer_increase(std::int64_t pending_id, bool accept) {
    for (auto& [id, instance] : instances_) {
        if (!instance.pending || instance.pending->id != pending_id) {
            continue;
        }
        if (accept) {
            instance.spec.dph_base = instance.pending->dph_base;
        }
        instance.pending.reset();
        note(instance, accept ? "price_increase_accepted" : "price_increase_rejected");
        update_rates(instance);
        return true;
    }
    return false;
}

bool Account::put(std::int64_t id, State state) {
    const auto found = instances_.find(id);
    if (found == instances_.end()) {
        return false;
    }
    Instance& instance = found->second;
    const Signals signals = instance.reporting ? instance.reporting->signals : Signals{};
    rest(instance);
    Phase phase;
    phase.state = state;
    phase.signals = signals;
    run_phase(instance, phase, std::nullopt);
    return true;
}

bool Account::change(std::int64_t id, const std::function<void(Instance&)>& edit) {
    const auto found = instances_.find(id);
    if (found == instances_.end()) {
        return false;
    }
    Instance& instance = found->second;
    count_label(instance.spec.label, -1);
    edit(instance);
    instance.spec.id = id;
    count_label(instance.spec.label, 1);
    note(instance, "changed");
    update_rates(instance);
    return true;
}

bool Account::play(std::int64_t id, std::vector<Phase> behaviour, bool repeat) {
    const auto found = instances_.find(id);
    if (found == instances_.end() || behaviour.empty()) {
        return false;
    }
    Instance& instance = found->second;
    instance.spec.behaviour = std::move(behaviour);
    instance.spec.repeat = repeat;
    enter_phase(instance, 0);
    return true;
}

}  // namespace vastwatch::vastsim
