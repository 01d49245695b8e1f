// Why an instance is, or is not, going to be acted upon, as an answer to a person.
#include "engine/engine.hpp"
#include "engine/judge.hpp"
#include "engine/look.hpp"

#include <fmt/format.h>

namespace vastwatch::engine {
namespace {

std::string samples_sentence(const fleet::Instance& instance, const Calendar& calendar) {
    if (instance.samples.empty()) {
        return "No sample has been taken yet.";
    }
    const auto& run = instance.samples.back();
    const std::string range =
        run.lowest ? fmt::format(" ({:.0f}% to {:.0f}%)", *run.lowest, *run.highest) : "";
    const std::string why = run.evidence == fleet::Evidence::unknown
                                ? fmt::format(": {}", fleet::explain(run.doubt))
                                : "";
    return fmt::format(
        "The latest {} sample{}, since {}, {} {}{}{}.",
        run.count,
        run.count == 1 ? "" : "s",
        calendar.format(run.first),
        run.count == 1 ? "is" : "are",
        fleet::to_string(run.evidence),
        range,
        why);
}

std::string idle_paragraph(
    const rules::Subject& subject,
    const rules::IdleState& idle,
    const Calendar& calendar) {
    const auto& instance = *subject.instance;
    const auto& rules = subject.team->rules;
    if (rules.idle_action == policy::Action::off) {
        return fmt::format("The idle rule is off for team {}.", subject.team->name.str());
    }
    if (!fleet::is_running(instance.row)) {
        return fmt::format(
            "It does not run in every respect (status {}, intended {}, current {}), and only what "
            "runs can be idle.",
            fleet::to_string(instance.row.status),
            fleet::to_string(instance.row.intended),
            fleet::to_string(instance.row.current));
    }
    if (!instance.idle.began) {
        return fmt::format(
            "It is not idle: there is no idle period now. One begins with a sample below {:g}%, "
            "and "
            "team {} allows {} of it.",
            rules.idle_below.value(),
            subject.team->name.str(),
            humanize(rules.idle_for));
    }
    std::string text = fmt::format(
        "Its idle period began at {} and is {} long so far; {} is allowed. Known samples cover "
        "{:.0f}% of it ({:g}% are needed).",
        calendar.format(*instance.idle.began),
        humanize(instance.idle.length()),
        humanize(rules.idle_for),
        instance.idle.coverage().value(),
        rules.idle_coverage.value());
    if (!idle.covered) {
        text += " That is too little evidence: nothing follows from it.";
    }
    return text;
}

std::string next_paragraph(const State& state, const InstanceView& view, Now now) {
    const auto& calendar = state.policy->calendar;
    if (!view.case_text.empty() && !view.deadline) {
        return "Next: " + view.case_text + ".";
    }
    if (!view.deadline) {
        return "Nothing is going to be done to it as things stand.";
    }
    const auto& deadline = *view.deadline;
    const bool due = deadline.at <= now.wall;
    std::string text = fmt::format(
        "Next: {} {}{}.",
        policy::to_string(deadline.action),
        due ? "is due since " : "at ",
        calendar.format(deadline.at));
    if (!view.case_text.empty()) {
        text += " State: " + view.case_text + ".";
    }
    if (!state.policy->enforcement.enforce) {
        text += " Enforcement is in dry run, so nothing will be done.";
    }
    if (deadline.rule == rules::Rule::idle) {
        text += fmt::format(
            " To prevent it, use the GPU, or `vastwatchctl protect {} --for 4h --reason WHY`.",
            view.instance->id.value());
    }
    return text;
}

std::string_view what_happens(policy::Action action) {
    switch (action) {
        case policy::Action::destroy:
            return "destroyed";
        case policy::Action::stop:
            return "stopped";
        default:
            return "told about";
    }
}

std::string headline(const State& state, const InstanceView& view, Now now) {
    const auto id = view.instance->id.value();
    if (!view.protection.empty() && !view.deadline) {
        return fmt::format("Instance {} is left alone: {}.", id, view.protection);
    }
    if (view.deadline && view.deadline->at > now.wall) {
        return fmt::format(
            "Instance {} will be {} at {}, in {}: rule {}.",
            id,
            what_happens(view.deadline->action),
            state.policy->calendar.format_time(view.deadline->at),
            humanize(view.deadline->at - now.wall),
            rules::to_string(view.deadline->rule));
    }
    if (view.deadline) {
        return fmt::format(
            "Instance {} is due: {}.",
            id,
            view.case_text.empty() ? std::string{policy::to_string(view.deadline->action)}
                                   : view.case_text);
    }
    if (view.evidence == fleet::Evidence::busy) {
        return fmt::format(
            "Instance {} is busy ({:.0f}% GPU) and is left alone.", id, view.gpu_util.value_or(0));
    }
    if (view.evidence == fleet::Evidence::idle) {
        return fmt::format("Instance {} is idle, and no rule acts on that.", id);
    }
    return fmt::format(
        "Whether instance {} works is unknown, so it is left alone: {}.",
        id,
        fleet::explain(view.doubt));
}

}  // namespace

std::optional<Explanation> make_explanation(const State& state, InstanceId id, Now now) {
    const auto it = state.instances.find(id);
    if (it == state.instances.end()) {
        return std::nullopt;
    }
    Explanation explanation;
    explanation.instance = view_instance(state, it->second, now);
    const auto subject = subject_of(state, it->second, now.wall);
    explanation.rules = subject.team->rules;
    const auto& calendar = state.policy->calendar;
    explanation.headline = headline(state, explanation.instance, now);
    explanation.paragraphs.push_back(samples_sentence(*it->second, calendar));
    explanation.paragraphs.push_back(
        idle_paragraph(subject, rules::idle_state(subject, now.wall), calendar));
    for (const auto* finding : findings_about(state, id)) {
        explanation.findings.push_back(*finding);
        explanation.finding_reasons.push_back(
            rules::reason(*finding, subject.instance, *subject.team, calendar));
        if (finding->rule != rules::Rule::idle && finding->holds(now.wall)) {
            explanation.paragraphs.push_back(fmt::format(
                "Rule {}: {}.",
                rules::to_string(finding->rule),
                explanation.finding_reasons.back()));
        }
    }
    if (!explanation.instance.protection.empty()) {
        explanation.paragraphs.push_back("Exempt: " + explanation.instance.protection + ".");
    }
    explanation.paragraphs.push_back(next_paragraph(state, explanation.instance, now));
    const auto item = state.cases.find(id);
    if (item != state.cases.end()) {
        explanation.open_case = item->second;
    }
    return explanation;
}

std::optional<Explanation> Engine::explain(InstanceId id, Now now) const {
    return make_explanation(state_, id, now);
}

}  // namespace vastwatch::engine
