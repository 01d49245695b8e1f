// One value of the document to one value of ours, by the kind of its key. No coercion: a string of
// digits is not a number, and 1 is not true.
#pragma once

#include "config/document.hpp"
#include "config/keys.hpp"
#include "config/problems.hpp"
#include "policy/policy.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vastwatch::config {

/// Where the HTTP server listens.
struct ListenAddress {
    std::string host;  // numeric, without brackets
    std::uint16_t port = 0;
};

/// "127.0.0.1:9877" or "[::1]:9877"; nothing for other text, names included.
std::optional<ListenAddress> parse_listen(std::string_view text);

/// Accounts, teams and notifiers: 1 to 63 of A-Z a-z 0-9 . _ -, beginning with a letter or digit.
bool is_valid_name(std::string_view text);

/// Reads values for one key; what is wrong goes to `problems` and gives nothing.
class ValueReader {
  public:
    /// `key` is the full name for messages ("team.a.daily_cap"). All three outlive the reader.
    ValueReader(const KeySpec& spec, const std::string& key, Problems& problems)
        : spec_(spec), key_(key), problems_(problems) {}

    void read(const Node& node, std::optional<bool>& out) const;
    void read(const Node& node, std::optional<int>& out) const;
    void read(const Node& node, std::optional<Duration>& out) const;
    void read(const Node& node, std::optional<Usd>& out) const;
    void read(const Node& node, std::optional<UsdPerHour>& out) const;
    void read(const Node& node, std::optional<Percent>& out) const;
    void read(const Node& node, std::optional<std::string>& out) const;
    void read(const Node& node, std::optional<ListenAddress>& out) const;
    void read(const Node& node, std::optional<std::chrono::year_month_day>& out) const;
    /// Lists give what is right of them, and a mistake for each element that is not.
    void read(const Node& node, std::optional<std::vector<std::string>>& out) const;
    void read(const Node& node, std::optional<std::vector<InstanceId>>& out) const;
    void read(const Node& node, std::optional<std::vector<policy::Threshold>>& out) const;

  private:
    void refuse(const Node& node, std::string_view expected) const;
    std::optional<Usd> dollars(const Node& node) const;
    std::optional<Percent> percent_within(const Node& node, double value) const;
    std::optional<std::string> text_mistake(const std::string& text) const;
    std::optional<policy::Threshold> threshold(const Node& node) const;

    const KeySpec& spec_;
    const std::string& key_;
    Problems& problems_;
};

}  // namespace vastwatch::config
