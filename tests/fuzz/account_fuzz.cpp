// The small answers about an account: each body is read as a user, as a spend rate and as price
// increases.
#include "failure_check.hpp"
#include "fuzz.hpp"
#include "vast/decode_account.hpp"

#include <optional>

namespace vastwatch::fuzz {
namespace {

constexpr std::int64_t most_dollars = 1'000'000'000;

void check_user(const vast::UserInfo& user) {
    for (const auto* figure : {&user.credit, &user.total_spend, &user.balance_threshold}) {
        require(!*figure || within(**figure, most_dollars), "a balance is bounded");
    }
    require(user.scopes.size() <= 64, "scopes are bounded");
    for (const auto& scope : user.scopes) {
        require(scope.size() <= 64 && is_utf8(scope), "a scope is a bounded text", scope);
    }
}

void check_increase(const vast::PriceIncrease& increase) {
    require(increase.instance.value() > 0, "a price increase names an instance");
    require(increase.id >= 0, "a price increase has an id or none");
    for (const auto* rate :
         {&increase.old_gpu, &increase.new_gpu, &increase.old_disk, &increase.new_disk}) {
        require(!*rate || is_rate(**rate), "a rate is not negative and bounded");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto body = text_of(data, size);
    const auto user = vast::decode_user(body);
    if (const auto* info = value_of(user)) {
        check_user(*info);
    }
    const auto spend_rate = vast::decode_spend_rate(body);
    if (const auto* rate = value_of(spend_rate)) {
        require(is_rate(rate->gpu), "a rate is not negative and bounded: GPU");
        require(is_rate(rate->storage), "a rate is not negative and bounded: storage");
        require(is_rate(rate->volumes), "a rate is not negative and bounded: volumes");
    }
    const auto increases = vast::decode_price_increases(body);
    if (const auto* list = value_of(increases)) {
        for (const auto& increase : *list) {
            check_increase(increase);
        }
    }
    return 0;
}

}  // namespace vastwatch::fuzz
