"""Speed side by side with lavaan: ``python -m tests.benchmarks [CASE ...]``, or ``make bench`` for all of them."""

from __future__ import annotations

import argparse
import os

# Both sides compute on one thread; libraries read this when they are first imported.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"


def main() -> None:
    """Run the cases named on the command line, and print a line as each is done."""
    from tests.benchmarks import limits, simulation, versus_invariance, versus_lavaan, versus_lme4
    from tests.benchmarks.lavaan_side import HOW_TO_INSTALL, open_r
    from tests.benchmarks.table import HEAD, line, machine

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = [
        *versus_lavaan.CASES, *versus_lme4.CASES, *versus_invariance.CASES, *simulation.CASES, *limits.CASES,
    ]  # fmt: skip
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(names)}; all where none is named")
    chosen = parser.parse_args().cases or names
    if unknown := [name for name in chosen if name not in names]:
        parser.error(f"there is no case {', '.join(unknown)}; there are {', '.join(names)}")
    with open_r("lavaan.R", "lavaan") as lavaan:
        print(machine(lavaan))
        if lavaan is None:
            print(HOW_TO_INSTALL)
        print(HEAD)
        for name in chosen:
            if name in versus_lavaan.CASES:
                rows = versus_lavaan.run(name, lavaan)
            elif name in versus_invariance.CASES:
                rows = versus_invariance.run(name)
            elif name in simulation.CASES:
                rows = simulation.CASES[name](lavaan)
            else:
                rows = versus_lme4.run(name) if name in versus_lme4.CASES else limits.CASES[name]()
            try:
                for row in rows:
                    print(line(row), flush=True)
            except RuntimeError as error:
                print(f"{name}: {error}", flush=True)


if __name__ == "__main__":
    main()
