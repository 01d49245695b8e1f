// How long a page of instances takes to decode, beside what Boost.JSON needs to parse the same
// bytes into values: the target is within twice of that. Two pages of 25: as a sweep gets them
// (selected columns) and with every column.
#include "vast/columns.hpp"
#include "vast/decode_instances.hpp"
#include "vast/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <variant>

namespace {

using namespace vastwatch;

namespace json = boost::json;

std::string sample_text() {
    std::ifstream file(VASTWATCH_TEST_DATA "/vast-api/instances-v1-page1.json", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A page of 25 made of the sample's rows, with those columns that `wanted` lets through.
template <class Wanted>
std::string page_text(Wanted wanted) {
    auto page = json::parse(sample_text()).as_object();
    const json::array rows = page.at("instances").as_array();
    json::array made;
    for (std::int64_t id = 1; id <= 25; ++id) {
        json::object row;
        for (const auto& entry : rows[static_cast<std::size_t>(id) % rows.size()].as_object()) {
            if (wanted(std::string_view(entry.key().data(), entry.key().size()))) {
                row[entry.key()] = entry.value();
            }
        }
        row["id"] = id;
        made.push_back(std::move(row));
    }
    page["instances_found"] = 25;
    page["instances"] = std::move(made);
    return json::serialize(page);
}

const std::string& selected_page() {
    static const std::string page = page_text([](std::string_view name) {
        const auto column = vast::column_of(name);
        return column != vast::Column::none && column < vast::Column::extra_env;
    });
    return page;
}

const std::string& full_page() {
    static const std::string page = page_text([](std::string_view) { return true; });
    return page;
}

void count_bytes(benchmark::State& state, const std::string& page) {
    state.SetBytesProcessed(
        static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(page.size()));
}

void parse(benchmark::State& state, const std::string& page) {
    for (auto step : state) {
        static_cast<void>(step);
        json::monotonic_resource memory;
        auto value = json::parse(page, &memory);
        benchmark::DoNotOptimize(value);
    }
    count_bytes(state, page);
}

void decode(benchmark::State& state, const std::string& page) {
    for (auto step : state) {
        static_cast<void>(step);
        auto outcome = vast::decode_page(page);
        if (!std::holds_alternative<vast::Page>(outcome)) {
            std::abort();
        }
        benchmark::DoNotOptimize(outcome);
    }
    count_bytes(state, page);
}

void parse_selected(benchmark::State& state) {
    parse(state, selected_page());
}

void decode_selected(benchmark::State& state) {
    decode(state, selected_page());
}

void parse_full(benchmark::State& state) {
    parse(state, full_page());
}

void decode_full(benchmark::State& state) {
    decode(state, full_page());
}

BENCHMARK(parse_selected);
BENCHMARK(decode_selected);
BENCHMARK(parse_full);
BENCHMARK(decode_full);

}  // namespace

BENCHMARK_MAIN();
