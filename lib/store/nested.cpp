#include "store/nested.hpp"

#include "store/corrupt.hpp"
#include "store/words.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>

namespace vastwatch::store {
namespace {

namespace json = boost::json;

/// A string literal of JSON. Bytes that are not UTF-8 go through as they are.
std::string quoted(std::string_view text) {
    return json::serialize(json::string_view{text.data(), text.size()});
}

/// As the columns have it: what is not a number is absent.
std::string real(const std::optional<double>& value) {
    return value && !std::isnan(*value) ? fmt::format("\"{}\"", *value) : "null";
}

template <class T>
std::string integer(const std::optional<T>& value) {
    return value ? fmt::format("{}", *value) : "null";
}

std::int64_t nanos(Instant instant) {
    return instant.time_since_epoch().count();
}

template <class T, class Write>
std::string list(const std::vector<T>& items, Write write) {
    std::string text = "[";
    for (const auto& item : items) {
        if (text.size() > 1) {
            text += ',';
        }
        write(text, item);
    }
    return text + ']';
}

json::value parse(std::string_view text) {
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    boost::system::error_code error;
    auto value = json::parse(
        json::string_view{text.data(), text.size()}, error, json::storage_ptr{}, options);
    if (error) {
        throw Corrupt("a list that is not JSON");
    }
    return value;
}

/// Reads the elements of one array in order.
class Elements {
  public:
    Elements(const json::value& value, std::size_t count) {
        if (!value.is_array() || value.get_array().size() != count) {
            throw Corrupt("a list entry of another shape");
        }
        next_ = value.get_array().begin();
    }

    std::int64_t integer() {
        const json::value& value = *next_++;
        if (!value.is_int64()) {
            throw Corrupt("a list entry that is not an integer");
        }
        return value.get_int64();
    }

    int small() {
        const auto wide = integer();
        if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
            throw Corrupt("a list entry out of range");
        }
        return static_cast<int>(wide);
    }

    bool boolean() { return integer() != 0; }

    std::string text() {
        const json::value& value = *next_++;
        if (!value.is_string()) {
            throw Corrupt("a list entry that is not a string");
        }
        return std::string{value.get_string().data(), value.get_string().size()};
    }

    double real() {
        const std::string digits = text();
        double value = 0;
        const char* end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, value);
        if (error != std::errc{} || stop != end) {
            throw Corrupt("a list entry that is not a number");
        }
        return value;
    }

    Instant instant() { return Instant{Duration{integer()}}; }

    /// True, moving on, when the next one is null.
    bool null() {
        if (!next_->is_null()) {
            return false;
        }
        ++next_;
        return true;
    }

    std::optional<double> optional_real() {
        return null() ? std::nullopt : std::optional<double>{real()};
    }

    template <class E>
    E word() {
        E value{};
        from_word(text(), value);
        return value;
    }

    const json::value& raw() { return *next_++; }

  private:
    json::array::const_iterator next_{};
};

template <class T, class Read>
void read_list(std::string_view text, std::vector<T>& items, Read read) {
    const auto value = parse(text);
    if (!value.is_array()) {
        throw Corrupt("a list that is not one");
    }
    items.clear();
    items.reserve(value.get_array().size());
    for (const auto& element : value.get_array()) {
        items.push_back(read(element));
    }
}

std::string text_of(const json::value& value) {
    if (!value.is_string()) {
        throw Corrupt("a list entry that is not a string");
    }
    return std::string{value.get_string().data(), value.get_string().size()};
}

}  // namespace

std::string encode(const fleet::Telemetry& telemetry) {
    return fmt::format(
        "[{},{},{},{},{},{}]",
        real(telemetry.gpu_util),
        real(telemetry.gpu_temp),
        real(telemetry.cpu_util),
        real(telemetry.mem_usage),
        real(telemetry.inet_up),
        real(telemetry.inet_down));
}

