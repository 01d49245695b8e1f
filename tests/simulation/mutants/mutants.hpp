// Which of the deliberate defects that weave.py has woven in is on: the one that the environment
// variable VASTWATCH_MUTANT names, none without it. Only in vastwatch-sim-mutants.
#pragma once

namespace vastwatch::mutants {

/// The number of the one that is on; 0 = none.
extern const int chosen;

/// Counts that the mutant that is on was met; the count is told at the program's end.
void met() noexcept;

[[nodiscard]] inline bool on(int number) noexcept {
    if (chosen != number) {
        return false;
    }
    met();
    return true;
}

}  // namespace vastwatch::mutants
