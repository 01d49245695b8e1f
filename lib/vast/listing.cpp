#include "vast/listing.hpp"

#include "vast/answer.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace vastwatch::vast {
namespace {

// The service may give pages of five, and a proxy that filters may give empty ones.
constexpr std::size_t least_rows_per_page = 5;
constexpr std::size_t spare_pages = 64;
constexpr std::size_t most_pages_ever = 100'000;
constexpr std::int64_t most_reserved = 200'000;

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
    to.insert(to.end(), std::move_iterator(from.begin()), std::move_iterator(from.end()));
}

template <class T>
void arrange(std::vector<T>& things, const std::vector<std::size_t>& order) {
    std::vector<T> arranged;
    arranged.reserve(things.size());
    for (const auto index : order) {
        arranged.push_back(std::move(things[index]));
    }
    things = std::move(arranged);
}

bool by_id(const fleet::Observation& a, const fleet::Observation& b) {
    return a.id < b.id;
}

bool same_id(const fleet::Observation& a, const fleet::Observation& b) {
    return a.id == b.id;
}

}  // namespace

std::optional<Failure> TokenGuard::check(const std::string& token, std::size_t most_pages) {
    if (!seen_.insert(token).second) {
        return incomplete("a page leads back to one that was read already");
    }
    if (seen_.size() >= most_pages) {
        return incomplete("it has too many pages");
    }
    return std::nullopt;
}

std::size_t ListTally::most_pages() const {
    const auto expected = static_cast<std::size_t>(total_) / least_rows_per_page;
    return std::min(expected + spare_pages, most_pages_ever);
}

std::optional<Failure> ListTally::add(Page page) {
    if (pages_ == 0) {
        listing_.rows.reserve(static_cast<std::size_t>(std::min(page.total, most_reserved)));
        listing_.asked_at = page.asked_at;
    }
    listing_.repeated += page.repeated;
    total_changed_ = total_changed_ || (pages_ > 0 && page.total != total_);
    total_ = page.total;
    ++pages_;
    append(listing_.rows, page.rows);
    append(listing_.recipes, page.recipes);
    listing_.skipped += page.skipped;
    next_token_ = std::move(page.next_token);
    if (next_token_.empty()) {
        return std::nullopt;
    }
    return tokens_.check(next_token_, most_pages());
}

void ListTally::sort() {
    if (std::ranges::is_sorted(listing_.rows, by_id)) {
        return;
    }
    std::vector<std::size_t> order(listing_.rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto& rows = listing_.rows;
    std::ranges::sort(
        order, [&rows](std::size_t a, std::size_t b) { return by_id(rows[a], rows[b]); });
    if (listing_.recipes.size() == order.size()) {
        arrange(listing_.recipes, order);
    }
    arrange(listing_.rows, order);
}

std::optional<Failure> ListTally::judge_everything(std::int64_t listed) const {
    if (listed < total_) {
        return incomplete("fewer instances were listed than there are");
    }
    if (listed > total_ && !total_changed_) {
        return incomplete("more instances were listed than there are");
    }
    return std::nullopt;
}

std::optional<Failure> ListTally::judge_asked(std::int64_t listed) const {
    // A row without an id may be one that was asked for, and must not pass for one that is gone.
    if (listing_.skipped > 0) {
        return incomplete("a row has no usable id");
    }
    // Whether the count respects the filter is not documented; when it is larger it does not.
    if (total_ <= static_cast<std::int64_t>(asked_) && listed < total_) {
        return incomplete("fewer instances were listed than there are");
    }
    return std::nullopt;
}

std::optional<Failure> ListTally::judge() const {
    const auto& rows = listing_.rows;
    if (std::ranges::adjacent_find(rows, same_id) != rows.end()) {
        return incomplete("an instance is listed twice");
    }
    const auto listed = static_cast<std::int64_t>(rows.size() + listing_.skipped);
    return asked_ == 0 ? judge_everything(listed) : judge_asked(listed);
}

Outcome<Listing> ListTally::take() {
    sort();
    auto failure = judge();
    if (failure) {
        return *std::move(failure);
    }
    return std::move(listing_);
}

}  // namespace vastwatch::vast
