#include "runtime/message_ids.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace vastwatch::runtime {
namespace {

struct MessageId {
    std::string_view event;
    std::string_view id;
};

// Sorted by event. An id stays with its event for ever: people filter and alarm by it.
constexpr std::array message_ids{
    MessageId{"accept_failed", "b9e33602e4174b019ce3f81045b0d0c9"},
    MessageId{"action/confirmed", "9e93305c066a44af9c1a1cbb816d750d"},
    MessageId{"action/done", "e8dd178ed9f34ce8adcd7c38230e4fc8"},
    MessageId{"action/dropped", "8dac2a49e6a64165b88e8ee502eb56f2"},
    MessageId{"action/dry_run", "48691fdd571b4cc99ced0b52cdf48309"},
    MessageId{"action/due", "21cb6a8843ea4394a38ea20a1f760c56"},
    MessageId{"action/failed", "015b4732491142f4b4f735e86331982a"},
    MessageId{"action/held", "fb18d75a15764ca687ed22c8747e13fa"},
    MessageId{"action/intended", "3f891a4bced64ae5bed787c3c8784498"},
    MessageId{"action/requested", "d3339775c09b45b0964de46405eba718"},
    MessageId{"action/vanished", "2724dbcde43548d483a2e3f8edb5dd8b"},
    MessageId{"action/verified", "2ddce4fc377f498da6a42d605866221e"},
    MessageId{"action/warned", "24812a5d4a004df4be602055c19061d7"},
    MessageId{"action/withdrawn", "c0d8d6f910a7497999613cd2d4203d96"},
    MessageId{"action_requested", "7eea03d0392f4a91bda7221deb94de6b"},
    MessageId{"alert/action_failed", "6e2edb36464d421d8d4a26587ad94b25"},
    MessageId{"alert/action_held", "4fb4de6e8ddd4ee8899f3f7928f0e920"},
    MessageId{"alert/api_key_rejected", "a92bcc94024145ecace12457d2ef55b4"},
    MessageId{"alert/api_unreachable", "45036bdf432f4f5aa7a72ca305ec0552"},
    MessageId{"alert/billing_mismatch", "e13541c24cce48e4b5c91151d326131f"},
    MessageId{"alert/budget_forecast", "70811fb847244dd2bcfbf05882615cb9"},
    MessageId{"alert/budget_threshold", "b39f68f2ceea4b3f99cbacda3dd19e99"},
    MessageId{"alert/cap_reached", "79e6e1856ea1441b9f8f988923504f22"},
    MessageId{"alert/cap_warning", "270bc5dfa8fe4351b75730041669dc74"},
    MessageId{"alert/config_rejected", "58d7c5d2b0a947919b7269d9720f8640"},
    MessageId{"alert/credit_low", "9a1b51c5204b4a289a9a1709afc6a6b7"},
    MessageId{"alert/enforcement_paused", "cc0c8e38b0fd4683bd7f9dfec7334843"},
    MessageId{"alert/exemption_ended", "6b94d538d8784d96939a786fdd4a37b9"},
    MessageId{"alert/idle_warning", "6743287f65dd4c52ae176cc97b79ce87"},
    MessageId{"alert/instance_destroyed", "2acce130827f4c6bb15e20878e07ec89"},
    MessageId{"alert/instance_stopped", "380a29b72bf041a5a8ac16310e8f7def"},
    MessageId{"alert/policy_violation", "11e5505d9a3742ba98d60c9e7befd0b5"},
    MessageId{"alert/price_increase", "1fcf9c26928841b4bc85d25862b1e40d"},
    MessageId{"alert/price_unknown", "51c67d4843184d4b85b5b4b4174ee3fa"},
    MessageId{"alert/state_damaged", "2e880338737544b7a56db3d8e0e5e943"},
    MessageId{"alert/state_unwritable", "68b134a69f844c6ebc5a6ecb061bd835"},
    MessageId{"alert/test", "15ded9a9a97b477baf6a09aaa535f6ea"},
    MessageId{"alert/unassigned_spend", "e746e44c1084497b904442206bd16aef"},
    MessageId{"alert_given_up", "ee212d2cb2944c6fb31d7be31d9f770f"},
    MessageId{"alert_refused", "e4d0f7bc80b5457da15dc9b925672703"},
    MessageId{"audit_broken", "3a4dee00c69844dfa20ac106a275d9ed"},
    MessageId{"audit_completed", "07fd0fbd520e4949a3924c4354a6a547"},
    MessageId{"audit_repaired", "90fa881f993340f591f3a3c28c09a8d0"},
    MessageId{"billing_agrees", "261c789089e14afd93c41eb02e6231eb"},
    MessageId{"billing_disagrees", "28f2ab65e7ea46c0b2ba6e98716e734b"},
    MessageId{"billing_readable", "1ab52acb3b5e4691af756b184d6c997d"},
    MessageId{"billing_unreadable", "4a628093f8eb45c9954036e7d6d58ef0"},
    MessageId{"command", "3202a351b2254ba38ddef2c2188b2652"},
    MessageId{"config_rejected", "84c1397fdd964898bc9e1f408557cc65"},
    MessageId{"config_reloaded", "216e71935ec543538f2c4be2aba9e018"},
    MessageId{"http_connection_failed", "5969a7da69574ed6aed01bcaefad3ea8"},
    MessageId{"http_handler_failed", "c5d21e17adc34030b5f6a7647a439016"},
    MessageId{"loop_ended", "203c7762a03d400cb5a117218f591a23"},
    MessageId{"poll_failed", "7dd390525568485199660e87cfcdbb08"},
    MessageId{"poll_recovered", "9e52957e90614f178c1d761a460056e8"},
    MessageId{"start_failed", "6e0dfcd995f749e78325edb74e0d9680"},
    MessageId{"started", "f80a4ac51a444092952c4b8533d8e781"},
    MessageId{"state_corrupt", "cc95d26cee4b44bdbd2bd176717f8a7a"},
    MessageId{"state_unwritable", "f583a61dd130493796243f550bd89296"},
    MessageId{"state_writable", "34954bbb03014eadb243ac48d8b15793"},
    MessageId{"stop_slow", "c544fe05d6c548438aa87412ca230d3f"},
    MessageId{"stopped", "b3caa1646ade4276afa3805a07edd2aa"},
    MessageId{"stopping", "ac0cbc20c06947838cc74bdcaaf252ff"},
    MessageId{"too_many_connections", "34449a6a83cb455da9e407c9c0fb50ae"},
};

/// What tells the kinds of one event apart: the field of that name.
std::string_view distinguishing_field(std::string_view event) {
    if (event == "alert") {
        return "kind";
    }
    return event == "action" ? "outcome" : "";
}

}  // namespace

std::string_view message_id(std::string_view event, const std::vector<Field>& fields) {
    std::string name{event};
    const auto distinguishing = distinguishing_field(event);
    for (const auto& field : fields) {
        if (!distinguishing.empty() && field.key == distinguishing) {
            name += "/" + field.value;
        }
    }
    const auto* it = std::lower_bound(
        message_ids.begin(), message_ids.end(), name, [](const auto& a, const auto& b) {
            return a.event < b;
        });
    return it != message_ids.end() && it->event == name ? it->id : std::string_view{};
}

}  // namespace vastwatch::runtime
