"""The benchmarks' runner: fair turns, honest ratios, and results for every comparison that there is."""

import io
import json
import sys
import time
from types import ModuleType

import pytest

from benchmarks import heirs, report, run


class Clock:
    """A clock that only sleeping moves, so that ratios are exact."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(run, "time", clock)
    return clock


def test_contestants_take_turns(clock) -> None:
    calls: list[str] = []

    def contestant(name: str):
        def wait() -> None:
            calls.append(name)
            clock.sleep(0.003)

        return wait

    run.measure({"a": contestant("a"), "b": contestant("b")}, rounds=4)
    assert "".join(calls[-8:]) == "abababab"


def test_ratios_refer_to_the_first(clock) -> None:
    slow, quick = (lambda: clock.sleep(0.02)), (lambda: clock.sleep(0.005))
    measured = run.measure({"quick": quick, "slow": slow}, rounds=5)
    assert measured["quick"]["ratio"].median == 1
    assert measured["slow"]["ratio"].median == pytest.approx(4)
    spread = measured["slow"]["seconds"]
    assert spread.least == pytest.approx(0.02) == spread.most


def test_a_library_may_have_a_unit_of_its_own(clock) -> None:
    waits = {"ours": 0.004, "ours, twice": 0.008, "theirs": 0.012, "theirs, twice": 0.024}
    contestants = {name: (lambda seconds=seconds: clock.sleep(seconds)) for name, seconds in waits.items()}
    units = {"ours, twice": "ours", "theirs, twice": "theirs"}
    measured = run.measure(contestants, rounds=5, units=units)
    for name, ratio in {"ours": 1, "ours, twice": 2, "theirs": 1, "theirs, twice": 2}.items():
        assert measured[name]["ratio"].median == pytest.approx(ratio)
    groups = {"one": {name: {kind: vars(v) for kind, v in one.items()} for name, one in measured.items()}}
    assert report.references({"groups": groups}) == ["ours", "theirs"]


def test_results_cover_every_comparison() -> None:
    results = json.loads(run.RESULTS.read_text())
    assert sorted(results) == run.COMPARISONS
    for result in results.values():
        assert result["groups"]
        assert {"processor", "cores", "system", "python", "packages", "date"} <= result["machine"].keys()


def test_unknown_comparison_is_named(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["run", "nothing"])
    with pytest.raises(SystemExit):
        run.main()
    assert f"no comparison nothing; there are {', '.join(run.COMPARISONS)}" in capsys.readouterr().err


@pytest.fixture
def comparison(monkeypatch, tmp_path) -> ModuleType:
    """A comparison of two ways to do nothing, which can be quicker; results go to a folder of their own."""

    def groups(quick: bool = False):
        for size in (1,) if quick else (1, 2):
            yield run.Group(f"n = {size}", {"optax": lambda: time.sleep(0.003), "curvlib": lambda: None})

    module = ModuleType("benchmarks.nothing")
    module.ABOUT, module.groups, module.ROUNDS = "nothing", groups, 5
    monkeypatch.setitem(sys.modules, "benchmarks.nothing", module)
    monkeypatch.setattr(run, "COMPARISONS", ["nothing", "slow"])
    monkeypatch.setattr(run, "LEFT_OUT", {"slow": "it never ends"})
    for name in ("RESULTS", "QUICK_RESULTS", "PICTURE"):
        monkeypatch.setattr(run, name, tmp_path / getattr(run, name).name)
    return module


def test_quick_results_stay_apart(comparison, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["run", "--quick"])
    run.main()
    found = json.loads(run.QUICK_RESULTS.read_text())["nothing"]
    assert list(found["groups"]) == ["n = 1"] and found["rounds"] == run.QUICK_ROUNDS
    assert "left out: slow, since it never ends" in capsys.readouterr().out
    assert not run.RESULTS.exists()
    monkeypatch.setattr("sys.argv", ["run", "--quick", "slow"])
    with pytest.raises(SystemExit):
        run.main()
    assert "no quick slow, since it never ends" in capsys.readouterr().err


def test_whole_results_are_added_to_those_that_are_there(comparison, monkeypatch, capsys) -> None:
    run.RESULTS.write_text(json.dumps({"other": 1}))
    monkeypatch.setattr("sys.argv", ["run", "nothing"])
    run.main()
    results = json.loads(run.RESULTS.read_text())
    assert results["other"] == 1 and list(results["nothing"]["groups"]) == ["n = 1", "n = 2"]
    assert results["nothing"]["rounds"] == 5 and not run.QUICK_RESULTS.exists()
    *_, header, first, second, _, _ = capsys.readouterr().out.splitlines()
    assert header.split() == ["optax", "curvlib"]
    assert first.startswith("n = 1   1.00  ") and second.startswith("n = 2   1.00  ")


def test_what_a_quick_run_leaves_out_is_there_otherwise() -> None:
    assert set(run.LEFT_OUT) <= set(run.COMPARISONS)


def test_progress_is_told_on_a_terminal_alone() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, told in (
        (io.StringIO(), ""),
        (Terminal(), "\r\033[K2 of 3, newton, round 1 of 5, 0:00\r\033[K"),
    ):
        progress = report.Progress(stream)
        progress.enter("2 of 3, newton")
        progress.tell("round 1 of 5")
        progress.clear()
        assert stream.getvalue() == told


def test_the_picture_can_be_redrawn(tmp_path) -> None:
    results = json.loads(run.RESULTS.read_text())
    names = report.with_peers(results)
    assert {"lbfgs", "nist", "kfac", "newton_cg"} <= set(names) and "autoencoder" not in names
    report.draw(results, tmp_path / "again.svg")
    for path in (tmp_path / "again.svg", run.PICTURE):
        assert path.stat().st_size < 200_000
        drawn = path.read_text()
        assert [name for name in results if f">{name}: time, over that of " in drawn] == names, (
            "draw it again: python -m benchmarks.run --draw"
        )


def test_nist_results_hold_what_they_promise() -> None:
    summary = json.loads(run.RESULTS.read_text())["nist"]["summary"]
    ours = summary["curvlib LevenbergMarquardt"]
    assert ours["runs"] == ours["with six digits"] == 54
    assert ours["median digits"] >= 10 and ours["median ratio"] <= 1
    assert summary["optimistix LevenbergMarquardt"]["median ratio"] == 1


def test_curvature_products_cost_hardly_more_than_their_multiplications() -> None:
    result = json.loads(run.RESULTS.read_text())["products"]
    for name, group in result["groups"].items():
        for kind in ("Gauss-Newton product", "exact Fisher product", "Hessian product"):
            assert group[kind]["ratio"]["median"] <= 1.2 * result["facts"][name]["counted"][kind]


def test_lbfgs_searches_as_sparingly_as_scipy_and_takes_no_longer_than_optax() -> None:
    result = json.loads(run.RESULTS.read_text())["lbfgs"]
    facts = result["facts"]
    assert len(facts) == 4
    for group in result["groups"].values():
        assert group["curvlib LBFGS"]["ratio"]["median"] <= 1
    for fact in facts.values():
        assert fact["above the tolerance"] == []
        spent = fact["evaluations an iteration"]
        assert spent["curvlib LBFGS"] <= spent["scipy L-BFGS-B"] + 0.02


def test_curvature_products_are_those_of_curvlinops_and_cost_fewer_gradients() -> None:
    result = json.loads(run.RESULTS.read_text())["curvature_peers"]
    assert len(result["groups"]) == 3
    for name, group in result["groups"].items():
        assert max(result["facts"][name]["relative differences"].values()) <= 1e-4
        for kind in ("Gauss-Newton product", "Hessian product"):
            ours, theirs = (group[f"{library}, {kind}"]["ratio"] for library in ("curvlib", "curvlinops"))
            assert ours["median"] <= theirs["median"]


def test_steps_by_conjugate_gradients_are_those_of_somax() -> None:
    result = json.loads(run.RESULTS.read_text())["gauss_newton_cg"]
    assert len(result["groups"]) == 3
    for name in result["groups"]:
        apart = result["facts"][name]["relative differences from somax's step"]
        assert max(apart["3 iterations"].values()) <= 1e-4 and max(apart["10 iterations"].values()) <= 1e-2


def test_a_step_of_hessian_free_optimization_takes_memory_in_proportion() -> None:
    for told in json.loads(run.RESULTS.read_text())["hessian_free_size"]["facts"].values():
        assert told["bytes of temporaries for each parameter"]["step"] <= 200


def test_hessian_free_optimization_arrives_as_the_book_says() -> None:
    record = json.loads((run.HERE.parent / "chapters" / "hessian-free.json").read_text())
    ours = record["methods"]["HF"]
    for goal, most in ((record["target"], 4000), (record["further"], 8000)):
        assert all(spent <= most for spent in ours["runs"][ours["chosen"]]["gradients"][f"{goal:g}"])


def test_kfac_costs_and_races_as_the_book_says() -> None:
    results = json.loads(run.RESULTS.read_text())
    steps = results["kfac"]["summary"]
    for name, most in (("adaptive", 4.0), ("fixed", 2.9), ("subsampled", 2.5)):
        assert steps[f"curvlib, {name}"]["ratio"] <= most
    race = results["kfac_race"]["summary"]
    assert race["curvlib, adaptive, for steps"]["median steps"] <= 80
    theirs = race["kfac-jax, adaptive, for seconds"]["median seconds"]
    assert race["curvlib, subsampled, for seconds"]["median seconds"] <= theirs / 2


def test_the_chapters_records_are_whole() -> None:
    for file in ("autoencoder.json", "hessian-free.json"):
        record = json.loads((run.HERE.parent / "chapters" / file).read_text())
        for method in record["methods"].values():
            names = set(method["runs"])
            assert names <= set(method.get("tuned", names)) and method.get("chosen", min(names)) in names
            for told in method["runs"].values():
                least, middle, most = told["losses"]
                assert len(least) == len(method.get("at", told.get("at")))
                assert all(a <= b <= c for a, b, c in zip(least, middle, most, strict=True))


def test_the_heirs_record_is_whole_and_its_choices_are_the_best_of_their_grids() -> None:
    record = json.loads((run.HERE.parent / "chapters" / "heirs.json").read_text())
    assert set(record["methods"]) == set(heirs.FAMILIES)
    assert record["cost"]["Adam"] == 1 and record["target"] == heirs.TARGET
    for name, of in heirs.FAMILIES.items():
        assert 1 <= record["cost"][name] < record["cost"]["K-FAC"]
        for length in of.lengths:
            told = record["methods"][name][str(length)]
            assert len(told["tuned"]) == 8 and told["tuned"][told["chosen"]] == min(told["tuned"].values())
            assert len(told["ends"]) == len(told["steps"]) == 5 and told["at"][-1] == length
            low, middle, high = (row[-1] for row in told["losses"])
            assert low <= middle <= high and abs(middle - told["last"]) < 1e-3
