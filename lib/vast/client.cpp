#include "vast/client.hpp"

#include "base/assert.hpp"
#include "vast/answer.hpp"
#include "vast/caller.hpp"
#include "vast/columns.hpp"
#include "vast/decode_account.hpp"
#include "vast/decode_billing.hpp"
#include "vast/decode_instances.hpp"
#include "vast/json_text.hpp"
#include "vast/listing.hpp"
#include "vast/requests.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace vastwatch::vast {
namespace {

namespace asio = boost::asio;

constexpr std::size_t most_charges_pages = 1000;

template <class T>
using Decoder = Outcome<T> (*)(std::string_view body);

template <class T>
Outcome<T> decode_answer(const Outcome<net::Response>& answer, Decoder<T> decode) {
    if (const auto* failure = std::get_if<Failure>(&answer)) {
        return *failure;
    }
    return decode(std::get<net::Response>(answer).body);
}

/// Of a page it matters when it was asked for.
void note_moment(Page& page, Now left, MonoTime first_left) {
    page.asked_at = left;
    page.repeated = left.mono - first_left;
}

template <class T>
void note_moment(T& /*other*/, Now /*left*/, MonoTime /*first_left*/) {}

/// What a 2xx to a bulk action says. Any object that does not deny it is taken: the next sweeps
/// tell what became of each instance.
Outcome<Accepted> decode_accepted(std::string_view body) {
    const auto value = parse_json(body, {});
    const auto* object = value ? value->if_object() : nullptr;
    if (object == nullptr) {
        auto failure = bad_answer("it is not a JSON object");
        failure.maybe_done = true;
        return failure;
    }
    const auto fields = error_fields(*object);
    if (fields.success == false || (fields.success != true && !fields.code.empty())) {
        return refused(fields);
    }
    return Accepted();
}

/// The outcome of a bulk action. Nothing to act upon any more is success.
Outcome<Accepted> judge_action(const Outcome<net::Response>& answer) {
    const auto* failure = std::get_if<Failure>(&answer);
    if (failure != nullptr && means_gone(*failure)) {
        Accepted accepted;
        accepted.gone = true;
        return accepted;
    }
    auto outcome = decode_answer<Accepted>(answer, &decode_accepted);
    auto* failed = std::get_if<Failure>(&outcome);
    if (failed != nullptr && failed->status == 200 && failed->problem != Problem::key_rejected) {
        // An answer that cannot be read does not undo what was asked for. Nor does a denial with
        // status 200: of other requests it is known to come after they were carried out.
        failed->maybe_done = true;
    }
    return outcome;
}

class HttpApi final : public Client {
  public:
    HttpApi(World world, Access access) : caller_(std::move(world), std::move(access)) {}

    HttpApi(World world, Access access, const HttpApi& before)
        : caller_(std::move(world), std::move(access), before.caller_) {}

    asio::awaitable<Outcome<fleet::Sweep>> sweep() override;
    asio::awaitable<Outcome<fleet::Verification>> verify(std::vector<InstanceId> ids) override;
    asio::awaitable<Outcome<Accepted>> destroy(std::vector<InstanceId> ids, MayLeave may_leave)
        override;
    asio::awaitable<Outcome<Accepted>> stop(std::vector<InstanceId> ids, MayLeave may_leave)
        override;
    asio::awaitable<Outcome<Charges>> charges(Instant first_day, Instant last_day) override;
    asio::awaitable<Outcome<UserInfo>> user() override;
    asio::awaitable<Outcome<SpendRate>> spend_rate() override;
    asio::awaitable<Outcome<std::vector<PriceIncrease>>> price_increases() override;
    asio::awaitable<Outcome<std::vector<std::string>>> unknown_columns() override;
    Duration estimated_sweep(std::size_t instances) const override;
    Duration estimated_verify(std::size_t ids) const override;

  private:
    template <class T>
    asio::awaitable<Outcome<T>> fetch(Call call, Decoder<T> decode);

    asio::awaitable<Outcome<ListTally>> read_pages(ListQuery query);
    asio::awaitable<Outcome<Listing>> list(ListQuery query);
    asio::awaitable<Outcome<Accepted>> act(Call call);

