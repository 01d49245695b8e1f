#include "watch/account_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace vastwatch::watch {
namespace {

namespace asio = boost::asio;
using runtime::field;

/// After something was requested the account is swept again this soon, to confirm it.
constexpr Duration confirm_after = std::chrono::seconds{2};
constexpr Duration longest_backoff = std::chrono::minutes{5};

vast::Access access_of(const config::AccountAccess& settings) {
    vast::Access access;
    access.account = settings.name;
    access.url = settings.url;
    access.api_key = settings.api_key.duplicate();
    access.request_timeout = settings.request_timeout;
    access.request_interval = settings.request_interval;
    access.ca_file = settings.ca_file.value_or("");
    return access;
}

std::shared_ptr<vast::Client>
make_client(const World& world, const config::AccountAccess& settings, const vast::Client* before) {
    auto& metrics = world.metrics;
    auto report = [&metrics](const vast::RequestReport& done) {
        metrics.api_request(done.account, done.endpoint, done.code, done.took);
    };
    return vast::make_client(
        vast::World{world.http, world.clock, world.random, world.log, std::move(report)},
        access_of(settings),
        before);
}

std::vector<engine::ChargeRow> charge_rows(const vast::Charges& charges) {
    std::vector<engine::ChargeRow> rows;
    rows.reserve(charges.rows.size());
    for (const auto& row : charges.rows) {
        engine::ChargeRow charge;
        charge.source = row.source;
        charge.instance = row.instance;
        charge.label = row.label;
        charge.amounts.gpu = row.gpu;
        charge.amounts.disk = row.disk;
        charge.amounts.bandwidth = row.bandwidth;
        charge.amounts.other = row.other;
        rows.push_back(std::move(charge));
    }
    return rows;
}

bool was_withheld(const vast::Outcome<vast::Accepted>& outcome) {
    const auto* failure = std::get_if<vast::Failure>(&outcome);
    return failure != nullptr && failure->problem == vast::Problem::withheld;
}

engine::RequestAnswered answer_event(
    const engine::RequestOrder& order,
    const vast::Outcome<vast::Accepted>& outcome) {
    engine::RequestAnswered event;
    event.account = order.account;
    event.action = order.action;
    event.ids = order.ids;
    if (const auto* accepted = std::get_if<vast::Accepted>(&outcome)) {
        event.outcome =
            accepted->gone ? engine::RequestOutcome::gone : engine::RequestOutcome::accepted;
        return event;
    }
    const auto& failure = std::get<vast::Failure>(outcome);
    event.outcome =
        failure.maybe_done ? engine::RequestOutcome::unclear : engine::RequestOutcome::failed;
    event.message = failure.message;
    return event;
}

}  // namespace

AccountWatch::AccountWatch(Core& core, const config::AccountAccess& access)
    : core_(core),
      name_(access.name),
      poll_wake_(core.world().clock),
      billing_wake_(core.world().clock),
      verify_wake_(core.world().clock),
      request_wake_(core.world().clock) {
    take(access);
}

AccountWatch::~AccountWatch() {
    core_.remove_orders(name_);
}

void AccountWatch::take(const config::AccountAccess& access) {
    poll_interval_ = access.poll_interval;
    billing_interval_ = access.billing_interval;
    client_ = make_client(core_.world(), access, client_.get());
    failures_ = 0;
    core_.add_orders(name_, this);
}

void AccountWatch::renew(const config::AccountAccess& access) {
    take(access);
    poll_wake_.notify();
    billing_wake_.notify();
}

void AccountWatch::retire() {
    client_.reset();
    core_.remove_orders(name_);
}

void AccountWatch::verify(engine::VerifyOrder order) {
    // One order a request: each is as old as its own request when it is answered, and what was read
    // is acted upon while the rest waits for its turn.
    const auto& ids = order.ids;
    for (std::size_t first = 0; first < ids.size(); first += vast::most_ids_per_read) {
        const auto end = std::min(first + vast::most_ids_per_read, ids.size());
        engine::VerifyOrder part;
        part.account = order.account;
        part.ids.assign(
            std::next(ids.begin(), static_cast<std::ptrdiff_t>(first)),
            std::next(ids.begin(), static_cast<std::ptrdiff_t>(end)));
        verify_orders_.push_back(std::move(part));
    }
    verify_wake_.notify();
}

