// Makes an Observation, and if wanted a Recipe, of the fields of one row as they come. What a
// field may hold, and what it means when it does not, is decided here and nowhere else.
#pragma once

#include "fleet/observation.hpp"
#include "vast/columns.hpp"
#include "vast/json_fields.hpp"

#include <optional>
#include <string_view>

namespace vastwatch::vast {

class RowBuilder {
  public:
    /// A field of the row itself.
    void set(Column column, const Scalar& value);

    /// A number inside `search` or `instance`.
    void set_nested(Column column, std::string_view key, const Scalar& value);

    /// The name of an environment variable or docker flag; its value is never given. What follows
    /// a '=' in it is dropped, because it is a value too.
    void add_environment_name(std::string_view name);

    /// The row, unless it has no usable id. The builder is empty afterwards.
    std::optional<fleet::Observation> take_row();

    /// The recipe that belongs to the row that take_row() gave last.
    fleet::Recipe take_recipe(const fleet::Observation& row);

  private:
    void set_identity(Column column, const Scalar& value);
    void set_state(Column column, const Scalar& value);
    void set_telemetry(Column column, const Scalar& value);
    void set_price(Column column, const Scalar& value);
    void set_setup(Column column, const Scalar& value);
    void set_status(const Scalar& value);

    std::optional<UsdPerHour> storage_rate() const;

    fleet::Observation row_ = empty_row();
    std::optional<double> storage_per_month_;  // $/GB
    std::optional<UsdPerHour> storage_total_;
    std::optional<UsdPerHour> dph_total_;
    std::vector<std::string> environment_names_;
    std::string onstart_;

    static fleet::Observation empty_row();
};

}  // namespace vastwatch::vast
