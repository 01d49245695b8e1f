#include "vast/decode_billing.hpp"

#include "vast/answer.hpp"
#include "vast/json_fields.hpp"
#include "vast/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace vastwatch::vast {
namespace {

constexpr double most_amount = 1e6;  // dollars for one contract and one answer
constexpr std::size_t most_name_bytes = 256;
constexpr std::size_t most_label_bytes = 1024;
constexpr std::size_t most_token_bytes = 8192;
constexpr int most_item_levels = 4;
constexpr Usd one_rounding = Usd::from_nanos(1'000'000);  // between an item and its share of a row
// A sum of more than this is nonsense, and far below where integers end.
constexpr Usd most_sum = Usd::dollars(1'000'000'000);

/// What was found in the items of a row, beside the sums by their types.
struct Items {
    int read = 0;  // how many have an amount
    Usd untyped;   // of those that do not say what they are for
    // An item is there, or may be, of which the amount is not known.
    bool gpu_unknown = false;
    bool disk_unknown = false;
    bool any_unknown = false;
};

void note_unknown(Items& items, std::string_view type) {
    items.any_unknown = true;
    items.gpu_unknown = items.gpu_unknown || type == "gpu" || type.empty();
    items.disk_unknown = items.disk_unknown || type == "disk";
}

void add_item(Charge& charge, Items& items, const boost::json::object& item) {
    const auto type = read_text(field(item, "type")).value_or("");
    const auto amount = read_usd(field(item, "amount"), most_amount);
    if (!amount) {
        note_unknown(items, type);
        return;
    }
    ++items.read;
    if (type == "gpu") {
        charge.gpu += *amount;
    } else if (type == "disk") {
        charge.disk += *amount;
    } else if (type == "bwd" || type == "bwu") {
        charge.bandwidth += *amount;
    } else if (type.empty()) {
        items.untyped += *amount;
    } else {
        charge.other += *amount;
    }
}

/// Sorts the items' amounts by their types. Items of serverless rows hold items of their own, which
/// count in their place.
Items add_items(Charge& charge, const boost::json::object& row, int levels) {
    Items items;
    const auto* array = array_field(row, "items");
    if (array == nullptr || levels == 0) {
        return items;
    }
    for (const auto& value : *array) {
        const auto* item = value.if_object();
        if (item == nullptr) {
            note_unknown(items, "");
            continue;
        }
        const Items inner = add_items(charge, *item, levels - 1);
        if (inner.read == 0) {
            add_item(charge, items, *item);
            continue;
        }
        items.read += inner.read;
        items.untyped += inner.untyped;
        items.gpu_unknown = items.gpu_unknown || inner.gpu_unknown;
        items.disk_unknown = items.disk_unknown || inner.disk_unknown;
        items.any_unknown = items.any_unknown || inner.any_unknown;
    }
    return items;
}

/// Where money goes that no item tells the kind of. An instance accrues GPU and disk of its own,
/// and a charge of either is compared with that; as `other` it would come on top, and what accrued
/// would count twice. Less than nothing is a credit, never work.
Usd& kind_of_unknown(Charge& charge, Usd amount, const Items& items) {
    if (!charge.instance || amount <= Usd{}) {
        return charge.other;
    }
    if (items.gpu_unknown || items.read == 0) {
        return charge.gpu;
    }
    return items.disk_unknown ? charge.disk : charge.other;
}

/// What the items leave of the row's amount. Row and items are rounded each for itself, to a tenth
/// of a cent: a rest as small as that is no charge of another kind, and the largest part takes it.
void add_rest(Charge& charge, Usd rest, const Items& items) {
    const Usd rounding = Usd::from_nanos(items.read * one_rounding.nanos());
    if (rest > rounding || -rest > rounding) {
        kind_of_unknown(charge, rest, items) += rest;
        return;
    }
    std::array parts{&charge.gpu, &charge.disk, &charge.bandwidth, &charge.other};
    const auto largest = std::max_element(
        parts.begin(), parts.end(), [](const Usd* a, const Usd* b) { return *a < *b; });
    **largest += rest;
}

std::optional<InstanceId> instance_of(std::string_view source) {
    constexpr std::string_view prefix = "instance-";
    if (!source.starts_with(prefix)) {
        return std::nullopt;
    }
    const auto id = read_integer(Scalar::of_text(source.substr(prefix.size())), 1);
    if (!id) {
        return std::nullopt;
    }
    return InstanceId(*id);
}

/// Nothing when the row says no amount and its items not all of it.
std::optional<Charge> decode_charge(const boost::json::object& row) {
    Charge charge;
    charge.source = read_identifier(field(row, "source"), most_name_bytes);
    charge.instance = instance_of(charge.source);
    charge.type = read_identifier(field(row, "type"), most_name_bytes);
    const auto* metadata = object_field(row, "metadata");
    if (metadata != nullptr) {
        charge.label = read_identifier(field(*metadata, "label"), most_label_bytes);
        charge.endpoint = read_identifier(field(*metadata, "endpoint_id"), most_name_bytes);
    }
    const auto start = read_instant(field(row, "start"));
    if (start) {
        charge.first_day = utc_day_start(*start);
    }
    const Items items = add_items(charge, row, most_item_levels);
    const auto amount = read_usd(field(row, "amount"), most_amount);
    if (!amount && (items.read == 0 || items.any_unknown)) {
        return std::nullopt;
    }
    if (items.untyped != Usd{}) {
        // It may be the GPU's as well as another's, as when nothing at all is said.
        const Items nothing;
        kind_of_unknown(charge, items.untyped, nothing) += items.untyped;
    }
    if (amount) {
        add_rest(charge, *amount - charge.total(), items);
    }
    return charge;
}

bool is_bounded(Usd amount) {
    return amount <= most_sum && -amount <= most_sum;
}

bool is_bounded(const Charge& charge) {
    return is_bounded(charge.gpu) && is_bounded(charge.disk) && is_bounded(charge.bandwidth) &&
           is_bounded(charge.other);
}

}  // namespace

Outcome<ChargesPage> decode_charges(std::string_view body) {
    boost::json::monotonic_resource memory(std::max<std::size_t>(body.size(), 1024));
    const auto value = parse_json(body, &memory);
    const auto* object = value ? value->if_object() : nullptr;
    if (object == nullptr) {
        return bad_answer("it is not a JSON object");
    }
    const auto fields = error_fields(*object);
    const auto* results = array_field(*object, "results");
    if (fields.success == false || (results == nullptr && !fields.code.empty())) {
        return refused(fields);
    }
    if (results == nullptr) {
        return bad_answer("it has no array of results");
    }
    ChargesPage page;
    page.total = read_integer(field(*object, "total"), 0);
    const auto token = field(*object, "next_token");
    if (token.kind == Scalar::Kind::text && token.text.size() <= most_token_bytes) {
        page.next_token = token.text;
    } else if (token.kind != Scalar::Kind::null && token.kind != Scalar::Kind::missing) {
        return bad_answer("its next_token is no text");
    }
    for (const auto& entry : *results) {
        const auto* row = entry.if_object();
        auto charge = row == nullptr ? std::optional<Charge>() : decode_charge(*row);
        if (charge) {
            page.rows.push_back(*std::move(charge));
        } else {
            ++page.skipped;
        }
    }
    return page;
}

ChargesTally::ChargesTally(Instant first_day, Instant last_day)
    : first_day_(first_day), last_day_(last_day) {}

void ChargesTally::add(ChargesPage page) {
    rows_ += page.rows.size() + page.skipped;
    skipped_ += page.skipped;
    if (page.total) {
        total_ = std::min(total_.value_or(*page.total), *page.total);
    }
    for (auto& row : page.rows) {
        merge(std::move(row));
    }
}

void ChargesTally::merge(Charge row) {
    row.first_day = std::clamp(row.first_day, first_day_, last_day_);
    if (!is_bounded(row)) {
        ++skipped_;
        return;
    }
    const auto [at, is_new] = by_source_.try_emplace(row.source, row);
    if (is_new) {
        return;
    }
    Charge sum = at->second;
    sum.first_day = std::min(sum.first_day, row.first_day);
    sum.gpu += row.gpu;
    sum.disk += row.disk;
    sum.bandwidth += row.bandwidth;
    sum.other += row.other;
    if (!is_bounded(sum)) {
        ++skipped_;
        return;
    }
    if (sum.label.empty()) {
        sum.label = std::move(row.label);
    }
    if (sum.endpoint.empty()) {
        sum.endpoint = std::move(row.endpoint);
    }
    at->second = std::move(sum);
}

Outcome<Charges> ChargesTally::take() {
    // The count is of contracts, and a contract has at least one row.
    if (total_ && static_cast<std::int64_t>(rows_) < *total_) {
        return incomplete("there are more charges than were listed");
    }
    Charges charges;
    charges.first_day = first_day_;
    charges.last_day = last_day_;
    charges.skipped_rows = skipped_;
    charges.rows.reserve(by_source_.size());
    for (auto& [source, charge] : by_source_) {
        charges.rows.push_back(std::move(charge));
    }
    by_source_.clear();
    return charges;
}

}  // namespace vastwatch::vast