void AccountWatch::request(engine::RequestOrder order) {
    // What waits for its turn takes along what comes meanwhile: requests are slower than the reads
    // that lead to them, and whoever waits long is to be read anew.
    auto& waiting = request_orders_;
    for (const auto id : order.ids) {
        if (waiting.empty() || waiting.back().action != order.action ||
            waiting.back().ids.size() >= vast::most_ids_per_action) {
            engine::RequestOrder next;
            next.account = order.account;
            next.action = order.action;
            waiting.push_back(std::move(next));
        }
        waiting.back().ids.push_back(id);
    }
    request_wake_.notify();
}

void AccountWatch::poll_soon() {
    poll_wake_.notify();
}

void AccountWatch::poll_now() {
    urgent_ = true;
    poll_wake_.notify();
}

// --- Polling.

Duration AccountWatch::next_poll_after(Duration took) {
    if (failures_ == 0) {
        return std::max(poll_interval_ - took, Duration{0});
    }
    // Fails: again soon at first, then ever less often, never less often than every five minutes.
    constexpr Duration first = std::chrono::seconds{2};
    const Duration doubled = first * (std::int64_t{1} << std::min(failures_ - 1, 10));
    const Duration pause = std::min({doubled, longest_backoff, std::max(poll_interval_, first)});
    const double jitter = 0.75 + 0.5 * core_.world().random.next_unit();
    return Duration{static_cast<std::int64_t>(static_cast<double>(pause.count()) * jitter)};
}

asio::awaitable<void> AccountWatch::poll_loop() {
    for (;;) {
        auto client = client_;
        if (!client) {
            co_await poll_wake_.wait();
            continue;
        }
        const auto began = core_.now().mono;
        urgent_ = false;
        co_await poll_once(std::move(client));
        const auto ended = core_.now().mono;
        const auto pause = next_poll_after(ended - began);
        auto asked = co_await poll_wake_.wait_until(ended + pause);
        if (asked && !urgent_ && poll_interval_ > confirm_after && failures_ == 0) {
            co_await core_.world().clock.sleep_for(std::min(confirm_after, pause));
        }
    }
}

asio::awaitable<void> AccountWatch::poll_once(std::shared_ptr<vast::Client> client) {
    const auto began = core_.now().mono;
    auto outcome = co_await client->sweep();
    const auto now = core_.now();
    if (client != client_) {
        co_return;  // the account was renewed or retired meanwhile
    }
    engine::Effects effects;
    if (const auto* sweep = std::get_if<fleet::Sweep>(&outcome)) {
        failures_ = 0;
        note_poll(nullptr, sweep->rows.size(), now.mono - began);
        effects = core_.engine().on_sweep(*sweep, now);
    } else {
        ++failures_;
        const auto& failure = std::get<vast::Failure>(outcome);
        note_poll(&failure, 0, now.mono - began);
        engine::PollFailed event;
        event.account = name_;
        event.key_rejected = failure.problem == vast::Problem::key_rejected;
        event.message = failure.message;
        effects = core_.engine().on_poll_failed(event, now);
    }
    co_await core_.settle(std::move(effects));
    core_.world().manager.status(core_.engine().status_line(core_.now()));
}

void AccountWatch::note_poll(const vast::Failure* failure, std::size_t instances, Duration took) {
    auto& log = core_.world().log;
    const std::string problem = failure == nullptr ? "" : failure->message;
    if (failure == nullptr && !poll_problem_.empty()) {
        log.notice(
            "poll_recovered",
            "account " + name_.str() + " can be listed again",
            {field("account", name_.str())});
    } else if (failure != nullptr && poll_problem_.empty()) {
        log.warning(
            "poll_failed",
            "account " + name_.str() + " cannot be listed: " + problem,
            {field("account", name_.str()), field("problem", vast::to_string(failure->problem))});
    }
    poll_problem_ = problem;
    log.debug(
        "poll_done",
        fmt::format("account {}: {} instances", name_.str(), instances),
        {field("account", name_.str()),
         field("ms", std::chrono::floor<std::chrono::milliseconds>(took).count())});
}

// --- Billing.

