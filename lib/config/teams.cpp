#include "base/glob.hpp"
#include "config/draft.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::config {
namespace {

using policy::Action;
using policy::Rules;

void read_rules(const Draft& draft, const Section& section, Rules& rules) {
    section.read("idle_below", rules.idle_below);
    section.read("idle_for", rules.idle_for);
    draft.read_action(section, "idle_action", rules.idle_action);
    section.read("idle_warning", rules.idle_warning);
    section.read("idle_max_gap", rules.idle_max_gap);
    section.read("idle_coverage", rules.idle_coverage);
    section.read("idle_tolerance", rules.idle_tolerance);
    section.read("startup_grace", rules.startup_grace);
    section.read("warning_delivery", rules.warning_delivery);
    draft.read_action(section, "cap_action", rules.cap_action);
    section.read("cap_warning", rules.cap_warning);
    std::string strategy;
    if (section.read("cap_strategy", strategy)) {
        rules.cap_strategy =
            strategy == "shed" ? policy::CapStrategy::shed : policy::CapStrategy::all;
    }
    draft.read_action(section, "violation_action", rules.violation_action);
    section.read("stopped_for", rules.stopped_for);
    draft.read_action(section, "stopped_action", rules.stopped_action);
    section.read("loading_for", rules.loading_for);
    draft.read_action(section, "loading_action", rules.loading_action);
    section.read("protect", rules.protect);
    section.read("protect_max", rules.protect_max);
    draft.read_notify(section, rules.notify);
}

bool acts_on_idle(const Rules& rules) {
    return rules.idle_action == Action::stop || rules.idle_action == Action::destroy;
}

/// A warning that would have to be given before the instance was idle at all.
bool warns_too_early(const Rules& rules) {
    return acts_on_idle(rules) && rules.idle_warning >= rules.idle_for;
}

bool warns_nobody(const Draft& draft, const Rules& rules) {
    return draft.policy.enforcement.enforce && acts_on_idle(rules) &&
           rules.idle_warning > Duration{0} && rules.notify.empty();
}

std::string too_early(const Rules& rules) {
    return fmt::format(
        "idle_warning = {} is not shorter than idle_for = {}: the warning would come before "
        "anything is idle",
        format_duration(rules.idle_warning),
        format_duration(rules.idle_for));
}

/// Contradictions between the rules of a team; what it inherits whole was told at [defaults].
void check_rules(const Draft& draft, const Section& section, const Rules& rules) {
    const bool defaults = section.schema() == "defaults";
    if (warns_too_early(rules) &&
        (defaults || section.has_any({"idle_warning", "idle_for", "idle_action"}))) {
        section.contradiction({"idle_warning", "idle_for", "idle_action"}, too_early(rules));
    }
    if (!defaults && warns_nobody(draft, rules) && draft.names_nobody(section)) {
        section.contradiction(
            {"notify", "idle_action", "idle_warning"},
            "in mode \"enforce\" nobody would be warned before idle instances are taken down: name "
            "notifiers in notify, or set idle_warning = \"0s\"");
    }
}

void read_spending_limit(const Section& section, policy::Team& team) {
    section.read("spending_limit", team.caps.lifetime);
    section.read("since", team.since);
}

void check_gpu_types(const Section& section) {
    const auto* node = section.node("gpu_types");
    const auto* list = node == nullptr ? nullptr : node->as<Node::List>();
    if (list != nullptr && list->empty()) {
        section.mistake(
            "gpu_types", "an empty list allows no GPU at all; leave the key out to allow any");
    }
}

bool is_target_of_account(const Draft& draft, const std::string& team) {
    const auto* parent = draft.root.find("account");
    const auto* accounts = parent == nullptr ? nullptr : parent->node.as<Node::Table>();
    if (accounts == nullptr) {
        return false;
    }
    return std::any_of(accounts->begin(), accounts->end(), [&](const Entry& account) {
        const auto* entry = account.node.find("team");
        const auto* name = entry == nullptr ? nullptr : entry->node.as<std::string>();
        return name != nullptr && *name == team;
    });
}

void check_labels(const Draft& draft, const Section& section, const policy::Team& team) {
    const bool is_unassigned = team.name == policy::unassigned();
    if (is_unassigned && section.has("labels")) {
        section.mistake(
            "labels", "the team unassigned has what no other team's labels match, and none itself");
    }
    const auto* labels = section.node("labels");
    const auto* list = labels == nullptr ? nullptr : labels->as<Node::List>();
    const bool none = labels == nullptr || (list != nullptr && list->empty());
    if (none && !is_unassigned && draft.problems.complete() &&
        !is_target_of_account(draft, team.name.str())) {
        section.mistake(
            "labels",
            "nothing can ever belong to this team: give it labels, or name it as the team of an "
            "account");
    }
}

/// The label glob of an earlier team that matches all that `glob` can, with its node; nullptr when
/// there is none. A '*' of `glob` is an ordinary character to the earlier one's '*', so matching
/// the glob's own text tells; '?' would not be safe there.
const Node* find_shadow(const Section& earlier, const std::string& glob) {
    const auto* node = earlier.node("labels");
    const auto* list = node == nullptr ? nullptr : node->as<Node::List>();
    if (list == nullptr) {
        return nullptr;
    }
    for (const auto& element : *list) {
        const auto* text = element.as<std::string>();
        if (text == nullptr || text->empty()) {
            continue;
        }
        const bool covers = text->find('?') == std::string::npos && glob_match(*text, glob);
        if (*text == glob || covers) {
            return &element;
        }
    }
    return nullptr;
}

/// The first match in the order of the file wins, so a glob may be out of reach.
void check_shadows(const Draft& draft, std::size_t index) {
    const auto& section = draft.teams[index];
    const auto* node = section.node("labels");
    const auto* list = node == nullptr ? nullptr : node->as<Node::List>();
    if (list == nullptr || section.name() == policy::unassigned().str()) {
        return;
    }
    for (const auto& element : *list) {
        const auto* glob = element.as<std::string>();
        for (std::size_t i = 0; glob != nullptr && i < index; ++i) {
            const auto* shadow = find_shadow(draft.teams[i], *glob);
            if (shadow == nullptr || draft.teams[i].name() == policy::unassigned().str()) {
                continue;
            }
            section.mistake_at(
                element,
                "labels",
                fmt::format(
                    "can never match: {} of {} at {} comes first and matches all of it",
                    describe(*shadow),
                    draft.teams[i].path(),
                    draft.problems.where(shadow->place)));
            break;
        }
    }
}

/// What `unassigned` begins from: it inherits durations and notifiers, but no action.
Rules harmless(Rules rules) {
    rules.idle_action = Action::off;
    rules.cap_action = std::min(rules.cap_action, Action::alert);
    rules.violation_action = std::min(rules.violation_action, Action::alert);
    rules.stopped_action = std::min(rules.stopped_action, Action::alert);
    rules.loading_action = std::min(rules.loading_action, Action::alert);
    return rules;
}

policy::Team read_team(const Draft& draft, const Section& section) {
    policy::Team team;
    team.name = TeamName{section.name()};
    const bool is_unassigned = team.name == policy::unassigned();
    team.rules = is_unassigned ? harmless(draft.config.defaults) : draft.config.defaults;
    section.read("labels", team.labels);
    section.read("gpu_types", team.gpu_types);
    check_gpu_types(section);
    section.read("max_instances", team.max_instances);
    section.read("max_dph", team.max_dph);
    section.read("interruptible_only", team.interruptible_only);
    section.read("protected_ids", team.protected_ids);
    read_caps(section, team.caps);
    read_spending_limit(section, team);
    read_rules(draft, section, team.rules);
    check_rules(draft, section, team.rules);
    check_labels(draft, section, team);
    return team;
}

}  // namespace

void read_teams(Draft& draft) {
    draft.defaults = draft.section("defaults");
    if (draft.defaults) {
        read_rules(draft, *draft.defaults, draft.config.defaults);
        check_rules(draft, *draft.defaults, draft.config.defaults);
    }
    draft.teams = draft.named_sections("team");
    policy::Team unassigned;
    unassigned.name = policy::unassigned();
    unassigned.rules = harmless(draft.config.defaults);
    for (std::size_t i = 0; i < draft.teams.size(); ++i) {
        auto team = read_team(draft, draft.teams[i]);
        check_shadows(draft, i);
        if (team.name == policy::unassigned()) {
            unassigned = std::move(team);
        } else {
            draft.policy.teams.push_back(std::move(team));
        }
    }
    draft.policy.teams.push_back(std::move(unassigned));
}

}  // namespace vastwatch::config
