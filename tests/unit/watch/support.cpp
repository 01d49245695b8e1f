#include "support.hpp"

#include "base/assert.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>

namespace vastwatch::watch::testing {

namespace asio = boost::asio;

namespace {

std::shared_ptr<const config::Config> make_config() {
    policy::Policy policy;
    policy.enforcement.enforce = true;
    policy::Account account;
    account.name = main_account;
    policy.accounts = {account};
    policy::Team nobody;
    nobody.name = policy::unassigned();
    policy.teams = {nobody};
    policy.all_notifiers = {ops};
    auto config = std::make_shared<config::Config>();
    config->policy = std::make_shared<policy::Policy>(std::move(policy));
    config::Notifier notifier;
    notifier.name = ops;
    config->notifiers.push_back(std::move(notifier));
    return config;
}

}  // namespace

void Gate::open() {
    closed_ = false;
    opened_.notify();
}

asio::awaitable<std::optional<std::string>> Gate::pass() {
    while (closed_) {
        co_await opened_.wait();
    }
    auto failure = std::exchange(failure_, std::nullopt);
    co_return failure;
}

asio::awaitable<std::optional<store::StoreError>> GatedStore::commit(engine::Changes changes) {
    if (changes.empty()) {
        co_return std::nullopt;
    }
    auto failure = co_await gate.pass();
    if (failure) {
        co_return store::StoreError{*failure};
    }
    kept.commit(std::move(changes));
    co_return std::nullopt;
}

asio::awaitable<std::optional<audit::AuditError>> GatedAudit::append(
    std::vector<audit::Record> records) {
    if (records.empty()) {
        co_return std::nullopt;
    }
    auto failure = co_await gate.pass();
    if (failure) {
        co_return audit::AuditError{*failure};
    }
    std::ranges::move(records, std::back_inserter(kept));
    co_return std::nullopt;
}

std::vector<std::string> GatedAudit::details() const {
    std::vector<std::string> all;
    std::ranges::transform(
        kept, std::back_inserter(all), [](const auto& record) { return record.detail; });
    return all;
}

asio::awaitable<net::Result> OneAnswer::send(net::Request /*request*/) {
    VW_ASSERT(status);
    net::Response response;
    response.status = *status;
    co_return net::Result(std::move(response));
}

engine::Effects decision(int id, const std::string& outcome) {
    engine::Effects effects;
    engine::AuditRecord record;
    record.action = "destroy";
    record.instance = InstanceId{id};
    record.outcome = outcome;
    record.detail = outcome + " " + std::to_string(id);
    effects.audit.push_back(std::move(record));
    engine::RequestOrder order;
    order.account = main_account;
    order.ids.push_back(InstanceId{id});
    effects.requests.push_back(std::move(order));
    return effects;
}

engine::Effects remark(const std::string& detail) {
    engine::Effects effects;
    engine::AuditRecord record;
    record.action = "warn";
    record.outcome = "warned";
    record.detail = detail;
    effects.audit.push_back(std::move(record));
    return effects;
}

Bench::Bench(engine::Changes stored) {
    World world{
        loop,
        clock,
        random,
        log,
        http,
        store,
        audit,
        files,
        manager,
        metrics,
        "/nonexistent",
        "boot",
        nullptr,
        nullptr,
        nullptr};
    core = std::make_unique<Core>(std::move(world), make_config(), std::move(stored));
    core->add_orders(main_account, &orders);
}

Bench::~Bench() {
    clock.abandon();
}

std::shared_ptr<const bool> Bench::settle(engine::Effects effects) {
    return run(core->settle(std::move(effects)));
}

std::shared_ptr<const bool> Bench::run(asio::awaitable<void> coroutine) {
    auto done = std::make_shared<bool>(false);
    asio::co_spawn(loop, std::move(coroutine), [done](const std::exception_ptr& error) {
        if (error) {
            std::rethrow_exception(error);
        }
        *done = true;
    });
    clock.advance(0s);
    return done;
}

std::function<void()> Bench::run_until_cancelled(asio::awaitable<void> coroutine) {
    auto signal = std::make_shared<asio::cancellation_signal>();
    auto ended = [signal](const std::exception_ptr&) {};
    asio::co_spawn(loop, std::move(coroutine), asio::bind_cancellation_slot(signal->slot(), ended));
    clock.advance(0s);
    return [this, signal]() {
        asio::post(loop, [signal]() { signal->emit(asio::cancellation_type::terminal); });
        clock.advance(0s);
    };
}

std::shared_ptr<const bool> Bench::pause(const std::string& reason) {
    auto [answer, effects] = core->engine().pause(std::nullopt, reason, "uid:0", core->now());
    return settle(std::move(effects));
}

std::string Bench::pause_reason() const {
    const auto stored = store.kept.load().pause;
    return stored ? stored->reason : "";
}

}  // namespace vastwatch::watch::testing
