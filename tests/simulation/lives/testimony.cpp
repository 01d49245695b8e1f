#include "lives/testimony.hpp"

#include "judge/reading.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>

namespace vastwatch::simulation {
namespace {

namespace json = boost::json;

constexpr std::string_view list_path = "/api/v1/instances/";
constexpr std::string_view bulk_path = "/api/v0/instances/";
constexpr Duration longest_wait = std::chrono::minutes{4};
constexpr std::string_view charges_path = "/api/v0/charges/";

/// The value of a parameter, still encoded; empty when it is not there.
std::string_view parameter(std::string_view target, std::string_view name) {
    const auto at = target.find(name);
    if (at == std::string_view::npos) {
        return {};
    }
    const auto rest = target.substr(at + name.size());
    return rest.substr(0, rest.find('&'));
}

std::size_t count_of(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
        ++count;
    }
    return count;
}

/// The second number of {"day":{"gte":A,"lte":B}}, percent-encoded.
std::int64_t last_second(std::string_view filters) {
    const auto at = filters.find("lte");
    if (at == std::string_view::npos) {
        return 0;
    }
    const auto begin = filters.find_first_of("123456789", filters.find("%3A", at) + 3);
    std::int64_t seconds = 0;
    if (begin != std::string_view::npos) {
        std::from_chars(filters.data() + begin, filters.data() + filters.size(), seconds);
    }
    return seconds;
}

std::vector<std::int64_t> ids_of(const std::string& body) {
    std::vector<std::int64_t> ids;
    json::error_code error;
    const auto value = json::parse(body, error);
    const auto* object = value.if_object();
    if (error || object == nullptr) {
        return ids;
    }
    for (const char* member : {"instance_ids", "ids"}) {
        const auto* list = object->if_contains(member);
        if (list != nullptr && list->is_array()) {
            for (const auto& id : list->get_array()) {
                ids.push_back(id.to_number<std::int64_t>());
            }
        }
    }
    return ids;
}

std::string_view word(std::uint8_t what) {
    constexpr std::array<std::string_view, 5> words{
        "listing", "verification", "charges", "action", "other"};
    return words.at(what);
}

}  // namespace

Testimony::Testimony(
    std::vector<const vastsim::Account*> accounts,
    Duration slow,
    Judge& judge,
    Ordered ordered)
    : accounts_(std::move(accounts)),
      slow_(slow),
      judge_(judge),
      ordered_(std::move(ordered)),
      listings_(accounts_.size()) {}

Testimony::Pending Testimony::read_request(const ApiRequest& request) const {
    Pending pending;
    pending.asked_at = request.at;
    for (const auto& header : request.request.headers) {
        for (std::size_t i = 0; header.name == "Authorization" && i < accounts_.size(); ++i) {
            if (header.value == "Bearer " + accounts_[i]->spec().keys.front().key) {
                pending.account = i;
            }
        }
    }
    const auto& method = request.request.method;
    if (method == "DELETE" || method == "PUT") {
        pending.what = What::action;
    } else if (request.target.starts_with(list_path)) {
        const auto filters = parameter(request.target, "select_filters=");
        pending.what = filters.empty() ? What::listing : What::verification;
        pending.wanted = filters.empty() ? 0 : count_of(filters, "%2C") + 1;
        pending.first = parameter(request.target, "after_token=").empty();
        // The doctor's look at one whole row is no listing.
        if (parameter(request.target, "select_cols=").empty()) {
            pending.what = What::other;
        }
    } else if (request.target.starts_with(charges_path)) {
        pending.what = What::charges;
        const auto until = last_second(parameter(request.target, "select_filters="));
        pending.present = Instant{std::chrono::seconds{until}} >= request.at;
    }
    return pending;
}

void Testimony::read_reply(Pending& pending, const ApiRequest& request) const {
    using Wire = vastsim::HttpReply::Wire;
    const auto& reply = request.reply;
    const bool arrives = reply.wire == Wire::whole || reply.wire == Wire::drip;
    if (!arrives || reply.status != 200) {
        return;
    }
    if (pending.what == What::listing || pending.what == What::verification) {
        auto page = read_page(reply.body, *accounts_[pending.account]);
        pending.usable = page.has_value();
        pending.page = page ? std::move(*page) : ServedPage{};
    } else if (pending.what == What::charges) {
        const auto charges = read_charges(reply.body);
        pending.usable = charges.has_value();
        pending.complete = charges && !charges->more;
    } else {
        pending.usable = true;
    }
}

