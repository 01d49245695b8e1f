// Judges a run by what the simulated account knows to be true and by its own reading of the
// specification: every action, every alert, every figure. It is told what was truthfully served,
// what left the daemon and what people did, and never looks into the daemon.
#pragma once

#include "alerts/alert.hpp"
#include "engine/view.hpp"
#include "judge/bill.hpp"
#include "judge/violation.hpp"
#include "judge/watched.hpp"
#include "policy/policy.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace vastwatch::simulation {

/// How late an action was, at worst, when nothing was disturbed.
struct Lateness {
    Duration idle{0};
    Usd overshoot;
    std::uint64_t idle_actions = 0;
    std::uint64_t cap_actions = 0;
};

class Judge {
  public:
    struct Setting {
        std::vector<std::string> accounts;
        std::vector<std::string> fixed_teams;  ///< by account; empty = by label
        std::vector<std::string> teams;        ///< labels NAME and NAME/…
        Duration poll_interval{0};
        Duration request_pace{0};  ///< between two destructive requests
    };

    Judge(Setting setting, std::span<const vastsim::Account* const> accounts, Verdicts& verdicts);

    // --- What is in force.
    void take_policy(std::shared_ptr<const policy::Policy> policy, Instant at);
    void paused(bool is, Instant at);
    void protect(std::int64_t id, std::optional<Instant> until);
    /// Something got in the daemon's way: from here on it may be late.
    void disturbed(Instant at);
    /// The clock was set or stood still: evidence from before does not go on.
    /// By so much; `wrong`: it does not show the true time now.
    void clock_moved(Duration by, bool wrong, Instant at);

    void clock_moved(Instant at) { clock_moved(Duration{0}, false, at); }

    /// And nobody could notice: no daemon ran, and the machine was booted since. Then there is
    /// nothing to tell what was before by but the clock.
    void clock_moved_unseen(Duration by, Instant at);

    /// An operator decided against what a changed policy makes due: until the next one.
    void dismissed(std::int64_t id, bool mass = false);
    /// It need not be found idle by evidence from before: an operator said so, or it may have been
    /// lost to a lie.
    void watches_again(std::int64_t id, Instant at);
    /// The daemon died, and with `booted` the machine; what it saw after `stored` it may not have
    /// kept.
    void died(Instant stored, Instant at, bool booted = false);
    /// It died and came back with what it had stored.
    void restarted(Instant at);

    // --- What it was truthfully shown.
    Watched& watch(std::size_t account, std::int64_t id);
    /// One row of a listing that was complete and taken in.
    void sample(Watched& watched, const Reading& reading, Instant at);
    /// A listing that the daemon takes for complete ended; not always a truthful one.
    void listed(std::size_t account, Instant at);
    /// The end of such a listing; what was not sampled in it is gone.
    void swept(std::size_t account, Instant began, Instant at);
    /// A row of a fresh read before an action.
    void read(Watched& watched, const Reading& reading, Instant at);

    void charges_read(std::size_t account, Instant at) { bill_.charges_read(account, at); }

    void charges_missed(std::size_t account, Instant at) { bill_.charges_missed(account, at); }

    /// Forgets instances that were last listed before that moment; the account has to remember
    /// them no longer either.
    void forget_gone(Instant before);

    // --- What it did.
    /// A request leaves.
    void ordered(bool destroy, const std::vector<std::int64_t>& ids, Instant at);
    /// A request left and was not taken, and may be repeated.
    void refused_as_too_early(bool destroy, const std::vector<std::int64_t>& ids, Instant at);
    /// The intent for it is on disk, with what the daemon gives as its reasons ("idle: …").
    void intended(std::int64_t id, const std::vector<std::string>& reasons = {});
    /// `mass`: because too many are idle at once, which a cap does not wait for. Else a changed
    /// policy made it due by these reasons ("idle: …"), and others do not wait.
    void held(
        std::int64_t id,
        bool is,
        bool mass = false,
        const std::vector<std::string>& reasons = {},
        Instant at = {});
    /// A case ended without an action.
    void dropped(std::int64_t id);
    /// An alert became durable, or (while nothing can be stored) is told without that. True when it
    /// was not known before.
    bool told(const alerts::Alert& alert, Instant at, bool durable = true);
    /// An alert that was not durable died with the daemon: it never was.
    void lost(const std::string& alert);
    /// A receiver does not want it, and said so.
    void refused(const std::string& alert, const std::string& notifier);
    /// `confirmed`: and the daemon was told so.
    void delivered(
        const std::string& alert,
        const std::string& notifier,
        Instant at,
        bool confirmed = true);
    /// The figures that it shows at this moment.
    void shown(const engine::View& view, Instant at);