asio::awaitable<void> AccountWatch::billing_loop() {
    for (;;) {
        auto client = client_;
        if (client) {
            co_await bill_once(std::move(client));
        }
        const auto now = core_.now().mono;
        co_await billing_wake_.wait_until(now + billing_interval_);
    }
}

asio::awaitable<void> AccountWatch::bill_once(std::shared_ptr<vast::Client> client) {
    co_await read_money(client);
    auto increases = co_await client->price_increases();
    if (const auto* list = std::get_if<std::vector<vast::PriceIncrease>>(&increases)) {
        std::vector<engine::PriceIncreaseFact> facts;
        for (const auto& increase : *list) {
            engine::PriceIncreaseFact fact;
            fact.id = increase.id;
            fact.instance = increase.instance;
            fact.old_rate = increase.old_gpu;
            fact.new_rate = increase.new_gpu;
            fact.old_disk = increase.old_disk;
            fact.new_disk = increase.new_disk;
            facts.push_back(fact);
        }
        auto effects = core_.engine().on_price_increases(name_, std::move(facts), core_.now());
        co_await core_.settle(std::move(effects));
    }
    bool complete = true;
    const auto days = core_.engine().charge_days(name_, core_.now());
    for (const auto day : days) {
        auto read = co_await read_day(client, day);
        complete = complete && read;
    }
    // Last, since it waits for the first sweep, which is under way meanwhile.
    auto read = co_await read_backfills(client);
    complete = complete && read;
    if (complete) {
        note_billing("");
        auto effects = core_.engine().on_charges_complete(name_, core_.now());
        co_await core_.settle(std::move(effects));
    }
}

asio::awaitable<std::optional<std::vector<engine::ChargeRow>>> AccountWatch::read_charges(
    std::shared_ptr<vast::Client> client,
    Instant first_day,
    Instant last_day) {
    auto outcome = co_await client->charges(first_day, last_day);
    if (const auto* failure = std::get_if<vast::Failure>(&outcome)) {
        note_billing(failure->message);
        co_return std::nullopt;
    }
    const auto& charges = std::get<vast::Charges>(outcome);
    if (charges.skipped_rows > 0) {
        // Sums that are too small must not become final.
        note_billing(fmt::format("{} rows have no readable amount", charges.skipped_rows));
        co_return std::nullopt;
    }
    co_return charge_rows(charges);
}

asio::awaitable<bool> AccountWatch::read_day(std::shared_ptr<vast::Client> client, Instant day) {
    auto rows = co_await read_charges(std::move(client), day, day);
    if (!rows) {
        co_return false;
    }
    engine::ChargesRead event;
    event.account = name_;
    event.day = day;
    event.rows = std::move(*rows);
    auto effects = core_.engine().on_charges(event, core_.now());
    co_await core_.settle(std::move(effects));
    co_return true;
}

asio::awaitable<bool> AccountWatch::read_backfills(std::shared_ptr<vast::Client> client) {
    engine::BackfillRead event;
    event.account = name_;
    const auto ranges = core_.engine().backfills(name_, core_.now());
    for (const auto& range : ranges) {
        auto rows = co_await read_charges(client, range.first_day, range.last_day);
        if (!rows) {
            co_return false;
        }
        engine::BackfillRead::Part part;
        part.range = range;
        part.rows = std::move(*rows);
        event.parts.push_back(std::move(part));
    }
    if (!event.parts.empty()) {
        auto effects = core_.engine().on_backfill(event, core_.now());
        co_await core_.settle(std::move(effects));
    }
    co_return true;
}

asio::awaitable<void> AccountWatch::read_money(std::shared_ptr<vast::Client> client) {
    engine::MoneyRead event;
    event.account = name_;
    auto user = co_await client->user();
    if (const auto* info = std::get_if<vast::UserInfo>(&user)) {
        event.credit = info->credit;
        event.total_spend = info->total_spend;
    }
    auto rate = co_await client->spend_rate();
    if (const auto* reported = std::get_if<vast::SpendRate>(&rate)) {
        event.reported_rate = reported->gpu + reported->storage;
    }
    auto effects = core_.engine().on_money(event, core_.now());
    co_await core_.settle(std::move(effects));
}

