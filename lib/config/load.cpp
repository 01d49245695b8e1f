#include "base/text.hpp"
#include "config/draft.hpp"
#include "config/files.hpp"
#include "config/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace vastwatch::config {
namespace {

/// "[[alert]]" for a mistyped "[[alrt]]", "[notifier.NAME]" for "[notifer.x]".
std::string section_advice(const std::string& name) {
    std::vector<std::string_view> names;
    for (const auto& section : sections()) {
        names.push_back(section.name);
    }
    const auto near = nearest(name, names);
    for (const auto& section : sections()) {
        if (section.name == near) {
            return fmt::format("; did you mean {}?", section.header);
        }
    }
    return fmt::format("; the tables are {}", fmt::join(names, ", "));
}

void check_root(const Node& root, Problems& problems) {
    for (const auto& entry : *root.as<Node::Table>()) {
        const auto known = sections();
        const auto name = printable(entry.key, 60);
        if (std::any_of(known.begin(), known.end(), [&](const SectionSpec& section) {
                return section.name == entry.key;
            })) {
            continue;
        }
        const bool table = entry.node.as<Node::Table>() != nullptr || is_table_list(entry.node);
        std::string homes;
        for (const auto& key : keys()) {
            if (!table && key.name == entry.key) {
                homes += fmt::format("{}[{}]", homes.empty() ? "" : " or ", key.section);
            }
        }
        problems.add(
            entry.place,
            name,
            homes.empty() ? (table ? "unknown table" : "unknown key") + section_advice(entry.key)
                          : "stands in no table; it belongs to " + homes);
    }
}

/// All files as one tree.
Node read_document(const std::vector<Source>& sources, Problems& problems) {
    Node root = make_table(Place{0, 1, 1});
    for (const auto& source : sources) {
        merge(root, read_toml(source.text, source.number, problems), problems);
    }
    return root;
}

}  // namespace

Surroundings process_surroundings() {
    Surroundings surroundings;
    surroundings.environment = [](const std::string& name) -> std::optional<std::string> {
        // Nothing in this process changes its environment, so reading it needs no lock.
        const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
        return value == nullptr ? std::nullopt : std::optional<std::string>{value};
    };
    return surroundings;
}

std::variant<std::shared_ptr<const Config>, Mistakes> load(
    const std::filesystem::path& file,
    const Surroundings& surroundings) {
    Problems problems;
    const auto sources = read_sources(file, problems);
    if (sources.empty()) {
        return problems.take();
    }
    const Node root = read_document(sources, problems);
    check_root(root, problems);
    Draft draft{root, problems, surroundings, {}, {}, {}, {}, {}, {}};
    read_basics(draft);
    read_notifiers(draft);
    read_teams(draft);
    read_accounts(draft);
    read_alerts(draft);
    if (!problems.empty()) {
        return problems.take();
    }
    for (const auto& source : sources) {
        draft.config.files.push_back(source.path);
    }
    draft.config.policy = std::make_shared<const policy::Policy>(std::move(draft.policy));
    return std::make_shared<const Config>(std::move(draft.config));
}

}  // namespace vastwatch::config
