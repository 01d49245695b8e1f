#include "lives/served.hpp"

#include "judge/reading.hpp"
#include "model/noise.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

namespace vastwatch::simulation {
namespace {

namespace json = boost::json;

constexpr std::size_t buffer_size = std::size_t{256} * 1024;

/// Python writes what is no number as a bare word; it stands for "none".
std::string without_non_numbers(std::string_view body) {
    std::string text{body};
    for (const std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
            text.replace(at, word.size(), "null");
        }
    }
    return text;
}

json::value parse(std::string_view body, json::storage_ptr storage) {
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    json::error_code error;
    auto value = json::parse(json::string_view{body.data(), body.size()}, error, storage, options);
    if (error) {
        const auto text = without_non_numbers(body);
        value = json::parse(json::string_view{text}, error, storage, options);
    }
    return error ? json::value{nullptr} : value;
}

std::optional<double> number(const json::object& row, std::string_view column) {
    const auto* value = row.if_contains(column);
    if (value == nullptr || !value->is_number()) {
        return std::nullopt;
    }
    return value->to_number<double>();
}

/// What is of another type is unknown.
std::string text(const json::object& row, std::string_view column) {
    const auto* value = row.if_contains(column);
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::string{};
}

/// The API's notes know of numbers that come as text (quirk 14).
bool is_number(std::string_view text) {
    double value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value).ptr;
    return !text.empty() && end == text.data() + text.size();
}

std::uint64_t bits(std::optional<double> value) {
    return value ? std::bit_cast<std::uint64_t>(*value) : 0x5EED;
}

/// The model's word for what rows do not lie about.
void describe(ServedRow& row, const vastsim::Instance& instance) {
    read_state(instance, row.reading);
    row.most = running_rate(instance);
    row.revision = instance.revision;
}

/// The state that it says it is in is not the one it is in.
bool garbled(const json::object& row, const vastsim::Instance& instance) {
    const auto& condition = instance.condition;
    return text(row, "actual_status") != condition.actual.value_or("") ||
           text(row, "cur_state") != condition.current ||
           text(row, "intended_status") != condition.intended;
}

std::optional<ServedRow> read_row(const json::value& value, const vastsim::Account& account) {
    const auto* object = value.if_object();
    const auto* id = object == nullptr ? nullptr : object->if_contains("id");
    if (id == nullptr || !id->is_int64()) {
        return std::nullopt;
    }
    const auto* instance = account.find_any(id->get_int64());
    if (instance == nullptr) {
        return std::nullopt;
    }
    ServedRow row;
    row.id = id->get_int64();
    row.label = text(*object, "label");
    row.gpu_name = text(*object, "gpu_name");
    describe(row, *instance);
    auto& reading = row.reading;
    const bool garbled_state = garbled(*object, *instance);
    row.doubtful = garbled_state || !number(*object, "start_date");
    row.priceless = !number(*object, "dph_base");
    row.mispriced = is_number(text(*object, "dph_base"));
    if (garbled_state) {
        reading.rate = row.most;  // a state that is not known counts as running for the bill,
        reading.running = false;  // and not for idleness
    }
    reading.util = number(*object, "gpu_util");
    reading.temperature = number(*object, "gpu_temp");
    std::uint64_t others = 0;
    for (const char* column :
         {"gpu_temp", "cpu_util", "mem_usage", "inet_up_billed", "inet_down_billed"}) {
        others = vastsim::hash(others, bits(number(*object, column)), 1);
    }
    reading.others = others;
    return row;
}

bool denies(const json::object& page) {
    const auto* success = page.if_contains("success");
    return success != nullptr && success->is_bool() && !success->get_bool();
}

}  // namespace

std::optional<ServedPage> read_page(std::string_view body, const vastsim::Account& account) {
    static std::array<unsigned char, buffer_size> buffer;
    json::monotonic_resource memory{buffer.data(), buffer.size()};
    const auto value = parse(body, &memory);
    const auto* object = value.if_object();
    if (object == nullptr || denies(*object)) {
        return std::nullopt;
    }
    const auto* instances = object->if_contains("instances");
    const auto* rows = instances == nullptr ? nullptr : instances->if_array();
    const auto* total = object->if_contains("total_instances");
    const auto* found = object->if_contains("instances_found");
    const auto* next = object->if_contains("next_token");
    if (rows == nullptr || total == nullptr || !total->is_number()) {
        return std::nullopt;
    }
    ServedPage page;
    page.total = total->to_number<std::int64_t>();
    if (found != nullptr && found->is_number() && found->to_number<std::size_t>() != rows->size()) {
        return std::nullopt;
    }
    if (next != nullptr && next->is_string()) {
        page.next_token = std::string{next->get_string()};
    }
    page.rows.reserve(rows->size());
    for (const auto& entry : *rows) {
        auto row = read_row(entry, account);
        if (row) {
            page.rows.push_back(std::move(*row));
        } else {
            ++page.skipped;
        }
    }
    return page;
}

std::optional<ServedCharges> read_charges(std::string_view body) {
    const auto value = parse(body, {});
    const auto* object = value.if_object();
    const auto* rows = object == nullptr ? nullptr : object->if_contains("results");
    if (rows == nullptr || !rows->is_array() || denies(*object)) {
        return std::nullopt;
    }
    const bool readable = std::ranges::all_of(rows->get_array(), [](const json::value& row) {
        return row.is_object() && number(row.get_object(), "amount");
    });
    if (!readable) {
        return std::nullopt;
    }
    ServedCharges charges;
    const auto* next = object->if_contains("next_token");
    charges.more = next != nullptr && next->is_string() && !next->get_string().empty();
    return charges;
}

}  // namespace vastwatch::simulation