void AccountWatch::note_billing(const std::string& problem) {
    auto& log = core_.world().log;
    if (!problem.empty() && billing_problem_.empty()) {
        log.warning(
            "billing_unreadable",
            "charges of account " + name_.str() +
                " cannot be read, so spend is accrual alone: " + problem,
            {field("account", name_.str())});
    } else if (problem.empty() && !billing_problem_.empty()) {
        log.notice(
            "billing_readable",
            "charges of account " + name_.str() + " can be read again",
            {field("account", name_.str())});
    }
    billing_problem_ = problem;
}

// --- Orders.

asio::awaitable<void> AccountWatch::verify_loop() {
    for (;;) {
        if (verify_orders_.empty()) {
            co_await verify_wake_.wait();
            continue;
        }
        auto order = std::move(verify_orders_.front());
        verify_orders_.pop_front();
        auto client = client_;
        engine::Effects effects;
        if (client) {
            auto outcome = co_await client->verify(order.ids);
            if (const auto* read = std::get_if<fleet::Verification>(&outcome)) {
                effects = core_.engine().on_verified(*read, core_.now());
            } else {
                // The rest would fail likewise, one after the other, ahead of every sweep.
                add_waiting_reads(order);
                auto message = std::get<vast::Failure>(outcome).message;
                effects = core_.engine().on_verify_failed(order, std::move(message), core_.now());
            }
        } else {
            effects = core_.engine().on_verify_failed(
                order, "the account is no longer configured", core_.now());
        }
        co_await core_.settle(std::move(effects));
    }
}

void AccountWatch::add_waiting_reads(engine::VerifyOrder& order) {
    for (const auto& waiting : verify_orders_) {
        order.ids.insert(order.ids.end(), waiting.ids.begin(), waiting.ids.end());
    }
    verify_orders_.clear();
}

asio::awaitable<void> AccountWatch::request_loop() {
    for (;;) {
        if (request_orders_.empty()) {
            co_await request_wake_.wait();
            continue;
        }
        auto order = std::move(request_orders_.front());
        request_orders_.pop_front();
        const auto wanted = order.ids.size();
        auto withdrawn = core_.engine().withdraw(order, core_.now());
        if (order.ids.size() < wanted) {
            // The rest has its turn next, and is asked about again.
            request_orders_.push_front(std::move(order));
            co_await core_.settle(std::move(withdrawn));
            continue;
        }
        if (order.ids.empty()) {
            continue;
        }
        auto client = client_;
        if (client) {
            co_await send(std::move(client), std::move(order));
            continue;
        }
        engine::RequestAnswered event;
        event.account = name_;
        event.action = order.action;
        event.ids = order.ids;
        event.outcome = engine::RequestOutcome::failed;
        event.message = "the account is no longer configured";
        auto effects = core_.engine().on_answered(event, core_.now());
        co_await core_.settle(std::move(effects));
    }
}

asio::awaitable<void> AccountWatch::send(
    std::shared_ptr<vast::Client> client,
    engine::RequestOrder order) {
    // Not what is to be withdrawn, nor with a key that was replaced or taken away meanwhile.
    vast::MayLeave may_leave = [this, asked = client.get(), &order]() {
        return asked == client_.get() && core_.engine().may_leave(order, core_.now());
    };
    vast::Outcome<vast::Accepted> outcome;
    if (order.action == policy::Action::stop) {
        outcome = co_await client->stop(order.ids, std::move(may_leave));
    } else {
        outcome = co_await client->destroy(order.ids, std::move(may_leave));
    }
    if (was_withheld(outcome)) {
        // The rest of it has its turn next.
        request_orders_.push_front(std::move(order));
        co_return;
    }
    auto event = answer_event(order, outcome);
    const bool failed = event.outcome == engine::RequestOutcome::failed;
    core_.world().log.notice(
        "action_requested",
        fmt::format(
            "account {}: {} of {} instance{}{}",
            name_.str(),
            policy::to_string(order.action),
            order.ids.size(),
            order.ids.size() == 1 ? "" : "s",
            failed ? " failed: " + event.message : " requested"),
        {field("account", name_.str()),
         field("action", policy::to_string(order.action)),
         field("instances", static_cast<std::int64_t>(order.ids.size()))});
    auto effects = core_.engine().on_answered(event, core_.now());
    co_await core_.settle(std::move(effects));
}

}  // namespace vastwatch::watch
