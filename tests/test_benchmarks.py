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


def test_curvature_products_cost_little_more_than_gradients() -> None:
    for group in json.loads(run.RESULTS.read_text())["products"]["groups"].values():
        for kind in ("Gauss-Newton", "exact Fisher"):
            assert group[f"{kind} product"]["ratio"]["median"] <= 1.6


def test_kfac_costs_and_races_as_the_book_says() -> None:
    results = json.loads(run.RESULTS.read_text())
    steps = results["kfac"]["summary"]
    for name, most in (("adaptive", 4.0), ("fixed", 2.9), ("subsampled", 2.5)):
        assert steps[f"curvlib, {name}"]["ratio"] <= most
    race = results["kfac_race"]["summary"]
    assert race["curvlib, adaptive, for steps"]["median steps"] <= 80
    theirs = race["kfac-jax, adaptive, for seconds"]["median seconds"]
    assert race["curvlib, subsampled, for seconds"]["median seconds"] <= theirs / 2


def test_the_chapters_record_is_whole() -> None:
    record = json.loads((run.HERE.parent / "chapters" / "autoencoder.json").read_text())
    for method in record["methods"].values():
        assert method["chosen"] in method["runs"] and set(method["runs"]) <= set(method["tuned"])
        for told in method["runs"].values():
            least, middle, most = told["losses"]
            assert len(least) == len(method["at"])
            assert all(a <= b <= c for a, b, c in zip(least, middle, most, strict=True))
