// Three readers of a table's field list: what the columns are called, a record's values bound to a
// statement, and a row read into a record. One list per table serves all three, so that they cannot
// disagree.
#pragma once

#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "store/corrupt.hpp"
#include "store/nested.hpp"
#include "store/words.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace vastwatch::store {

template <class T>
concept Nested = requires(const T& value, T& target) {
    { encode(value) } -> std::same_as<std::string>;
    decode(std::string_view{}, target);
};

template <class T>
concept Text = requires(const T& value) {
    { value.str() } -> std::same_as<const std::string&>;
};

template <class T>
concept Numbered = requires(T value) {
    { value.value() } -> std::same_as<std::int64_t>;
};

template <class T>
concept Money = std::same_as<T, Usd> || std::same_as<T, UsdPerHour>;

template <class T>
struct IsOptional : std::false_type {};

template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

/// Collects the names.
class Names {
  public:
    static constexpr bool reads = false;

    template <class T>
    void operator()(std::string_view name, const T&) {
        names.emplace_back(name);
    }

    std::vector<std::string> names;
};

/// Binds values to parameters 1, 2, …; the record must live until the statement has run.
class Binder {
  public:
    static constexpr bool reads = false;

    explicit Binder(SQLite::Statement& statement) : statement_(statement) {}

    template <class T>
    void operator()(std::string_view, const T& value) {
        put(value);
        ++at_;
    }

  private:
    template <class T>
    void put(const T& value) {
        if constexpr (IsOptional<T>::value) {
            if (value) {
                put(*value);
            } else {
                statement_.bind(at_);
            }
        } else if constexpr (std::same_as<T, std::string>) {
            statement_.bindNoCopy(at_, value);
        } else if constexpr (std::same_as<T, double>) {
            // SQLite has no "not a number"; it means the same as absent.
            if (std::isnan(value)) {
                statement_.bind(at_);
            } else {
                statement_.bind(at_, value);
            }
        } else if constexpr (std::integral<T>) {
            statement_.bind(at_, static_cast<std::int64_t>(value));
        } else if constexpr (std::is_enum_v<T>) {
            statement_.bind(at_, std::string{to_string(value)});
        } else if constexpr (Nested<T>) {
            statement_.bind(at_, encode(value));
        } else if constexpr (Text<T>) {
            statement_.bindNoCopy(at_, value.str());
        } else if constexpr (Numbered<T>) {
            statement_.bind(at_, value.value());
        } else if constexpr (Money<T>) {
            statement_.bind(at_, value.nanos());
        } else if constexpr (std::same_as<T, Instant>) {
            statement_.bind(at_, std::int64_t{value.time_since_epoch().count()});
        } else {
            static_assert(std::same_as<T, Duration>);
            statement_.bind(at_, std::int64_t{value.count()});
        }
    }

    SQLite::Statement& statement_;
    int at_ = 1;
};

/// Reads the columns 0, 1, … of the row a statement stands on; throws Corrupt.
class Reader {
  public:
    static constexpr bool reads = true;

    explicit Reader(SQLite::Statement& statement) : statement_(statement) {}

    template <class T>
    void operator()(std::string_view, T& value) {
        get(statement_.getColumn(at_), value);
        ++at_;
    }

  private:
    template <class T>
    static void get(const SQLite::Column& column, T& value) {
        if constexpr (IsOptional<T>::value) {
            value.reset();
            if (!column.isNull()) {
                get(column, value.emplace());
            }
        } else if constexpr (std::same_as<T, std::string>) {
            value = column.getString();
        } else if constexpr (std::same_as<T, double>) {
            value = column.getDouble();
        } else if constexpr (std::same_as<T, bool>) {
            value = column.getInt64() != 0;
        } else if constexpr (std::integral<T>) {
            const auto wide = column.getInt64();
            if (sizeof(T) < sizeof(wide) && !std::in_range<T>(wide)) {
                throw Corrupt("a number out of range");
            }
            value = static_cast<T>(wide);
        } else if constexpr (std::is_enum_v<T>) {
            from_word(column.getString(), value);
        } else if constexpr (Nested<T>) {
            decode(column.getString(), value);
        } else if constexpr (Text<T>) {
            value = T{column.getString()};
        } else if constexpr (Numbered<T>) {
            value = T{column.getInt64()};
        } else if constexpr (Money<T>) {
            value = T::from_nanos(column.getInt64());
        } else if constexpr (std::same_as<T, Instant>) {
            value = Instant{Duration{column.getInt64()}};
        } else {
            static_assert(std::same_as<T, Duration>);
            value = Duration{column.getInt64()};
        }
    }

    SQLite::Statement& statement_;
    int at_ = 0;
};

}  // namespace vastwatch::store
