#include "store/table.hpp"

#include <utility>

namespace vastwatch::store {
std::string comma_list(const std::vector<std::string>& names, std::string_view prefix) {
    std::string text;
    for (const auto& name : names) {
        if (!text.empty()) {
            text += ", ";
        }
        text += prefix;
        text += name;
    }
    return text;
}

std::string upsert_sql(std::string_view table, const std::vector<std::string>& names, int keys) {
    std::string parameters;
    for (std::size_t i = 0; i < names.size(); ++i) {
        parameters += i == 0 ? "?" : ", ?";
    }
    auto sql =
        fmt::format("INSERT INTO {} ({}) VALUES ({})", table, comma_list(names, ""), parameters);
    if (keys == 0) {
        return sql;
    }
    const std::vector<std::string> key(names.begin(), names.begin() + keys);
    std::string updates;
    for (auto name = names.begin() + keys; name != names.end(); ++name) {
        updates += fmt::format("{}{} = excluded.{}", updates.empty() ? "" : ", ", *name, *name);
    }
    return fmt::format(
        "{} ON CONFLICT ({}) DO UPDATE SET {}", std::move(sql), comma_list(key, ""), updates);
}

std::string update_sql(std::string_view table, const std::vector<std::string>& names) {
    std::string updates;
    for (std::size_t i = 1; i < names.size(); ++i) {
        updates += fmt::format("{}{} = ?{}", updates.empty() ? "" : ", ", names[i], i + 1);
    }
    return fmt::format("UPDATE {} SET {} WHERE {} = ?1", table, updates, names.front());
}

void run(SQLite::Statement& statement) {
    try {
        statement.exec();
    } catch (...) {
        // Its code repeats the error that has been thrown.
        static_cast<void>(statement.tryReset());
        throw;
    }
    statement.reset();
}

}  // namespace vastwatch::store