void decode(std::string_view text, fleet::Telemetry& telemetry) {
    const auto value = parse(text);
    Elements in{value, 6};
    telemetry.gpu_util = in.optional_real();
    telemetry.gpu_temp = in.optional_real();
    telemetry.cpu_util = in.optional_real();
    telemetry.mem_usage = in.optional_real();
    telemetry.inet_up = in.optional_real();
    telemetry.inet_down = in.optional_real();
}

std::string encode(const std::vector<fleet::SampleRun>& runs) {
    return list(runs, [](std::string& out, const fleet::SampleRun& run) {
        fmt::format_to(
            std::back_inserter(out),
            R"([{},{},{},"{}","{}",{},{}])",
            nanos(run.first),
            nanos(run.last),
            run.count,
            to_string(run.evidence),
            to_string(run.doubt),
            real(run.lowest),
            real(run.highest));
    });
}

void decode(std::string_view text, std::vector<fleet::SampleRun>& runs) {
    read_list(text, runs, [](const json::value& element) {
        Elements in{element, 7};
        fleet::SampleRun run;
        run.first = in.instant();
        run.last = in.instant();
        run.count = in.small();
        run.evidence = in.word<fleet::Evidence>();
        run.doubt = in.word<fleet::Doubt>();
        run.lowest = in.optional_real();
        run.highest = in.optional_real();
        return run;
    });
}

std::string encode(const std::vector<ledger::Slice>& slices) {
    return list(slices, [](std::string& out, const ledger::Slice& slice) {
        const auto& beyond = slice.charged_beyond;
        fmt::format_to(
            std::back_inserter(out),
            "[{},{},{},{},{},{},{},{},{},{}]",
            nanos(slice.start),
            quoted(slice.team.str()),
            slice.gpu.nanos(),
            slice.disk.nanos(),
            beyond.gpu.nanos(),
            beyond.disk.nanos(),
            beyond.bandwidth.nanos(),
            beyond.other.nanos(),
            slice.at_reading.gpu.nanos(),
            slice.at_reading.disk.nanos());
    });
}

void decode(std::string_view text, std::vector<ledger::Slice>& slices) {
    read_list(text, slices, [](const json::value& element) {
        // The first version wrote accrual alone.
        const bool short_form = element.is_array() && element.get_array().size() == 4;
        Elements in{element, short_form ? 4U : 10U};
        ledger::Slice slice;
        slice.start = in.instant();
        slice.team = TeamName{in.text()};
        const auto money = [&in] { return Usd::from_nanos(in.integer()); };
        slice.gpu = money();
        slice.disk = money();
        if (!short_form) {
            auto& beyond = slice.charged_beyond;
            beyond.gpu = money();
            beyond.disk = money();
            beyond.bandwidth = money();
            beyond.other = money();
            slice.at_reading.gpu = money();
            slice.at_reading.disk = money();
        }
        return slice;
    });
}

std::string encode(const std::vector<enforcement::Reason>& reasons) {
    return list(reasons, [](std::string& out, const enforcement::Reason& reason) {
        fmt::format_to(
            std::back_inserter(out), R"(["{}",{}])", to_string(reason.rule), quoted(reason.text));
    });
}

void decode(std::string_view text, std::vector<enforcement::Reason>& reasons) {
    read_list(text, reasons, [](const json::value& element) {
        Elements in{element, 2};
        enforcement::Reason reason;
        reason.rule = in.word<rules::Rule>();
        reason.text = in.text();
        return reason;
    });
}

std::string encode(const fleet::Recipe& recipe) {
    const auto names = list(
        recipe.environment_names,
        [](std::string& out, const std::string& name) { out += quoted(name); });
    return fmt::format(
        "[{},{},{},{},{},{},{},{},{},{},{}]",
        quoted(recipe.image),
        quoted(recipe.template_hash),
        quoted(recipe.runtype),
        quoted(recipe.label),
        real(recipe.disk_gb),
        quoted(recipe.gpu_name),
        integer(recipe.num_gpus),
        recipe.interruptible ? (*recipe.interruptible ? "1" : "0") : "null",
        integer(recipe.machine_id),
        names,
        quoted(recipe.onstart));
}

