"""The benchmarks' runner: fair turns, honest ratios, and results for every comparison that there is."""

import json
import time

import pytest

from benchmarks import run


def test_contestants_take_turns() -> None:
    calls: list[str] = []

    def contestant(name: str):
        def wait() -> None:
            calls.append(name)
            time.sleep(0.003)

        return wait

    run.measure({"a": contestant("a"), "b": contestant("b")}, rounds=4)
    assert "".join(calls[-8:]) == "abababab"


def test_ratios_refer_to_the_first() -> None:
    slow, quick = (lambda: time.sleep(0.02)), (lambda: time.sleep(0.005))
    measured = run.measure({"quick": quick, "slow": slow}, rounds=5)
    assert measured["quick"]["ratio"].median == 1
    assert measured["slow"]["ratio"].median == pytest.approx(4, rel=0.3)
    spread = measured["slow"]["seconds"]
    assert 0.02 <= spread.least <= spread.median <= spread.most


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


def test_lbfgs_searches_as_sparingly_as_scipy() -> None:
    facts = json.loads(run.RESULTS.read_text())["lbfgs"]["facts"]
    assert len(facts) == 4
    for fact in facts.values():
        assert fact["above the tolerance"] == []
        spent = fact["evaluations an iteration"]
        assert spent["curvlib LBFGS"] <= spent["scipy L-BFGS-B"] + 0.02


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
