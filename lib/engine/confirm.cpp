// What reads, answers and sweeps say about cases under way (spec section 7, steps 3, 5 and 6).
#include "engine/cases.hpp"
#include "engine/tell.hpp"

#include <algorithm>

namespace vastwatch::engine {
namespace {

using enforcement::Case;
using enforcement::Step;
using enforcement::Wait;
using policy::Action;
using rules::Rule;

/// For so long after a request the account is swept again and again to see what came of it; what
/// takes longer is seen by the polls.
constexpr Duration look_often = std::chrono::minutes{2};

/// One requested case in the light of a complete sweep.
enum class Evidence { done, unloading, still_there, none };

Evidence look(const Case& item, const fleet::Sweep& sweep) {
    const auto it = std::lower_bound(
        sweep.rows.begin(),
        sweep.rows.end(),
        item.instance,
        [](const fleet::Observation& row, InstanceId id) { return row.id < id; });
    if (it == sweep.rows.end() || it->id != item.instance) {
        // A row without an id may be this one.
        return sweep.skipped_rows == 0 ? Evidence::done : Evidence::none;
    }
    if (item.action == Action::stop && fleet::is_stopped(*it)) {
        return Evidence::done;
    }
    return fleet::is_unloading(*it) ? Evidence::unloading : Evidence::still_there;
}

/// What the latest samples say; without any, nothing.
fleet::SampleRun latest_samples(const fleet::Instance& instance, Instant now) {
    if (!instance.samples.empty()) {
        return instance.samples.back();
    }
    fleet::SampleRun none;
    none.first = now;
    return none;
}

/// Reads go before the listings that might bring better telemetry, or tell whether it is still
/// there; the less often the longer ago that was known.
Duration pause_before_reread(Instant since, Instant now) {
    constexpr Duration least = std::chrono::seconds{15};
    constexpr Duration most = std::chrono::minutes{1};
    return std::clamp<Duration>((now - since) / 4, least, most);
}

/// A fresh read did not list it. Gone is only what a complete listing misses, so one is asked for;
/// until it has come nothing is done, and what was warned of or held stays so in case it is there.
void await_listing(State& state, Effects& effects, Case& item, Instant now) {
    effects.poll_soon.push_back(item.account);
    const auto instance = state.instances.find(item.instance);
    const Instant seen = instance == state.instances.end() ? now : instance->second->last_seen;
    item.step = Step::pending;
    item.wait = Wait::retry;
    item.next_attempt = now + pause_before_reread(seen, now);
    item.detail = "the fresh read no longer lists it";
}

void try_again(State& state, Effects& effects, Case& item, const std::string& why, Now now) {
    item.step = Step::pending;
    item.wait = Wait::retry;
    item.verified_at.reset();
    item.next_attempt = now.wall + enforcement::retry_pause(item.attempts);
    item.detail = why;
    auto record = record_of(state, item, now);
    record.outcome = "failed";
    effects.audit.push_back(std::move(record));
    if (item.attempts >= enforcement::attempts_before_alarm && !item.failure_told) {
        item.failure_told = true;
        count(state, item, "failed");
        tell_failed(state, effects, item, now);
    }
    mark(state, item);
}

}  // namespace

std::string_view unrest(const State& state, const Case& item, Instant now) {
    const auto& instance = *state.instances.at(item.instance);
    const auto latest = latest_samples(instance, now).evidence;
    if (item.rule != Rule::idle || !instance.idle.began || latest == fleet::Evidence::idle) {
        return "";
    }
    return latest == fleet::Evidence::busy ? "its latest sample shows work"
                                           : "its latest sample gave no usable utilisation";
}

void take_verification(State& state, Effects& effects, const fleet::Verification& read, Now now) {
    for (const auto id : read.asked) {
        state.verifying.erase(id);
        const auto it = state.cases.find(id);
        if (it == state.cases.end() || it->second.step != Step::verifying) {
            continue;
        }
        auto& item = it->second;
        const auto row = std::find_if(
            read.rows.begin(), read.rows.end(), [&](const auto& r) { return r.id == id; });
        if (row == read.rows.end() && wait_for_effect(state, item)) {
            effects.poll_soon.push_back(item.account);
            continue;
        }
        if (row == read.rows.end()) {
            await_listing(state, effects, item, now.wall);
            continue;
        }
        if (!may_be_same(item, *row)) {
            close(state, effects, id, Step::dropped, "its label or start date has changed", now);
            continue;
        }
        item.start_date = item.start_date ? item.start_date : row->start_date;
        const auto at = static_cast<std::size_t>(row - read.rows.begin());
        if (at < read.recipes.size()) {
            item.recipe = read.recipes[at];
        }
        if (const auto why = unrest(state, item, now.wall); !why.empty()) {
            // It is looked at again, less often the longer that lasts, and nothing is done
            // meanwhile.
            const auto latest = latest_samples(*state.instances.at(id), now.wall);
            item.step = Step::pending;
            item.next_attempt = now.wall + pause_before_reread(latest.first, now.wall);
            item.detail = why;
            continue;
        }
        item.verified_at = read.read_at.wall;
        auto record = record_of(state, item, now);
        record.outcome = "verified";
        effects.audit.push_back(std::move(record));
    }
}

void verification_failed(State& state, const VerifyOrder& order, const std::string& why, Now now) {
    for (const auto id : order.ids) {
        state.verifying.erase(id);
        const auto it = state.cases.find(id);
        if (it != state.cases.end() && it->second.step == Step::verifying) {
            it->second.step = Step::pending;
            it->second.wait = Wait::retry;
            it->second.next_attempt = now.wall + std::chrono::seconds{5};
            it->second.detail = "the fresh read failed: " + why;
        }
    }
}

void take_answer(State& state, Effects& effects, const RequestAnswered& answer, Now now) {
    for (const auto id : answer.ids) {
        const auto it = state.cases.find(id);
        if (it == state.cases.end() || it->second.step != Step::intended) {
            continue;
        }
        auto& item = it->second;
        if (answer.outcome == RequestOutcome::failed) {
            try_again(state, effects, item, answer.message, now);
            continue;
        }
        item.step = Step::requested;
        item.requested_at = now.wall;
        item.confirmations = 0;
        item.detail = answer.outcome == RequestOutcome::accepted ? "accepted"
                      : answer.outcome == RequestOutcome::gone
                          ? "already gone"
                          : "the answer was unclear: " + answer.message;
        auto record = record_of(state, item, now);
        record.outcome = "requested";
        effects.audit.push_back(std::move(record));
        mark(state, item);
    }
    effects.poll_soon.push_back(answer.account);
}

void confirm(State& state, Effects& effects, const fleet::Sweep& sweep, Now now) {
    std::vector<InstanceId> done;
    bool waiting = false;
    for (auto& [id, item] : state.cases) {
        const bool ours = item.account == sweep.account && item.step == Step::requested &&
                          item.requested_at && sweep.began.wall >= *item.requested_at;
        if (!ours) {
            continue;
        }
        switch (look(item, sweep)) {
            case Evidence::done:
                if (++item.confirmations >= enforcement::sweeps_to_confirm) {
                    done.push_back(id);
                } else {
                    waiting = true;
                    mark(state, item);
                }
                break;
            case Evidence::none:
                waiting = waiting || now.wall - *item.requested_at < look_often;
                break;
            case Evidence::unloading:
                item.confirmations = 0;
                waiting = waiting || now.wall - *item.requested_at < look_often;
                break;
            case Evidence::still_there:
                item.confirmations = 0;
                waiting = waiting || now.wall - *item.requested_at < look_often;
                if (now.wall - *item.requested_at >= enforcement::retry_pause(item.attempts)) {
                    try_again(state, effects, item, "it is still there after the request", now);
                    item.next_attempt = now.wall;
                }
                break;
        }
    }
    std::vector<Case> ended;
    for (const auto id : done) {
        ended.push_back(state.cases.at(id));
        close(state, effects, id, Step::confirmed, "two complete sweeps agree", now);
    }
    if (!ended.empty()) {
        tell_done(state, effects, ended, false, now);
    }
    if (waiting) {
        effects.poll_soon.push_back(sweep.account);
    }
}

void not_durable(State& state, const std::vector<RequestOrder>& orders, Now now) {
    for (const auto& order : orders) {
        for (const auto id : order.ids) {
            const auto it = state.cases.find(id);
            if (it != state.cases.end() && it->second.step == Step::intended) {
                take_back(state, it->second);
                it->second.wait = Wait::state_unwritable;
                it->second.next_attempt = now.wall + std::chrono::seconds{1};
                mark(state, it->second);
            }
        }
    }
}

void recover(State& state, Now now) {
    for (auto& [id, item] : state.cases) {
        if (item.step == Step::intended) {
            item.step = Step::requested;
            item.requested_at = now.wall;
            item.confirmations = 0;
            item.detail = "restarted in between: whether the request was sent is unknown";
            mark(state, item);
        } else if (item.step == Step::verifying) {
            item.step = Step::pending;
            item.verified_at.reset();
        }
    }
}

}  // namespace vastwatch::engine
