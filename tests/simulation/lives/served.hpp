// A page of a listing as the API served it, read for the judge: what the row says where it can lie
// (label, telemetry), and the model's own word for the rest. Independent of the daemon's decoder.
#pragma once

#include "judge/watched.hpp"
#include "model/account.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::simulation {

struct ServedRow {
    std::int64_t id = 0;
    std::string label;
    std::string gpu_name;
    Reading reading;             ///< but label and gpu_name: see read()
    UsdPerHour most;             ///< what it costs when it runs
    std::uint64_t revision = 0;  ///< of the model's instance
    bool doubtful = false;       ///< its state or dates were not served as they are
    bool priceless = false;      ///< its price was not served
    bool mispriced = false;      ///< for it stood a text that is a number, and may be taken for one

    /// The reading, whose texts live as long as this row.
    Reading read() const {
        Reading whole = reading;
        whole.label = label;
        whole.gpu_name = gpu_name;
        return whole;
    }
};

struct ServedPage {
    std::vector<ServedRow> rows;
    std::size_t skipped = 0;  ///< rows that nobody can make out
    std::int64_t total = 0;
    std::string next_token;  ///< empty on the last page
};

/// Nothing when the body is no page that a careful client takes.
std::optional<ServedPage> read_page(std::string_view body, const vastsim::Account& account);

/// The body is a page of charges with readable rows; `more`: it is not the last one.
struct ServedCharges {
    bool more = false;
};

std::optional<ServedCharges> read_charges(std::string_view body);

}  // namespace vastwatch::simulation
