// The configuration while it is being put together: what the readers of the single sections share.
// Lives for one load().
#pragma once

#include "config/config.hpp"
#include "config/section.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::config {

struct Draft {
    const Node& root;
    Problems& problems;
    const Surroundings& surroundings;

    Config config;
    policy::Policy policy;
    std::vector<Section> accounts;  // in the order of policy.accounts
    std::vector<Section> teams;     // as many as there are [team.NAME], unassigned among them
    std::optional<Section> defaults;
    std::optional<Section> enforcement;

    /// [name], nothing when the file has none.
    std::optional<Section> section(std::string_view name) const;
    /// [name.X] for every X, in the order of the file; those with an impossible name are reported.
    std::vector<Section> named_sections(std::string_view name) const;
    /// [[name]].
    std::vector<Section> listed_sections(std::string_view name) const;
    /// The X of every [name.X] that is a table.
    std::vector<std::string_view> names_of(std::string_view name) const;

    /// False when there is no [kind.name], which is reported at `node` then.
    bool check_reference(
        const Section& section,
        std::string_view key,
        const Node& node,
        std::string_view kind,
        const std::string& name) const;

    /// Reads the list of notifiers at `notify`, if there is one.
    void read_notify(const Section& section, std::vector<NotifierName>& out) const;
    /// True when a section whose own `notify` counts before that of [defaults] names nobody; a list
    /// that only has mistakes in it meant somebody.
    bool names_nobody(const Section& section) const;
    /// Reads an optional path of a file that must be readable now.
    void read_file_path(
        const Section& section,
        std::string_view key,
        std::optional<std::string>& out) const;
    /// Reads one of the actions that the key allows.
    void read_action(const Section& section, std::string_view key, policy::Action& out) const;
};

// Each reads its sections into the draft and reports what is wrong with them.
void read_basics(Draft& draft);     // [daemon], [enforcement], [heartbeat], [gateway]
void read_notifiers(Draft& draft);  // [notifier.NAME], [smtp]
void read_teams(Draft& draft);      // [defaults], [team.NAME], and the team `unassigned`
void read_accounts(Draft& draft);   // [account.NAME]; after read_basics and read_teams
void read_alerts(Draft& draft);     // [[alert]], and what those get who have none; after the rest

/// Daily and monthly caps, and that they do not contradict one another.
void read_caps(const Section& section, policy::Caps& caps);

}  // namespace vastwatch::config
