// One life of the whole daemon: its machine in virtual time, the simulated service, its people,
// what goes wrong, and the judge, who is told only what an onlooker outside can see. The same seed
// and options give the same life, bit for bit.
#pragma once

#include "config/config.hpp"
#include "core/report.hpp"
#include "core/story.hpp"
#include "daemon/machine.hpp"
#include "lives/audit_tail.hpp"
#include "lives/mischief.hpp"
#include "lives/testimony.hpp"
#include "world/users.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace vastwatch::simulation {

/// A day or two at a time, small accounts, much trouble.
Options daemon_options();

class DaemonRun final : public Observer {
  public:
    /// `keep_story`: the latest lines of what happened are kept, for a report on a violation.
    DaemonRun(const Options& options, bool keep_story);
    ~DaemonRun() override;

    /// Lives until the end or the first violation.
    Report run();

    /// The machine's, for those who want to see more than the report.
    const Machine& machine() const { return *machine_; }

  private:
    /// An alert as far as it is known.
    struct Known {
        bool durable = false;
    };

    /// An alert that says that something was done.
    struct Done {
        std::int64_t id = 0;
        Instant at;
    };

    /// A command without an answer.
    struct Asked {
        web::Command command;
        std::vector<InstanceId> held;
        Instant at;    ///< truly
        Instant wall;  ///< by the machine's clock, as a daemon that sees it set has it
    };

    // --- Observer.
    void on_api_request(const ApiRequest& request) override;
    void on_api_answer(const ApiAnswer& answer) override;
    void on_delivery(const Delivery& delivery) override;
    void on_heartbeat(Instant at) override;
    void on_turn(Instant at, Turn turn, std::string_view text) override;
    void on_command(Instant at, const web::Command& command, const web::CommandResult& result)
        override;
    void on_log(Instant at, runtime::Level level, std::string_view event, std::string_view message)
        override;

    // --- What happens.
    void prepare();
    Instant next_moment() const;
    void happen();
    void operate();
    void command(web::Command command);
    void decide_holds(bool approve);
    void reload();
    void configure(int variant);
    void inspect();
    void rest();

    // --- What is seen.
    void ordered(bool destroy, const std::vector<std::int64_t>& ids, bool taken, Instant at);
    bool held_as_mass(InstanceId id);
    void take_record(const boost::json::object& record);
    void look();
    void tell(const alerts::Alert& alert, Instant at, bool durable);
    void judge_haste(const std::string& alert);
    void judge_records();
    void started(Instant at);
    void ended(Instant at, Turn turn, std::string_view text);
    void take_moved_clock();
    void adopt(const engine::View& view);
    void adopt_holds(const engine::View& view, InstanceId id);
    std::shared_ptr<const engine::View> view();
    void take_policy(Instant at);

    // --- The end.
    void judge_end();
    void judge_growth();
    void tell_cases();
    Report report();

    Instant now() const { return machine_->truth().wall; }

    template <class... Parts>
    void story(fmt::format_string<Parts...> words, Parts&&... parts) {
        story_.add(now(), words, std::forward<Parts>(parts)...);
    }

    template <class What>
    void require(bool holds, Invariant invariant, What what) {
        verdicts_.require(holds, invariant, now(), what);
    }

    Options options_;
    Plan plan_;
    Verdicts verdicts_;
    Story story_;
    std::unique_ptr<vastsim::World> world_;
    std::vector<const vastsim::Account*> accounts_;
    std::vector<Users> users_;
    std::unique_ptr<Machine> machine_;
    std::unique_ptr<Judge> judge_;
    std::unique_ptr<Mischief> mischief_;
    std::unique_ptr<Testimony> testimony_;
    std::unique_ptr<AuditTail> audit_;

    std::optional<int> in_force_;
    int variant_ = 0;           ///< of the file
    bool file_broken_ = false;  ///< nobody can read it
    std::optional<Instant> mend_file_at_;
    bool writable_ = true;  ///< as the daemon says
    std::optional<Instant> look_at_;
    std::map<std::string, Known> alerts_;
    std::vector<Done> done_;            ///< not yet looked for in the audit log
    std::set<std::int64_t> confirmed_;  ///< by the audit log
    Instant broken_at_;                 ///< when records may have been lost with the process
    std::vector<Asked> asked_;
    std::map<std::int64_t, Instant>
        decided_;  ///< when somebody approved or dismissed its hold last
    std::vector<Asked> unclear_;
    std::vector<Asked> unkept_;  // in force, and not stored as far as anybody was told
    std::optional<Instant>
        pause_ends_;               ///< by the machine's clock, as a daemon that sees it set has it
    Duration moved_while_off_{0};  ///< the machine's clock, since the daemon ended
    bool rebooted_ = false;        ///< the machine, since then
    bool just_started_ = false;
    bool resting_ = false;
    Instant rest_at_;
    Instant started_at_;
    std::uint64_t harms_at_start_ = 0;
    std::uint64_t early_ = 0;  ///< requests that came too early so far

    vastsim::Random operator_random_;
    Instant next_operation_;
    Instant next_reload_;
    Instant next_inspection_;
    std::uint64_t operations_ = 0;
    std::uint64_t reloads_ = 0;
    std::uint64_t acts_ = 0;
    std::map<std::string, std::uint64_t> kinds_;
};

}  // namespace vastwatch::simulation
