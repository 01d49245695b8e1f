// Pages of charges, with 0x1E between them: decoded, and added up by contract.
#include "failure_check.hpp"
#include "fuzz.hpp"
#include "vast/decode_billing.hpp"
#include "vast/json_fields.hpp"
#include "vast/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>

namespace vastwatch::fuzz {
namespace {

constexpr Instant first_day{std::chrono::sys_days{std::chrono::year{2026} / 11 / 1}};
constexpr Instant last_day{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
constexpr std::int64_t most_sum = 1'000'000'000;

void check_text(const std::string& text, std::size_t most) {
    require(text.size() <= most, "a text of a charge is bounded", text);
    require(is_utf8(text), "a text of a charge is well-formed", text);
}

void check_charge(const vast::Charge& charge) {
    check_text(charge.source, 256);
    check_text(charge.type, 256);
    check_text(charge.label, 1024);
    check_text(charge.endpoint, 256);
    require(!charge.instance || charge.instance->value() > 0, "an instance has a positive id");
    require(
        !charge.instance || charge.source.starts_with("instance-"),
        "only a source that says so is an instance",
        charge.source);
    require(charge.first_day == utc_day_start(charge.first_day), "a day is a UTC midnight");
}

/// Of the items in `object`, as deep as is looked.
struct Said {
    bool any = false;  // one says an amount
    bool all = true;   // none fails to
};

Said items_of(const boost::json::object& object, int levels) {
    Said said;
    const auto* items = vast::array_field(object, "items");
    if (items == nullptr || levels == 0) {
        return said;
    }
    for (const auto& value : *items) {
        const auto* item = value.if_object();
        const Said inner = item == nullptr ? Said{} : items_of(*item, levels - 1);
        if (inner.any) {
            said.any = true;
            said.all = said.all && inner.all;
            continue;
        }
        const bool says = item != nullptr && vast::read_usd(vast::field(*item, "amount"), 1e6);
        said.any = said.any || says;
        said.all = said.all && says;
    }
    return said;
}

/// Whether the items tell what the row does not: its whole amount.
bool add_up(const boost::json::object& row) {
    const Said said = items_of(row, 4);
    return said.any && said.all;
}

/// The amount of each row in dollars is what its parts add up to.
void compare_with_tree(std::string_view body, const vast::ChargesPage& page) {
    const auto tree = vast::parse_json(body, {});
    require(tree.has_value() && tree->is_object(), "what decodes as a page is a JSON object");
    const auto* rows = vast::array_field(tree->get_object(), "results");
    require(rows != nullptr, "a page has rows");
    require(rows->size() == page.rows.size() + page.skipped, "no row is lost");
    std::size_t next = 0;
    for (const auto& value : *rows) {
        const auto* row = value.if_object();
        const auto amount = row == nullptr ? std::optional<Usd>()
                                           : vast::read_usd(vast::field(*row, "amount"), 1e6);
        if (row == nullptr || (!amount && !add_up(*row))) {
            continue;
        }
        require(next < page.rows.size(), "every row with an amount is taken");
        const auto& charge = page.rows[next++];
        const auto source = vast::read_identifier(vast::field(*row, "source"), 256);
        require(charge.source == source, "charges come in the order of the rows");
        require(!amount || charge.total() == *amount, "the parts of a charge are its amount");
    }
    require(next == page.rows.size(), "no charge is made up");
}

void check_sums(const vast::Charges& charges) {
    const std::string* before = nullptr;
    for (const auto& row : charges.rows) {
        check_charge(row);
        require(before == nullptr || *before < row.source, "a source has one sum, in order");
        before = &row.source;
        require(row.first_day >= first_day && row.first_day <= last_day, "a day is one asked for");
        for (const auto part : {row.gpu, row.disk, row.bandwidth, row.other}) {
            require(within(part, most_sum), "a sum is one that can be true");
        }
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vast::ChargesTally tally(first_day, last_day);
    for (const auto body : split(text_of(data, size), '\x1e')) {
        const auto outcome = vast::decode_charges(body);
        const auto* page = value_of(outcome);
        if (page == nullptr) {
            continue;
        }
        require(!page->total || *page->total >= 0, "a count is not negative");
        require(page->next_token.size() <= 8192, "a token is bounded");
        for (const auto& charge : page->rows) {
            check_charge(charge);
        }
        compare_with_tree(body, *page);
        tally.add(*page);
    }
    const auto sums = tally.take();
    const auto* charges = value_of(sums);
    if (charges != nullptr) {
        check_sums(*charges);
    }
    return 0;
}

}  // namespace vastwatch::fuzz
