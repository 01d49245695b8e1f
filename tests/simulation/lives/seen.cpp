// Lives of the whole daemon: what is seen of it from outside, for the judge.
#include "lives/run.hpp"
#include "wire/alert_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::string text_of(const boost::json::object& record, std::string_view member) {
    const auto* value = record.if_contains(member);
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::string{};
}

std::vector<std::string> texts_of(const boost::json::value* list) {
    std::vector<std::string> texts;
    if (list != nullptr && list->is_array()) {
        for (const auto& text : list->get_array()) {
            texts.emplace_back(text.is_string() ? std::string{text.get_string()} : "");
        }
    }
    return texts;
}

/// The time in an alert's id, to the millisecond before.
std::optional<Instant> ulid_time(std::string_view id) {
    constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    constexpr std::size_t time_digits = 10;
    std::int64_t count = 0;
    for (const char digit : id.substr(0, time_digits)) {
        const auto value = digits.find(digit);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        count = count * 32 + static_cast<std::int64_t>(value);
    }
    return id.size() < time_digits ? std::nullopt : std::optional{Instant{milliseconds{count}}};
}

/// Alerts after which something is stopped or destroyed.
bool announces_actions(alerts::Kind kind) {
    return kind == alerts::Kind::idle_warning || kind == alerts::Kind::cap_warning ||
           kind == alerts::Kind::policy_violation;
}

}  // namespace

void DaemonRun::on_api_request(const ApiRequest& request) {
    testimony_->asked(request);
    std::uint64_t early = 0;
    for (const auto& [endpoint, statistics] : world_->statistics()) {
        early += statistics.too_frequent;
    }
    // One that has just begun cannot know when the one before it last asked.
    const bool begun = request.at - started_at_ < seconds{10};
    require(early == early_ || begun, Invariant::pace_kept, [&] {
        return fmt::format("{} {} came too early", request.request.method, request.target);
    });
    kinds_["met: early after a start"] += early - early_;
    early_ = early;
}

void DaemonRun::on_api_answer(const ApiAnswer& answer) {
    const auto sweeps = testimony_->sweeps();
    const auto verifications = testimony_->verifications();
    audit_->read(machine_->disk());
    if (!writable_ && mischief_->disk_full()) {
        judge_->disturbed(answer.at);  // nothing is done without a durable intent
    }
    testimony_->answered(answer);
    if (testimony_->verifications() != verifications) {
        mischief_->verified();
    }
    if (testimony_->sweeps() != sweeps) {
        mischief_->listed();
    }
}

void DaemonRun::ordered(
    bool destroy,
    const std::vector<std::int64_t>& ids,
    bool taken,
    Instant at) {
    const char* early = taken ? "" : " (too early)";
    story("request: {} {}{}", destroy ? "destroy" : "stop", fmt::join(ids, " "), early);
    audit_->read(machine_->disk());
    if (taken) {
        judge_->ordered(destroy, ids, at);
        mischief_->acted();
    } else {
        judge_->refused_as_too_early(destroy, ids, at);
    }
    if (!verdicts_.violations().empty()) {
        machine_->interrupt();
    }
}

void DaemonRun::take_record(const boost::json::object& record) {
    const auto* instance = record.if_contains("instance_id");
    const auto action = text_of(record, "action");
    const auto outcome = text_of(record, "outcome");
    if (instance == nullptr || !instance->is_int64()) {
        return;
    }
    const auto id = instance->get_int64();
    const auto* reasons = record.if_contains("reasons");
    story(
        "audit: {} {} {} {} {}",
        action,
        id,
        outcome,
        text_of(record, "detail"),
        reasons == nullptr ? "" : boost::json::serialize(*reasons));
    if (action == "hold") {
        // Records come late when they could not be written: somebody may have decided since.
        const auto decided = decided_.find(id);
        const auto made = parse_rfc3339(text_of(record, "timestamp"));
        if (decided != decided_.end() && made && *made - mischief_->skew() <= decided->second) {
            return;
        }
        judge_->held(id, true, held_as_mass(InstanceId{id}), texts_of(reasons), now());
    } else if (outcome == "intended") {
        judge_->intended(id, texts_of(reasons));
    } else if (outcome == "dropped" || outcome == "vanished" || outcome == "confirmed") {
        judge_->dropped(id);
        if (outcome == "confirmed") {
            confirmed_.insert(id);
        }
    }
}

bool DaemonRun::held_as_mass(InstanceId id) {
    const auto seen = view();
    bool mass = false;
    for (const auto& hold : seen ? seen->holds : std::vector<enforcement::Hold>{}) {
        if (std::ranges::find(hold.instances, id) != hold.instances.end()) {
            // One of many idle ones may wait for what a reload made due as well.
            const bool here = std::ranges::any_of(seen->cases, [&](const auto& item) {
                return item.instance == id && item.hold == hold.id;
            });
            mass = hold.kind == enforcement::Hold::Kind::mass_idle;
            if (here) {
                break;
            }
        }
    }
    return mass;
}

