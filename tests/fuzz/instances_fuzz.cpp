// Pages of the instance list, one after the other with 0x1E between them: each is decoded with and
// without recipes, compared with what a plain JSON tree says, and added to a listing.
#include "failure_check.hpp"
#include "fuzz.hpp"
#include "vast/decode_instances.hpp"
#include "vast/json_fields.hpp"
#include "vast/json_text.hpp"
#include "vast/listing.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::fuzz {
namespace {

constexpr std::int64_t year_2001 = 978'307'200;
constexpr std::int64_t year_2200 = 7'258'118'400;

bool in_range(const std::optional<double>& value, double least, double most) {
    return !value || (std::isfinite(*value) && *value >= least && *value <= most);
}

void check_text(const std::string& text, std::size_t most) {
    require(text.size() <= most, "a text of a row is bounded", text);
    require(is_utf8(text), "a text of a row is well-formed", text);
}

void check_instant(const std::optional<Instant>& instant) {
    if (instant) {
        const auto seconds =
            std::chrono::floor<std::chrono::seconds>(*instant).time_since_epoch().count();
        require(seconds >= year_2001 && seconds <= year_2200, "a date is one of our time");
    }
}

void check_row(const fleet::Observation& row) {
    require(row.id.value() > 0, "an instance has a positive id");
    check_text(row.label, 1024);
    for (const auto* text :
         {&row.gpu_name, &row.status_text, &row.runtype, &row.template_hash, &row.verification}) {
        check_text(*text, 256);
    }
    check_text(row.status_message, 500);
    check_text(row.image, 1024);
    require(!row.num_gpus || (*row.num_gpus >= 1 && *row.num_gpus <= 4096), "GPUs can be counted");
    require(!row.machine_id || *row.machine_id > 0, "a machine has a positive id");
    require(!row.host_id || *row.host_id > 0, "a host has a positive id");
    require(in_range(row.disk_gb, 0, 1e7), "a disk has a possible size");
    check_instant(row.start_date);
    check_instant(row.end_date);
    const auto& telemetry = row.telemetry;
    for (const auto* reading :
         {&telemetry.gpu_util,
          &telemetry.gpu_temp,
          &telemetry.cpu_util,
          &telemetry.mem_usage,
          &telemetry.inet_up,
          &telemetry.inet_down}) {
        require(in_range(*reading, -1e15, 1e15), "a reading is finite and bounded");
    }
    const auto& prices = row.prices;
    for (const auto* rate :
         {&prices.gpu, &prices.storage, &prices.search_total, &prices.reported}) {
        require(!*rate || is_rate(**rate), "a rate is not negative and bounded");
    }
    require(in_range(prices.discount, 0, 1), "a discount is a share");
    require(in_range(prices.inet_up_per_gb, 0, 1000), "traffic has a possible price");
    require(in_range(prices.inet_down_per_gb, 0, 1000), "traffic has a possible price");
}

void check_recipe(const fleet::Recipe& recipe, const fleet::Observation& row) {
    require(recipe.label == row.label, "a recipe is of its row: label");
    require(recipe.gpu_name == row.gpu_name, "a recipe is of its row: GPU");
    require(recipe.disk_gb == row.disk_gb, "a recipe is of its row: disk");
    require(recipe.machine_id == row.machine_id, "a recipe is of its row: machine");
    require(recipe.environment_names.size() <= 256, "names of variables are bounded");
    for (const auto& name : recipe.environment_names) {
        check_text(name, 256);
        require(!name.empty(), "a variable has a name");
        require(name.find('=') == std::string::npos, "no variable's value is kept", name);
    }
    check_text(recipe.onstart, std::size_t{16} * 1024);
}

void check_page(const vast::Page& page) {
    require(page.total >= 0, "a count is not negative");
    require(page.next_token.size() <= 8192, "a token is bounded");
    for (const auto& row : page.rows) {
        check_row(row);
    }
}

/// The decoder never builds a tree. This compares it with one that does.
void compare_with_tree(std::string_view body, const vast::Page& page) {
    const auto tree = vast::parse_json(body, {});
    require(tree.has_value() && tree->is_object(), "what decodes as a page is a JSON object");
    const auto* rows = vast::array_field(tree->get_object(), "instances");
    if (rows == nullptr) {
        return;  // the name stands there twice
    }
    require(rows->size() == page.rows.size() + page.skipped, "no row is lost");
    std::size_t next = 0;
    for (const auto& value : *rows) {
        const auto* row = value.if_object();
        const auto id = row == nullptr ? std::optional<std::int64_t>()
                                       : vast::read_integer(vast::field(*row, "id"), 1);
        if (!id) {
            continue;
        }
        require(next < page.rows.size(), "every row with an id is taken");
        const auto& taken = page.rows[next++];
        require(taken.id.value() == *id, "ids come in the order of the rows");
        const auto label = vast::read_text(vast::field(*row, "label")).value_or("");
        require(taken.label == vast::bounded_text(label, 1024), "a label is that of its row");
        vast::Bounds bounds;
        bounds.least = -1e15;
        bounds.most = 1e15;
        const auto util = vast::read_number(vast::field(*row, "gpu_util"), bounds);
        require(taken.telemetry.gpu_util == util, "utilisation is that of its row");
        const auto rate = vast::read_rate(vast::field(*row, "dph_base"));
        require(taken.prices.gpu == rate, "a price is that of its row");
    }
    require(next == page.rows.size(), "no row is made up");
}

void check_listing(const vast::Outcome<vast::Listing>& outcome, std::size_t asked) {
    const auto* listing = value_of(outcome);
    if (listing == nullptr) {
        return;
    }
    for (std::size_t i = 1; i < listing->rows.size(); ++i) {
        require(listing->rows[i - 1].id < listing->rows[i].id, "ids ascend, none twice");
    }
    require(asked == 0 || listing->skipped == 0, "no row that was asked for is skipped");
    if (listing->recipes.size() == listing->rows.size()) {
        for (std::size_t i = 0; i < listing->rows.size(); ++i) {
            check_recipe(listing->recipes[i], listing->rows[i]);
        }
    }
}

void add_up(const std::vector<vast::Page>& pages, std::size_t asked) {
    vast::ListTally tally(asked);
    for (const auto& page : pages) {
        const auto failure = tally.add(page);
        if (failure) {
            check_failure(*failure);
            return;
        }
        if (tally.next_token().empty()) {
            break;
        }
    }
    if (tally.next_token().empty()) {
        check_listing(tally.take(), asked);
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<vast::Page> pages;
    for (const auto body : split(text_of(data, size), '\x1e')) {
        const auto plain = vast::decode_page(body);
        const auto full = vast::decode_page_with_recipes(body);
        value_of(vast::decode_row_keys(body));
        const auto* page = value_of(plain);
        const auto* with_recipes = value_of(full);
        require(
            (page == nullptr) == (with_recipes == nullptr),
            "recipes do not decide whether a page can be read");
        if (page == nullptr || with_recipes == nullptr) {
            continue;
        }
        check_page(*page);
        require(page->rows == with_recipes->rows, "recipes do not change rows");
        require(page->recipes.empty(), "recipes come when asked for");
        require(with_recipes->recipes.size() == page->rows.size(), "a recipe for each row");
        for (std::size_t i = 0; i < page->rows.size(); ++i) {
            check_recipe(with_recipes->recipes[i], page->rows[i]);
        }
        compare_with_tree(body, *page);
        pages.push_back(*with_recipes);
    }
    if (!pages.empty()) {
        add_up(pages, 0);
        add_up(pages, pages.front().rows.size());
    }
    return 0;
}

}  // namespace vastwatch::fuzz
