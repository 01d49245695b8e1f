// One table's statements, prepared when first needed and kept.
#pragma once

#include "store/columns.hpp"
#include "store/tables.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::store {

template <class Table>
std::vector<std::string> column_names() {
    const typename Table::Record record{};
    Names names;
    Table::fields(names, record);
    return names.names;
}

/// "a, b, c", each after `prefix`.
std::string comma_list(const std::vector<std::string>& names, std::string_view prefix);
/// "INSERT INTO … ON CONFLICT … DO UPDATE …"; a plain INSERT without keys.
std::string upsert_sql(std::string_view table, const std::vector<std::string>& names, int keys);
/// "UPDATE … SET … WHERE key = ?1", for tables with one key column.
std::string update_sql(std::string_view table, const std::vector<std::string>& names);

/// Runs a statement to its end and leaves it ready for the next run, whatever happens.
void run(SQLite::Statement& statement);

template <class Table>
class Writer {
  public:
    explicit Writer(SQLite::Database& database)
        : upsert_(database, upsert_sql(Table::name, column_names<Table>(), Table::keys)) {}

    /// `record` is a Table::Record, or has the members that the table's fields name.
    template <class Record>
    void write(const Record& record) {
        Binder binder{upsert_};
        Table::fields(binder, record);
        run(upsert_);
    }

  private:
    SQLite::Statement upsert_;
};

/// All rows of the table that `rest` ("WHERE … ORDER BY …") selects.
template <class Table>
std::vector<typename Table::Record> load(SQLite::Database& database, std::string_view rest) {
    SQLite::Statement select{
        database,
        fmt::format(
            "SELECT {} FROM {} {}", comma_list(column_names<Table>(), ""), Table::name, rest)};
    std::vector<typename Table::Record> records;
    while (select.executeStep()) {
        Reader reader{select};
        Table::fields(reader, records.emplace_back());
    }
    return records;
}

}  // namespace vastwatch::store