void DaemonRun::on_log(
    Instant at,
    runtime::Level level,
    std::string_view event,
    std::string_view message) {
    story("log: {} {}: {}", runtime::to_string(level), event, message);
    if (event == "alert") {
        look_at_ = at;
        machine_->interrupt();
    } else if (event == "state_unwritable") {
        writable_ = false;
        broken_at_ = at;
        judge_->disturbed(at);
    } else if (event == "state_writable") {
        writable_ = true;
        unkept_.clear();
        judge_->disturbed(at);
        look_at_ = at;
    } else if (event == "config_reloaded") {
        take_policy(at);
        testimony_->forget_pending();
    }
}

std::shared_ptr<const engine::View> DaemonRun::view() {
    auto* process = machine_->process();
    return process == nullptr ? nullptr : process->backend().view();
}

void DaemonRun::tell(const alerts::Alert& alert, Instant at, bool durable) {
    auto& known = alerts_[alert.id.str()];
    const bool is_new = judge_->told(alert, at, durable);
    if (is_new) {
        story("alert {}{}: {}", alert.resolved ? "resolved " : "", alert.id.str(), alert.title);
        if (announces_actions(alert.kind) && !alert.resolved) {
            mischief_->expect_actions();
        }
        const bool says_done = alert.kind == alerts::Kind::instance_destroyed ||
                               alert.kind == alerts::Kind::instance_stopped;
        for (const auto& one : alert.instances) {
            if (says_done && !alert.dry_run && writable_ && at - broken_at_ > minutes{10}) {
                done_.push_back(Done{one.id.value(), at});
            }
        }
    }
    known.durable = known.durable || durable;
}

/// What was done and told, and is in no record.
void DaemonRun::judge_records() {
    audit_->read(machine_->disk());
    std::erase_if(done_, [this](const Done& done) {
        if (now() - done.at < minutes{1}) {
            return false;
        }
        // What dies between the two loses the record.
        const bool kept = confirmed_.contains(done.id) || broken_at_ >= done.at - minutes{1};
        require(kept, Invariant::audit_whole, [&] {
            return fmt::format("no record says what became of {}", done.id);
        });
        return true;
    });
}

/// An alert goes out for the first time: what is told has to survive whoever tells it.
void DaemonRun::judge_haste(const std::string& alert) {
    const auto made = ulid_time(alert);
    const Instant wall = machine_->clock().wall;
    if (!made || *made > wall) {
        return;  // made before the clock was set back
    }
    require(machine_->disk().synced_at() >= *made, Invariant::alert_delivered, [&] {
        return fmt::format(
            "alert {} goes out, and nothing was stored since {}",
            alert,
            format_rfc3339(machine_->disk().synced_at()));
    });
}

/// Reads what was told since, from the daemon's own list.
void DaemonRun::look() {
    look_at_.reset();
    const auto seen = view();
    if (!seen) {
        return;
    }
    const bool fresh = seen->at - mischief_->skew() >= now() - milliseconds{1};
    for (auto alert = seen->alerts.rbegin(); alert != seen->alerts.rend(); ++alert) {
        const auto known = alerts_.find(alert->alert.id.str());
        if (known == alerts_.end()) {
            tell(alert->alert, now(), false);
        } else if (!known->second.durable && writable_) {
            tell(alert->alert, now(), true);
        }
    }
    const bool open =
        std::ranges::any_of(alerts_, [](const auto& item) { return !item.second.durable; });
    if (!fresh) {
        look_at_ = now() + milliseconds{300};
    } else if (open && writable_) {
        look_at_ = now() + minutes{2};
    }
}

void DaemonRun::on_delivery(const Delivery& delivery) {
    const std::string id{delivery.id};
    const auto notifier = std::string{delivery.receiver.substr(0, delivery.receiver.find('.'))};
    const auto known = alerts_.find(id);
    const bool goes_out_first = known == alerts_.end() || (!known->second.durable && writable_);
    if (goes_out_first && writable_) {
        look();  // what was told before it became durable before it
    }
    if (goes_out_first) {
        boost::json::error_code error;
        const auto body = boost::json::parse(
            boost::json::string_view{delivery.body.data(), delivery.body.size()}, error);
        const auto alert = body.is_object() ? wire::alert_from_json(body.get_object())
                                            : std::optional<alerts::Alert>{};
        require(alert.has_value(), Invariant::alert_true, [&] {
            return fmt::format("{} gets a body that is no alert", notifier);
        });
        if (alert && writable_ && alert->kind != alerts::Kind::test) {
            judge_haste(id);
        }
        if (alert) {
            tell(*alert, delivery.at, writable_);
        }
    }
    story(
        "{} {} {}",
        notifier,
        delivery.confirmed ? "is told"
        : delivery.taken   ? "takes without a word"
                           : "refuses",
        id);
    if (delivery.taken) {
        judge_->delivered(id, notifier, delivery.at, delivery.confirmed);
    } else if (delivery.refused) {
        judge_->refused(id, notifier);
    }
    if (!delivery.confirmed) {
        judge_->disturbed(delivery.at);
    }
}

void DaemonRun::on_heartbeat(Instant at) {
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
        const auto listed = testimony_->listed_at(i);
        require(at - listed < minutes{5} + 3 * plan_.poll_interval, Invariant::nothing_stale, [&] {
            return fmt::format(
                "the heartbeat says that all is well; {} was listed at {}",
                plan_.accounts[i].name,
                format_rfc3339(listed));
        });
    }
}

}  // namespace vastwatch::simulation