    Duration poll_interval() const { return setting_.poll_interval; }

    Bill& bill() { return bill_; }

    const Bill::Watches& watches() const { return watches_; }

    const Lateness& lateness() const { return lateness_; }

    std::uint64_t kills() const { return kills_; }

    std::uint64_t alerts_told() const { return alerts_told_; }

    /// The kinds of what condemned instances that were acted upon.
    const std::map<std::string, std::uint64_t>& reasons() const { return reasons_; }

    const std::map<std::string, std::uint64_t>& alert_kinds() const { return alert_kinds_; }

  private:
    struct Sweeps {
        Instant last;
        Instant before_last;
        Instant began;  ///< the last one
        Instant listed;
        Instant before_listed;
        Instant kept = Instant::max();  ///< what came later died with the daemon
        Instant blind_from;             ///< of the latest time in which nothing could be listed
        Instant blind_until;
    };

    struct Told {
        Instant at;
        alerts::Kind kind = alerts::Kind::test;
        bool durable = false;
        std::map<std::int64_t, std::uint64_t> changes;  ///< of whom it is about, when it was made
        std::set<std::string> wanted;                   ///< notifiers not yet reached
        std::map<std::string, Instant> reached;
    };

    /// What a listing showed of an instance, and a crash may have lost.
    struct Unkept {
        std::int64_t id = 0;
        Instant since;
        UsdPerHour rate;
    };

    /// By how much a figure of the latest listings may lie above and below the truth by now.
    struct Unseen {
        Usd over;
        Usd under;

        Usd total() const { return over + under; }
    };

    /// A figure as it was shown, and what of it was taken to have gone on since the latest
    /// listings.
    struct Shown {
        Usd spend;
        Usd assumed;
        Instant at;
    };

    /// How many instances alerts told of without a name, those of long lists.
    struct Omitted {
        Instant at;
        std::size_t count = 0;
    };

    struct CapKey {
        std::string owner;
        policy::Window window = policy::Window::day;
        Instant start;

        friend auto operator<=>(const CapKey&, const CapKey&) = default;
    };

    std::string team_by_label(std::string_view label) const;
    const policy::Rules& rules_of(const Watched& watched) const;
    const policy::Team& team_of(const policy::Policy& policy, const Watched& watched) const;
    Duration longest_idle_for() const;
    void doubt_midnights(Instant at);
    void judge_unkept(std::size_t account, Instant at);
    void take_label(Watched& watched, const Reading& reading, Instant at);
    void note_due(Watched& watched, Instant at);
    void note_open(Watched& watched, Instant at);
    Duration max_gap(const Watched& watched) const;

