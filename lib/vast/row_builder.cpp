#include "vast/row_builder.hpp"

#include <algorithm>
#include <utility>

namespace vastwatch::vast {
namespace {

using fleet::parse_state;
using fleet::parse_status;

constexpr std::size_t most_label_bytes = 1024;
constexpr std::size_t most_message_bytes = 500;
constexpr std::size_t most_name_bytes = 256;
constexpr std::size_t most_image_bytes = 1024;
constexpr std::size_t most_onstart_bytes = std::size_t{16} * 1024;
constexpr std::size_t most_environment_names = 256;

constexpr std::int64_t most_gpus = 4096;
constexpr double most_disk_gb = 1e7;
constexpr double most_storage_price = 1000;  // $/GB/month
constexpr double hours_per_month = 720;      // the service's month (API section 2.7)
constexpr double most_reading = 1e15;
constexpr double most_price_per_gb = 1000;

Bounds between(double least, double most) {
    Bounds bounds;
    bounds.least = least;
    bounds.most = most;
    return bounds;
}

std::string text_of(const Scalar& value, std::size_t most_bytes) {
    const auto text = read_text(value);
    return text ? bounded_text(*text, most_bytes) : std::string();
}

std::optional<double> reading(const Scalar& value) {
    return read_number(value, between(-most_reading, most_reading));
}

}  // namespace

fleet::Observation RowBuilder::empty_row() {
    fleet::Observation row;
    // Only a null says "nothing heard from the host yet". A status that is missing or no text is
    // not known, and what is not known counts as running.
    row.status = fleet::Status::other;
    return row;
}

void RowBuilder::set(Column column, const Scalar& value) {
    if (column <= Column::host_id) {
        set_identity(column, value);
    } else if (column <= Column::is_bid) {
        set_state(column, value);
    } else if (column >= Column::gpu_util && column <= Column::inet_down_billed) {
        set_telemetry(column, value);
    } else if (column <= Column::inet_down_cost) {
        set_price(column, value);
    } else {
        set_setup(column, value);
    }
}

void RowBuilder::set_identity(Column column, const Scalar& value) {
    switch (column) {
        case Column::id:
            row_.id = InstanceId(read_integer(value, 1).value_or(0));
            break;
        case Column::label:
            row_.label = text_of(value, most_label_bytes);
            break;
        case Column::gpu_name:
            row_.gpu_name = text_of(value, most_name_bytes);
            break;
        case Column::num_gpus: {
            const auto number = read_integer(value, 1, most_gpus);
            row_.num_gpus.reset();
            if (number) {
                row_.num_gpus = static_cast<int>(*number);
            }
            break;
        }
        case Column::machine_id:
            row_.machine_id = read_integer(value, 1);
            break;
        case Column::host_id:
            row_.host_id = read_integer(value, 1);
            break;
        default:
            break;
    }
}

void RowBuilder::set_status(const Scalar& value) {
    row_.status_text = text_of(value, most_name_bytes);
    if (value.kind == Scalar::Kind::null) {
        row_.status = parse_status(std::nullopt);
        return;
    }
    row_.status = parse_status(read_text(value).value_or(std::string_view()));
}

void RowBuilder::set_state(Column column, const Scalar& value) {
    switch (column) {
        case Column::actual_status:
            set_status(value);
            break;
        case Column::intended_status:
            row_.intended = parse_state(read_text(value));
            break;
        case Column::cur_state:
            row_.current = parse_state(read_text(value));
            break;
        case Column::next_state:
            row_.next = parse_state(read_text(value));
            break;
        case Column::status_msg:
            row_.status_message = text_of(value, most_message_bytes);
            break;
        case Column::start_date:
            row_.start_date = read_instant(value);
            break;
        case Column::end_date:
            row_.end_date = read_instant(value);
            break;
        case Column::is_bid:
            row_.interruptible = read_boolean(value);
            break;
        default:
            break;
    }
}

void RowBuilder::set_telemetry(Column column, const Scalar& value) {
    auto& telemetry = row_.telemetry;
    switch (column) {
        case Column::gpu_util:
            telemetry.gpu_util = reading(value);
            break;
        case Column::gpu_temp:
            telemetry.gpu_temp = reading(value);
            break;
        case Column::cpu_util:
            telemetry.cpu_util = reading(value);
            break;
        case Column::mem_usage:
            telemetry.mem_usage = reading(value);
            break;
        case Column::inet_up_billed:
            telemetry.inet_up = reading(value);
            break;
        case Column::inet_down_billed:
            telemetry.inet_down = reading(value);
            break;
        default:
            break;
    }
}

void RowBuilder::set_price(Column column, const Scalar& value) {
    auto& prices = row_.prices;
    switch (column) {
        case Column::disk_space:
            row_.disk_gb = read_number(value, between(0, most_disk_gb));
            break;
        case Column::dph_base:
            prices.gpu = read_rate(value);
            break;
        case Column::dph_total:
            dph_total_ = read_rate(value);
            break;
        case Column::storage_cost:
            storage_per_month_ = read_number(value, between(0, most_storage_price));
            break;
        case Column::storage_total_cost:
            storage_total_ = read_rate(value);
            break;
        case Column::credit_discount:
            prices.discount = read_number(value, between(0, 1));
            break;
        case Column::inet_up_cost:
            prices.inet_up_per_gb = read_number(value, between(0, most_price_per_gb));
            break;
        case Column::inet_down_cost:
            prices.inet_down_per_gb = read_number(value, between(0, most_price_per_gb));
            break;
        case Column::search:
            prices.search_total.reset();
            break;
        case Column::instance:
            prices.reported.reset();
            break;
        default:
            break;
    }
}

void RowBuilder::set_setup(Column column, const Scalar& value) {
    switch (column) {
        case Column::image_uuid:
            row_.image = text_of(value, most_image_bytes);
            break;
        case Column::image_runtype:
            row_.runtype = text_of(value, most_name_bytes);
            break;
        case Column::template_hash_id:
            row_.template_hash = text_of(value, most_name_bytes);
            break;
        case Column::verification:
            row_.verification = text_of(value, most_name_bytes);
            break;
        case Column::extra_env:
            environment_names_.clear();
            break;
        case Column::onstart:
            onstart_ = text_of(value, most_onstart_bytes);
            break;
        default:
            break;
    }
}

void RowBuilder::set_nested(Column column, std::string_view key, const Scalar& value) {
    if (column == Column::search && key == "totalHour") {
        row_.prices.search_total = read_rate(value);
    } else if (column == Column::instance && key == "discountedTotalPerHour") {
        row_.prices.reported = read_rate(value);
    }
}

void RowBuilder::add_environment_name(std::string_view name) {
    name = name.substr(0, name.find('='));
    if (!name.empty() && environment_names_.size() < most_environment_names) {
        environment_names_.push_back(bounded_text(name, most_name_bytes));
    }
}

std::optional<UsdPerHour> RowBuilder::storage_rate() const {
    if (storage_per_month_ && row_.disk_gb) {
        return read_rate(Scalar::of_number(*storage_per_month_ * *row_.disk_gb / hours_per_month));
    }
    return storage_total_;
}

std::optional<fleet::Observation> RowBuilder::take_row() {
    row_.prices.storage = storage_rate();
    if (!row_.prices.search_total) {
        row_.prices.search_total = dph_total_;
    }
    storage_per_month_.reset();
    storage_total_.reset();
    dph_total_.reset();
    auto row = std::exchange(row_, empty_row());
    if (row.id.value() == 0) {
        environment_names_.clear();
        onstart_.clear();
        return std::nullopt;
    }
    return row;
}

fleet::Recipe RowBuilder::take_recipe(const fleet::Observation& row) {
    fleet::Recipe recipe;
    recipe.image = row.image;
    recipe.template_hash = row.template_hash;
    recipe.runtype = row.runtype;
    recipe.label = row.label;
    recipe.disk_gb = row.disk_gb;
    recipe.gpu_name = row.gpu_name;
    recipe.num_gpus = row.num_gpus;
    recipe.interruptible = row.interruptible;
    recipe.machine_id = row.machine_id;
    recipe.environment_names = std::exchange(environment_names_, {});
    recipe.onstart = std::exchange(onstart_, {});
    return recipe;
}

}  // namespace vastwatch::vast