void decode(std::string_view text, fleet::Recipe& recipe) {
    const auto value = parse(text);
    Elements in{value, 11};
    recipe.image = in.text();
    recipe.template_hash = in.text();
    recipe.runtype = in.text();
    recipe.label = in.text();
    recipe.disk_gb = in.optional_real();
    recipe.gpu_name = in.text();
    if (!in.null()) {
        recipe.num_gpus = in.small();
    }
    if (!in.null()) {
        recipe.interruptible = in.boolean();
    }
    if (!in.null()) {
        recipe.machine_id = in.integer();
    }
    const auto& names = in.raw();
    if (!names.is_array()) {
        throw Corrupt("a recipe of another shape");
    }
    recipe.environment_names.clear();
    for (const auto& name : names.get_array()) {
        recipe.environment_names.push_back(text_of(name));
    }
    recipe.onstart = in.text();
}

std::string encode(const std::vector<HeldInstance>& held) {
    return list(held, [](std::string& out, const HeldInstance& one) {
        fmt::format_to(std::back_inserter(out), "[{}", one.id.value());
        for (const auto rule : one.rules) {
            fmt::format_to(std::back_inserter(out), R"(,"{}")", to_string(rule));
        }
        out += ']';
    });
}

void decode(std::string_view text, std::vector<HeldInstance>& held) {
    read_list(text, held, [](const json::value& element) {
        HeldInstance one;
        if (element.is_int64()) {
            one.id = InstanceId{element.get_int64()};  // earlier versions wrote ids alone
            return one;
        }
        const auto size = element.is_array() ? element.get_array().size() : 0;
        if (size == 0) {
            throw Corrupt("an instance of a hold that has no id");
        }
        Elements in{element, size};
        one.id = InstanceId{in.integer()};
        while (one.rules.size() + 1 < size) {
            one.rules.push_back(in.word<rules::Rule>());
        }
        return one;
    });
}

std::string encode(const std::vector<alerts::AlertInstance>& instances) {
    return list(instances, [](std::string& out, const alerts::AlertInstance& instance) {
        fmt::format_to(
            std::back_inserter(out),
            "[{},{},{},{},{},{},{}]",
            instance.id.value(),
            quoted(instance.label),
            quoted(instance.gpu_name),
            instance.num_gpus,
            instance.dph.nanos(),
            instance.idle.count(),
            instance.action ? quoted(to_string(*instance.action)) : "null");
    });
}

void decode(std::string_view text, std::vector<alerts::AlertInstance>& instances) {
    read_list(text, instances, [](const json::value& element) {
        Elements in{element, 7};
        alerts::AlertInstance instance;
        instance.id = InstanceId{in.integer()};
        instance.label = in.text();
        instance.gpu_name = in.text();
        instance.num_gpus = in.small();
        instance.dph = UsdPerHour::from_nanos(in.integer());
        instance.idle = Duration{in.integer()};
        if (!in.null()) {
            instance.action = in.word<policy::Action>();
        }
        return instance;
    });
}

std::string encode(const std::vector<NotifierName>& names) {
    return list(
        names, [](std::string& out, const NotifierName& name) { out += quoted(name.str()); });
}

void decode(std::string_view text, std::vector<NotifierName>& names) {
    read_list(
        text, names, [](const json::value& element) { return NotifierName{text_of(element)}; });
}

std::string encode(const std::vector<std::string>& texts) {
    return list(texts, [](std::string& out, const std::string& one) { out += quoted(one); });
}

void decode(std::string_view text, std::vector<std::string>& texts) {
    read_list(
        text, texts, [](const json::value& element) { return std::string{text_of(element)}; });
}

}  // namespace vastwatch::store