    void judge_order(Watched& watched, bool destroy, Instant at);
    /// What counts at the moment at which a request leaves, however long it had to wait.
    void judge_leave(const Watched& watched, bool destroy, Instant at);
    void judge_permission(const Watched& watched, bool destroy, Instant at);
    bool blind(Instant at) const;
    std::vector<std::string>
    condemned(const policy::Policy& policy, const Watched& watched, bool destroy, Instant at);
    bool covered(const policy::Rules& rules, const Watched& watched, Duration slack) const;
    bool surely_covered(const policy::Rules& rules, const Watched& watched) const;
    bool idle_enough(const policy::Rules& rules, const Watched& watched) const;
    UsdPerHour recent_burn(const Owner& owner, Instant at) const;
    bool over_cap(const policy::Policy& policy, const Watched& watched, Instant at);
    bool judge_warning(const Watched& watched, Instant at);
    bool too_many(const policy::Policy& policy, const Watched& watched) const;
    bool label_protects(const policy::Rules& rules, const Watched& watched, Instant at) const;
    /// When the present window of that cap began, by the daemon's clock.
    Instant window_of(std::string_view cap, Instant at) const;
    /// A reload's hold, open or dismissed, has it for this rule.
    bool waits_for(const Watched& watched, std::string_view rule, Instant at) const;
    /// It was intended by a rule that the hold does not have it for, and truly so.
    bool acts_by_another(const Watched& watched, bool destroy, Instant at);
    bool exempt(const Watched& watched, Instant at) const;
    void judge_duty(Watched& watched, Instant at);
    void judge_repeat(Watched& watched, bool destroy, Instant at);
    /// What instances of `owner` had cost when they were first listed, which was a moment ago.
    Usd just_listed(const Owner& owner, Instant from, Instant at) const;
    void judge_overshoot(const Watched& watched, Instant at);
    void judge_once(const alerts::Alert& alert, const Told& told, Instant at);
    void judge_alert(const alerts::Alert& alert, Instant at);
    void judge_threshold(const alerts::Alert& alert, Instant at);
    void judge_thresholds_told(Instant at);
    void judge_caps_acted(Instant at);
    std::size_t acted_since(Instant from, const std::function<bool(const Watched&)>& counts);
    void judge_limits(const Watched& watched, Instant at);
    void judge_mass(const Watched& watched, Instant at);
    void note_disturbed_orders(Instant at);
    void judge_done(const alerts::Alert& alert, Instant at);
    void judge_done_told(Instant at);
    void judge_account_caps(Instant at);
    /// The clock was ahead over a midnight and is right again: the ledger stays in the day that it
    /// had reached until that one truly begins.
    bool counts_for_tomorrow(Instant at) const;
    bool looked_at(std::size_t account, Instant at) const;
    void judge_blindness_told(Instant at);
    Unseen unseen_since_listing(const Owner& owner, Instant at) const;
    Usd assumed_since_listing(const Owner& owner, Instant at) const;
    bool was_blind(Instant at) const;
    std::string differences(const Owner& owner, const engine::View& view);
    void judge_figures(const engine::View& view, Instant at);
    void judge_deliveries(Instant at);
    Owner owner_of(const alerts::Alert& alert) const;

    bool calm(Instant at, Duration since) const { return at - disturbed_at_ > since; }

    Setting setting_;
    std::span<const vastsim::Account* const> accounts_;
    Verdicts& verdicts_;
    Bill::Watches watches_;
    Bill bill_;
    std::shared_ptr<const policy::Policy> policy_;
    std::shared_ptr<const policy::Policy> previous_;
    Instant policy_since_;
    bool paused_ = false;
    Instant paused_changed_;
    Instant disturbed_at_;
    Instant begun_;
    std::vector<Sweeps> sweeps_;
    std::vector<Unkept> unkept_;
    std::set<std::int64_t> intended_;
    std::deque<Instant> recent_orders_;
    std::deque<std::pair<Instant, std::int64_t>> limited_orders_;  ///< of the last hour
    std::deque<std::pair<Instant, std::int64_t>> fresh_orders_;    ///< of the last minutes
    Instant clock_moved_at_;
    std::set<std::string> blindness_told_;  ///< accounts, until it is over
    std::map<std::string, Instant> untold_since_;
    std::map<std::string, Told> told_;  ///< by alert id, until delivered and old
    /// By condition, about whom, and how often that one had changed when it was told.
    std::map<std::string, std::map<std::int64_t, std::uint64_t>> firing_;
    std::set<std::string> thresholds_told_;    ///< by condition
    std::map<Owner, Omitted> omitted_;         ///< instances said to be done and not named
    std::map<std::string, Shown> day_spends_;  ///< as shown last, by owner and day
    std::map<CapKey, Instant> cap_orders_;     ///< the first order of each cap
    Instant restarted_at_;
    bool clock_wrong_ = false;
    Instant latest_wall_;  ///< that the daemon's clock has shown when it was set
    Duration skew_{0};
    Lateness lateness_;
    std::uint64_t kills_ = 0;
    std::uint64_t alerts_told_ = 0;
    std::map<std::string, std::uint64_t> reasons_;
    std::map<std::string, std::uint64_t> alert_kinds_;
};

}  // namespace vastwatch::simulation