void Testimony::asked(const ApiRequest& request) {
    auto pending = read_request(request);
    if (pending.what == What::action) {
        order(request);
    }
    read_reply(pending, request);
    pending_.emplace(request.number, std::move(pending));
}

void Testimony::order(const ApiRequest& request) {
    // What is refused because it comes too early was not taken, and may be repeated; but it might
    // have been.
    constexpr int too_early = 429;
    // The service has done it by now; what counts is how things stood before.
    const Instant before = request.at - Duration{1};
    if (request.target.starts_with(bulk_path)) {
        const bool taken = request.reply.status != too_early;
        ordered_(request.request.method == "DELETE", ids_of(request.request.body), taken, before);
    }
}

void Testimony::answered(const ApiAnswer& answer) {
    const auto found = pending_.find(answer.number);
    if (found == pending_.end()) {
        return;
    }
    auto pending = std::move(found->second);
    pending_.erase(found);
    const auto* response = std::get_if<net::Response>(&answer.result);
    if (answer.at - pending.asked_at > slow_) {
        judge_.disturbed(answer.at);
    }
    if (response == nullptr || response->status != 200 || !pending.usable) {
        fail(pending, answer.at);
        return;
    }
    if (pending.what == What::listing) {
        take_page(pending, answer.at);
    } else if (pending.what == What::verification) {
        verify(pending, answer.at);
    } else if (pending.what == What::charges && pending.complete && pending.present) {
        judge_.charges_read(pending.account, answer.at);
    }
}

void Testimony::fail(const Pending& pending, Instant at) {
    ++useless_[std::string{word(static_cast<std::uint8_t>(pending.what))}];
    judge_.disturbed(at);
    if (pending.what == What::charges) {
        judge_.charges_missed(pending.account, at);
    }
}

void Testimony::forget_pending() {
    pending_.clear();
    for (auto& listing : listings_) {
        listing.rows.clear();
        listing.pages = 0;
    }
}

// --- Listings.

void Testimony::take_page(Pending& pending, Instant at) {
    auto& listing = listings_[pending.account];
    auto& page = pending.page;
    if (pending.first) {
        listing.rows.clear();
        listing.skipped = 0;
        listing.pages = 0;
        listing.total_changed = false;
        // Before it was asked it may have waited for its turn.
        listing.began = pending.asked_at - longest_wait;
        listing.asked_at = pending.asked_at;
    } else if (listing.pages == 0) {
        return;  // the rest of one that has failed
    }
    listing.total_changed =
        listing.total_changed || (listing.pages > 0 && listing.total != page.total);
    listing.total = page.total;
    listing.skipped += page.skipped;
    ++listing.pages;
    std::ranges::move(page.rows, std::back_inserter(listing.rows));
    if (page.next_token.empty()) {
        finish(pending.account, at);
        listing.pages = 0;
    }
}

void Testimony::finish(std::size_t account, Instant at) {
    auto& listing = listings_[account];
    auto& rows = listing.rows;
    std::ranges::sort(rows, {}, &ServedRow::id);
    const bool twice = std::ranges::adjacent_find(rows, {}, &ServedRow::id) != rows.end();
    const auto listed = static_cast<std::int64_t>(rows.size() + listing.skipped);
    const bool too_many = listed > listing.total && !listing.total_changed;
    if (twice || listed < listing.total || too_many) {
        ++useless_["listing"];
        judge_.disturbed(at);
        return;
    }
    ++sweeps_;
    rows_ += rows.size();
    take_missing(account, at);
    take_rows(account, at);
    judge_.swept(account, listing.began, at);
    listing.served_at = at;
    listing.served_from = listing.asked_at;
}

