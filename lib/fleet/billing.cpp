#include "fleet/billing.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cmath>

namespace vastwatch::fleet {
namespace {

UsdPerHour discounted(UsdPerHour rate, std::optional<double> discount) {
    if (!discount) {
        return rate;
    }
    const double kept = 1.0 - std::clamp(*discount, 0.0, 1.0);
    return UsdPerHour::from_nanos(std::llrint(static_cast<double>(rate.nanos()) * kept));
}

bool gpu_bills(const Observation& row) {
    switch (row.status) {
        case Status::running:
        case Status::frozen:
        case Status::rebooting:
        case Status::recycling:
        case Status::unknown:
        case Status::other:
            return true;
        case Status::exited:
            // The container ended while the GPU is still held, or the report lags.
            return row.current == State::running && row.intended == State::running;
        case Status::provisioning:
        case Status::created:
        case Status::loading:
        case Status::stopped:
        case Status::offline:
            return false;
    }
    return true;
}

bool halted(const Observation& row) {
    return row.status == Status::exited || row.status == Status::stopped ||
           row.status == Status::created;
}

bool all_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Billing billing_of(const Observation& row) {
    return Billing{gpu_bills(row), row.status != Status::offline};
}

std::optional<Rates> rates_of(const Observation& row) {
    const auto billing = billing_of(row);
    Rates rates;
    if (billing.gpu) {
        if (!row.prices.gpu) {
            return std::nullopt;
        }
        rates.gpu = discounted(*row.prices.gpu, row.prices.discount);
    }
    if (billing.disk) {
        if (!row.prices.storage) {
            return std::nullopt;
        }
        rates.disk = discounted(*row.prices.storage, row.prices.discount);
    }
    return rates;
}

std::optional<Rates> rates_or_estimate(
    const Observation& row,
    std::optional<Rates> last_known,
    std::optional<UsdPerHour> ceiling) {
    const auto own = rates_of(row);
    if (own) {
        return own;
    }
    const auto billing = billing_of(row);
    const bool gpu_known = row.prices.gpu || (last_known && !last_known->gpu.is_zero());
    const bool disk_known = row.prices.storage || last_known;
    Rates rates;
    rates.estimated = true;
    if (last_known && (!billing.gpu || gpu_known) && (!billing.disk || disk_known)) {
        if (billing.gpu) {
            rates.gpu =
                row.prices.gpu ? discounted(*row.prices.gpu, row.prices.discount) : last_known->gpu;
        }
        if (billing.disk) {
            rates.disk = row.prices.storage ? discounted(*row.prices.storage, row.prices.discount)
                                            : last_known->disk;
        }
        return rates;
    }
    const auto whole = row.prices.search_total ? row.prices.search_total : ceiling;
    if (!whole) {
        return std::nullopt;
    }
    // The whole price stands in for what cannot be split; with the GPU free it is an upper bound.
    if (billing.gpu) {
        rates.gpu = *whole;
    } else if (billing.disk) {
        rates.disk = row.prices.storage.value_or(*whole);
    }
    return rates;
}

std::optional<UsdPerHour> running_rate(const Observation& row) {
    if (row.prices.gpu && row.prices.storage) {
        return discounted(*row.prices.gpu, row.prices.discount) +
               discounted(*row.prices.storage, row.prices.discount);
    }
    return row.prices.search_total;
}

bool is_running(const Observation& row) {
    return row.status == Status::running && row.intended == State::running &&
           row.current == State::running;
}

bool is_stopped(const Observation& row) {
    return halted(row) && row.intended != State::running && row.current != State::running &&
           row.current != State::unloaded;
}

bool is_queued(const Observation& row) {
    return halted(row) && row.intended == State::running && row.current != State::running &&
           row.current != State::unloaded;
}

bool is_parked(const Observation& row) {
    const bool not_wanted = row.intended == State::stopped && row.current == State::stopped;
    return not_wanted && (row.status == Status::loading || row.status == Status::created);
}

bool waits_to_run(const Observation& row) {
    return row.status == Status::provisioning || row.status == Status::created ||
           row.status == Status::loading;
}

bool is_unloading(const Observation& row) {
    return row.current == State::unloaded;
}

bool is_serverless_worker(const Observation& row) {
    const std::string_view label = row.label;
    const auto first = label.find(':');
    if (first == std::string_view::npos || first == 0) {
        return false;
    }
    const auto second = label.find(':', first + 1);
    if (second == std::string_view::npos) {
        return false;
    }
    const auto id = label.substr(first + 1, second - first - 1);
    const auto group = label.substr(second + 1);
    return all_digits(id) && !group.empty() && group.find(':') == std::string_view::npos;
}

std::string_view serverless_endpoint(const Observation& row) {
    const std::string_view label = row.label;
    return label.substr(0, label.find(':'));
}

}  // namespace vastwatch::fleet