    static Call read(Endpoint endpoint, std::string url);
    Call action(Endpoint endpoint, std::string_view method, std::string body) const;

    Caller caller_;
};

Call HttpApi::read(Endpoint endpoint, std::string url) {
    Call call;
    call.endpoint = endpoint;
    call.url = std::move(url);
    return call;
}

Call HttpApi::action(Endpoint endpoint, std::string_view method, std::string body) const {
    Call call;
    call.endpoint = endpoint;
    call.urgency = Urgency::act;
    call.method = method;
    call.url = bulk_url(caller_.origin());
    call.body = std::move(body);
    return call;
}

/// A GET, repeated while that may help: at most three attempts, within the call's deadline.
template <class T>
asio::awaitable<Outcome<T>> HttpApi::fetch(Call call, Decoder<T> decode) {
    const MonoTime deadline = caller_.deadline_for(call.endpoint);
    MonoTime first_left;
    for (int attempts = 1;; ++attempts) {
        const auto attempt = co_await caller_.attempt(call, deadline);
        first_left = attempts == 1 ? attempt.left.mono : first_left;
        auto outcome = decode_answer<T>(attempt.answer, decode);
        auto* failure = std::get_if<Failure>(&outcome);
        if (failure == nullptr) {
            note_moment(std::get<T>(outcome), attempt.left, first_left);
            co_return outcome;
        }
        const bool in_time = caller_.now().mono < deadline;
        if (!may_repeat_read(*failure) || attempts == most_attempts || !in_time) {
            co_return Outcome<T>(caller_.clean(std::move(*failure)));
        }
        co_await caller_.back_off(attempts);
    }
}

/// A bulk action, repeated only when it surely was not received. When the repetition is withheld,
/// that it failed before is what there is to tell.
asio::awaitable<Outcome<Accepted>> HttpApi::act(Call call) {
    const MonoTime deadline = caller_.deadline_for(call.endpoint);
    Failure latest;
    for (int attempts = 1;; ++attempts) {
        const auto attempt = co_await caller_.attempt(call, deadline);
        auto outcome = judge_action(attempt.answer);
        auto* failure = std::get_if<Failure>(&outcome);
        if (failure == nullptr) {
            co_return outcome;
        }
        if (failure->problem == Problem::withheld && attempts > 1) {
            co_return Outcome<Accepted>(std::move(latest));
        }
        latest = caller_.clean(std::move(*failure));
        const bool in_time = caller_.now().mono < deadline;
        if (!may_repeat_action(latest) || attempts == most_attempts || !in_time) {
            co_return Outcome<Accepted>(std::move(latest));
        }
        co_await caller_.back_off(attempts);
    }
}

asio::awaitable<Outcome<ListTally>> HttpApi::read_pages(ListQuery query) {
    const bool some = !query.ids.empty();
    Decoder<Page> decode = query.with_recipes ? &decode_page_with_recipes : &decode_page;
    ListTally tally(query.ids.size());
    for (;;) {
        auto call =
            read(Endpoint::instances, list_url(caller_.origin(), query, tally.next_token()));
        call.urgency = some ? Urgency::verify : Urgency::routine;
        auto outcome = co_await fetch<Page>(std::move(call), decode);
        if (auto* failure = std::get_if<Failure>(&outcome)) {
            co_return Outcome<ListTally>(std::move(*failure));
        }
        auto failure = tally.add(std::get<Page>(std::move(outcome)));
        if (failure) {
            co_return Outcome<ListTally>(*std::move(failure));
        }
        if (tally.next_token().empty()) {
            co_return Outcome<ListTally>(std::move(tally));
        }
    }
}

/// A listing that does not add up is read once more: the fleet may have changed under it.
asio::awaitable<Outcome<Listing>> HttpApi::list(ListQuery query) {
    MonoTime first_asked;
    for (int attempts = 1;; ++attempts) {
        auto pages = co_await read_pages(query);
        if (auto* failure = std::get_if<Failure>(&pages)) {
            co_return Outcome<Listing>(std::move(*failure));
        }
        const MonoTime asked = std::get<ListTally>(pages).asked_at();
        first_asked = attempts == 1 ? asked : first_asked;
        auto listing = std::get<ListTally>(pages).take();
        if (auto* whole = std::get_if<Listing>(&listing)) {
            whole->repeated += asked - first_asked;
        }
        if (std::holds_alternative<Listing>(listing) || attempts == 2) {
            co_return listing;
        }
    }
}

asio::awaitable<Outcome<fleet::Sweep>> HttpApi::sweep() {
    fleet::Sweep sweep;
    sweep.account = caller_.account();
    sweep.began = caller_.now();
    ListQuery everything;
    auto outcome = co_await list(std::move(everything));
    if (auto* failure = std::get_if<Failure>(&outcome)) {
        co_return Outcome<fleet::Sweep>(std::move(*failure));
    }
    auto& listing = std::get<Listing>(outcome);
    sweep.rows = std::move(listing.rows);
    sweep.skipped_rows = listing.skipped;
    sweep.repeated = listing.repeated;
    sweep.ended = caller_.now();
    co_return Outcome<fleet::Sweep>(std::move(sweep));
}

/// Moves what was asked for into the verification: a service that ignores the filter lists more.
void keep_asked(fleet::Verification& verification, Listing listing) {
    for (std::size_t i = 0; i < listing.rows.size(); ++i) {
        const auto& asked = verification.asked;
        if (std::ranges::binary_search(asked, listing.rows[i].id)) {
            verification.rows.push_back(std::move(listing.rows[i]));
            verification.recipes.push_back(std::move(listing.recipes[i]));
        }
    }
}

static_assert(most_ids_per_read <= rows_per_page);

asio::awaitable<Outcome<fleet::Verification>> HttpApi::verify(std::vector<InstanceId> ids) {
    VW_ASSERT(ids.size() <= most_ids_per_read);
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    fleet::Verification verification;
    verification.account = caller_.account();
    verification.asked = ids;
    verification.read_at = caller_.now();
    if (ids.empty()) {
        co_return Outcome<fleet::Verification>(std::move(verification));
    }
    ListQuery query;
    query.with_recipes = true;
    query.ids = std::move(ids);
    auto outcome = co_await list(std::move(query));
    if (auto* failure = std::get_if<Failure>(&outcome)) {
        co_return Outcome<fleet::Verification>(std::move(*failure));
    }
    auto& listing = std::get<Listing>(outcome);
    // From when it left on, for before that it may have waited long for its turn.
    verification.read_at = listing.asked_at;
    keep_asked(verification, std::move(listing));
    co_return Outcome<fleet::Verification>(std::move(verification));
}

asio::awaitable<Outcome<Accepted>> HttpApi::destroy(
    std::vector<InstanceId> ids,
    MayLeave may_leave) {
    VW_ASSERT(ids.size() <= most_ids_per_action);
    if (ids.empty()) {
        co_return Outcome<Accepted>(Accepted());
    }
    auto call = action(Endpoint::destroy, "DELETE", destroy_body(ids));
    call.may_leave = std::move(may_leave);
    auto outcome = co_await act(std::move(call));
    co_return outcome;
}

asio::awaitable<Outcome<Accepted>> HttpApi::stop(std::vector<InstanceId> ids, MayLeave may_leave) {
    VW_ASSERT(ids.size() <= most_ids_per_action);
    if (ids.empty()) {
        co_return Outcome<Accepted>(Accepted());
    }
    auto call = action(Endpoint::stop, "PUT", stop_body(ids));
    call.may_leave = std::move(may_leave);
    auto outcome = co_await act(std::move(call));
    co_return outcome;
}

asio::awaitable<Outcome<Charges>> HttpApi::charges(Instant first_day, Instant last_day) {
    ChargesTally tally(first_day, last_day);
    TokenGuard tokens;
    std::string token;
    for (;;) {
        auto call =
            read(Endpoint::charges, charges_url(caller_.origin(), first_day, last_day, token));
        auto outcome = co_await fetch<ChargesPage>(std::move(call), &decode_charges);
        if (auto* failure = std::get_if<Failure>(&outcome)) {
            co_return Outcome<Charges>(std::move(*failure));
        }
        auto& page = std::get<ChargesPage>(outcome);
        token = page.next_token;
        tally.add(std::move(page));
        if (token.empty()) {
            co_return tally.take();
        }
        auto failure = tokens.check(token, most_charges_pages);
        if (failure) {
            co_return Outcome<Charges>(*std::move(failure));
        }
    }
}

asio::awaitable<Outcome<UserInfo>> HttpApi::user() {
    auto call = read(Endpoint::user, user_url(caller_.origin()));
    auto outcome = co_await fetch<UserInfo>(std::move(call), &decode_user);
    co_return outcome;
}

asio::awaitable<Outcome<SpendRate>> HttpApi::spend_rate() {
    auto call = read(Endpoint::spend_rate, spend_rate_url(caller_.origin()));
    auto outcome = co_await fetch<SpendRate>(std::move(call), &decode_spend_rate);
    co_return outcome;
}

asio::awaitable<Outcome<std::vector<PriceIncrease>>> HttpApi::price_increases() {
    auto call = read(Endpoint::price_increases, price_increases_url(caller_.origin()));
    auto outcome =
        co_await fetch<std::vector<PriceIncrease>>(std::move(call), &decode_price_increases);
    co_return outcome;
}

asio::awaitable<Outcome<std::vector<std::string>>> HttpApi::unknown_columns() {
    auto call = read(Endpoint::instances, full_row_url(caller_.origin()));
    auto outcome = co_await fetch<std::vector<std::string>>(std::move(call), &decode_row_keys);
    const auto* keys = std::get_if<std::vector<std::string>>(&outcome);
    if (keys == nullptr || keys->empty()) {
        co_return outcome;
    }
    const std::set<std::string_view> known(keys->begin(), keys->end());
    std::vector<std::string> unknown;
    for (const auto name : column_names()) {
        if (!known.contains(name)) {
            unknown.emplace_back(name);
        }
    }
    co_return Outcome<std::vector<std::string>>(std::move(unknown));
}

std::int64_t pages_of(std::size_t things, std::size_t per_page) {
    return static_cast<std::int64_t>(std::max<std::size_t>((things + per_page - 1) / per_page, 1));
}

Duration HttpApi::estimated_sweep(std::size_t instances) const {
    const auto further = pages_of(instances, rows_per_page) - 1;
    return caller_.next_answer(Endpoint::instances) + further * caller_.step(Endpoint::instances);
}

Duration HttpApi::estimated_verify(std::size_t ids) const {
    const auto reads = pages_of(ids, rows_per_page);
    const auto requests = pages_of(ids, most_ids_per_action);
    // A sweep under way may have taken the endpoint's turn the moment before; of the two actions
    // the slower one is meant.
    const auto verified =
        reads * caller_.step(Endpoint::instances) + caller_.next_answer(Endpoint::instances);
    const auto act = std::max(
        caller_.next_answer(Endpoint::destroy) + (requests - 1) * caller_.step(Endpoint::destroy),
        caller_.next_answer(Endpoint::stop) + (requests - 1) * caller_.step(Endpoint::stop));
    return verified + act;
}

}  // namespace

std::string_view to_string(Problem problem) {
    switch (problem) {
        case Problem::unreachable:
            return "unreachable";
        case Problem::server_error:
            return "server_error";
        case Problem::rate_limited:
            return "rate_limited";
        case Problem::key_rejected:
            return "key_rejected";
        case Problem::refused:
            return "refused";
        case Problem::bad_answer:
            return "bad_answer";
        case Problem::incomplete:
            return "incomplete";
        case Problem::withheld:
            return "withheld";
    }
    return "unknown";
}

std::unique_ptr<Client> make_client(World world, Access access, const Client* before) {
    if (const auto* same = dynamic_cast<const HttpApi*>(before)) {
        return std::make_unique<HttpApi>(std::move(world), std::move(access), *same);
    }
    return std::make_unique<HttpApi>(std::move(world), std::move(access));
}

}  // namespace vastwatch::vast