void Testimony::take_missing(std::size_t account, Instant at) {
    auto& listing = listings_[account];
    auto row = listing.rows.begin();
    for (auto known = listing.known.begin(); known != listing.known.end();) {
        while (row != listing.rows.end() && row->id < known->first) {
            ++row;
        }
        auto* watched = known->second.watched;
        // It may have cost what it cost before up to now, or have run since.
        Doubt doubt{known->second.charged, known->second.most};
        const auto gone = accounts_[account]->gone().find(known->first);
        if (gone != accounts_[account]->gone().end()) {
            doubt.under = std::max(doubt.under, running_rate(gone->second));  // it may have risen
        }
        if (row != listing.rows.end() && row->id == known->first) {
            ++known;
        } else if (accounts_[account]->find(known->first) != nullptr) {
            // It is there, and was left out.
            judge_.disturbed(at);
            ++watched->changes;
            judge_.watches_again(known->first, at);
            known->second.doubtful = watched->left_out = true;
            ++watched->lies;
            judge_.bill().unseen(*watched, doubt, listing.served_from, at);
            ++known;
        } else {
            judge_.bill().unseen(*watched, doubt, listing.served_from, at);
            if (listing.rows.empty()) {
                doubt_until_next(*watched, doubt.over, at);  // another one has to confirm it
            }
            watched->missing = true;
            watched->changed_at = at;
            watched->due_since.reset();
            known = listing.known.erase(known);
        }
    }
}

void Testimony::take_rows(std::size_t account, Instant at) {
    auto& listing = listings_[account];
    for (const auto& row : listing.rows) {
        auto& known = listing.known[row.id];
        if (known.watched == nullptr) {
            known.watched = &judge_.watch(account, row.id);
        }
        auto& watched = *known.watched;
        const bool is_new = !watched.any_sample;
        const auto reading = row.read();
        judge_.sample(watched, reading, at);
        const bool changed = reading.rate != known.charged || row.revision != known.revision;
        // The very first listing counts what is young from its start on.
        const bool first = listing.served_at == Instant{};
        const auto since = first ? at - std::chrono::hours{1} : listing.served_from;
        // A price that was served before stands in for one that is not, unless it has changed.
        const bool may_differ = is_new || changed || !known.priced;
        known.unsure = row.priceless && (known.unsure || may_differ || row.mispriced);
        known.priced = known.priced || (!row.priceless && reading.running);
        const bool doubtful = row.doubtful || known.unsure;
        if (changed || doubtful || known.doubtful) {
            // Whatever it was in between, it cost no more than when it runs; a new one is taken to
            // have cost from its start what it costs now, a known one what it cost before, unless a
            // fresh read has said something else since.
            const auto most = std::max(known.charged, row.most);
            const bool reread = watched.read_at && *watched.read_at >= since;
            const auto doubt = reread || doubtful || known.doubtful
                                   ? Doubt{most, most}
                                   : doubt_of(is_new ? reading.rate : known.charged, most);
            const Instant from = is_new ? std::max(since, reading.started) : since;
            if (!first || reading.started > since) {
                judge_.bill().unseen(watched, doubt, std::min(from, at), at);
            }
            if (is_new && !first && reading.started < since) {
                // The latest listing has left it out. It accrues since then (section 4), and what
                // it cost before that is known from charges alone.
                const Doubt lied_about{.over = UsdPerHour{}, .under = most};
                judge_.bill().unseen(watched, lied_about, reading.started, since);
            }
        }
        known.charged = reading.rate;
        known.most = std::max(reading.rate, row.most);
        known.revision = row.revision;
        known.doubtful = doubtful;
        if (row.doubtful || row.priceless) {
            ++watched.changes;
            judge_.disturbed(at);
        }
        if (doubtful) {
            doubt_until_next(watched, row.most, at);
        }
    }
}

void Testimony::doubt_until_next(const Watched& watched, UsdPerHour most, Instant at) {
    judge_.bill().unseen(watched, Doubt{most, most}, at, at + judge_.poll_interval());
}

void Testimony::verify(Pending& pending, Instant at) {
    const auto& page = pending.page;
    const auto listed = static_cast<std::int64_t>(page.rows.size() + page.skipped);
    const bool filtered = page.total <= static_cast<std::int64_t>(pending.wanted);
    const bool incomplete = page.skipped > 0 || (filtered && listed < page.total);
    if (incomplete || !page.next_token.empty()) {
        fail(pending, at);
        return;
    }
    ++verifications_;
    for (const auto& row : page.rows) {
        auto& watched = judge_.watch(pending.account, row.id);
        judge_.read(watched, row.read(), at);
        // The daemon goes by what it read until the next listing.
        if (row.doubtful || row.mispriced) {
            doubt_until_next(watched, row.most, at);
        }
    }
}

}  // namespace vastwatch::simulation
