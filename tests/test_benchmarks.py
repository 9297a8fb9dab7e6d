"""The benchmarks answer to --help, and what they make of their measurements is right."""

import importlib
import os
import runpy
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from byol_core.errors import LabError

FOLDER = Path(__file__).parent.parent / "benchmarks"
SCRIPTS = (
    "training_step",
    "equal_time",
    "collapse",
    "gpu_cifar10",
    "streaming",
    "views",
    "history",
    "class_load",
    "few_labels",
    "map_fit",
    "map_frames",
    "map_opens",
    "slider",
    "under_load",
    "walk",
    "any_images",
    "language",
)
TURNS = {"byol-lab": {"whole": 300.0, "peak_pss": 900.0}, "lightly": {"whole": 100.0, "peak_pss": 1000.0}}


@pytest.fixture
def load(monkeypatch):
    """Import a benchmark as it imports its neighbors."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def says_what_it_does(name, text):
    options = set(text.replace(",", " ").replace("]", " ").replace("[", " ").split())
    return f"benchmarks/{name}.py" in text and {"--quick", "--json", "--write"} <= options


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_says_what_it_does(name, monkeypatch, capsys):
    """In this process, which has loaded what all of them need."""
    script = str(FOLDER / f"{name}.py")
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(script, run_name="__main__")
    assert not ended.value.code
    assert says_what_it_does(name, capsys.readouterr().out)


def test_a_script_finds_its_neighbors_by_itself():
    script = [sys.executable, str(FOLDER / "views.py"), "--help"]
    assert says_what_it_does("views", subprocess.run(script, capture_output=True, text=True, check=True).stdout)


# Numbers


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([3.0, 1.0, 2.0], "2.00 (1.00–3.00)"),
        ([7.25], "7.25"),
        ([None, 0.0123], "0.012"),
        ([], "–"),
        ([12345.6, 12345.6], "12,346 (12,346–12,346)"),
    ],
)
def test_a_spread_is_the_median_with_its_range(load, values, text):
    assert load("common").spread(values) == text


def test_ratios_are_taken_within_a_round(load):
    rounds = [TURNS, {"byol-lab": {"whole": 10.0}, "lightly": {"whole": 5.0}}, {"byol-lab": {"whole": 9.0}}]
    assert load("common").ratios(rounds, "byol-lab", "lightly", "whole") == [3.0, 2.0]
    assert load("common").of(rounds, "byol-lab", "peak_pss") == [900.0]


def test_each_round_starts_with_the_next_contender(load):
    assert [load("common").in_turn("abc", number) for number in (0, 1, 3)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["a", "b", "c"],
    ]


@pytest.mark.parametrize(
    ("measured", "most", "met"),
    [(3.0, False, True), (2.9, False, False), (2.9, True, True), (3.1, True, False), (None, True, None)],
)
def test_a_requirement_is_met_from_its_figure_on(load, measured, most, met):
    assert load("common").Requirement("x", 3.0, measured, most).met is met


def test_a_missing_requirement_is_marked_in_its_row(load):
    assert load("common").Requirement("x", 3.0, 2.0).row() == ["x", "≥ 3", "2.00", "**not met**"]


def test_a_missing_package_is_said_in_one_sentence(load, capsys):
    with pytest.raises(SystemExit) as left:
        load("common").need(["no_such_peer", "json"])
    assert left.value.code == 2
    assert capsys.readouterr().err == "Missing: no_such_peer; install with: pip install no_such_peer\n"


def test_paths_of_this_machine_stay_out_of_a_heading(load, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/training_step.py", "--cifar", "/home/me/my set.npz"])
    text = load("common").heading("T", {"hardware": "H", "versions": {"torch": "2"}})
    assert "`python benchmarks/training_step.py --cifar 'my set.npz'`" in text
    assert text.startswith("# T\n") and text.endswith("H. torch 2.")


# Turns


# It goes on when somebody has looked at it while it had all its memory.
TURN = """
import pathlib, sys, time
block = b"x" * (50 << 20)
here = pathlib.Path(sys.argv[0]).parent
(here / "grown").touch()
while not (here / "seen").exists():
    time.sleep(0.01)
print("noise")
print(sys.argv[2])
"""


def test_a_turn_gives_the_answer_and_the_peak_of_the_memory(load, tmp_path, monkeypatch):
    script, turns = tmp_path / "turn.py", load("turns")
    script.write_text(TURN)
    memory = turns.memory

    def look(root):
        grown = (tmp_path / "grown").exists()
        found = memory(root)
        if grown:
            (tmp_path / "seen").touch()
        return found

    monkeypatch.setattr(turns, "memory", look)
    found = turns.turn(str(script), {"who": "me"})
    assert found["who"] == "me"
    assert found["peak_rss"] >= found["peak_pss"] > 50


def test_a_turn_that_fails_says_so_in_one_sentence(load, tmp_path, capsys):
    script = tmp_path / "turn.py"
    script.write_text("raise ValueError('no such view')")
    with pytest.raises(LabError, match=r"The turn of me failed: ValueError: no such view$"):
        load("turns").turn(str(script), {"who": "me"})
    assert "Traceback" in capsys.readouterr().err


def test_what_other_programs_take_is_a_share_of_the_machine(load):
    clock = load("turns").Others()
    assert 0 <= clock.share() <= 1


@pytest.mark.parametrize(("shares", "disturbed"), [([0.01, 0.02], False), ([0.01, 0.4], True)])
def test_a_disturbed_measurement_says_so(load, shares, disturbed):
    assert ("disturbed" in load("common").disturbance(shares)) is disturbed


# What the scripts conclude


def test_training_step_compares_ratios_and_the_leanest_peer(load):
    results = [{"encoder": "conv-tutorial", "batch": 256, "rounds": [TURNS]}]
    found = {each.what: each for each in load("training_step").requirements(results)}
    assert found["conv-tutorial: byol-lab / lightly, whole"].measured == 3.0
    assert found["conv-tutorial: byol-lab / solo-learn, whole"].met is None
    assert found["conv-tutorial: peak PSS of byol-lab / the leanest peer's"].measured == 0.9


def test_speed_counts_the_measured_steps_only(load):
    done = []

    class Loss:
        def item(self):
            return 0.0

    def step():
        done.append(1)
        return Loss()

    module = load("training_step")
    assert module.speed(step, {"seconds": 0.0, "batch": 4}) > 0
    assert len(done) == module.WARM + module.LEAST


def test_until_stops_at_the_budget_or_when_the_steps_are_done(load):
    shares = []
    steps, _ = load("equal_time").until(60.0, shares.append, most=3)
    assert steps == 3 and shares == sorted(shares) and 0 <= shares[-1] < 1
    assert load("equal_time").until(0.0, shares.append)[0] == 0


def test_equal_time_requires_more_images_and_higher_knn_per_seed(load):
    turns = {"byol-lab": {"seed": 0, "images": 300, "knn": 0.7}, "lightly": {"seed": 0, "images": 100, "knn": 0.71}}
    assert [each.met for each in load("equal_time").requirements([turns])] == [True, False]


def test_equal_accuracy_is_not_a_higher_one(load):
    turns = {who: {"seed": 0, "images": 1, "knn": 0.7} for who in ("byol-lab", "lightly")}
    assert load("equal_time").requirements([turns])[1].met is False


def looked(case, *ratios):
    looks = [(second, second, ratio, ratio / 2) for second, ratio in enumerate(ratios)]
    return {"case": case, "seed": 0, "steps": len(ratios) - 1, "looks": looks}


def test_a_collapse_is_timed_by_the_first_look_under_the_mark(load):
    run = looked("no stop-gradient", 0.05, 0.5, 0.15, 0.09)
    module = load("collapse")
    assert module.under(run, 2) == 3.0 and module.under(run, 3) == 2.0
    assert module.lowest(run, 2) == 0.09


def test_the_worst_seed_decides_whether_byol_stayed_healthy(load):
    runs = [looked("BYOL", 0.3, 0.35, 0.8, 0.9), looked("BYOL", 0.3, 0.9, 0.3, 0.9)]
    found = {each.what: each for each in load("collapse").requirements(runs)}
    healthy = next(each for what, each in found.items() if what.startswith("BYOL") and "representation" in what)
    assert healthy.measured == 0.3 and healthy.met is False


def answered(**accuracies):
    return {"seconds": 1.0, "scores": [{"subject": s, "accuracies": a, "chosen": []} for s, a in accuracies.items()]}


def test_few_labels_compares_split_means_with_from_scratch(load):
    found = {
        "linear 10": answered(trained=[0.7, 0.72]),
        "finetune 10": answered(trained=[0.7, 0.7], scratch=[0.6, 0.64]),
    }
    assert [each.measured for each in load("few_labels").requirements(found)] == pytest.approx([9.0, 8.0])
    assert load("few_labels").rows(found, ["10"])[0] == ["10", "linear", "71.0 ± 1.4", "–", "–", "–", "–", "1"]
    assert load("few_labels").requirements({})[0].met is None


def test_what_is_kept_under_load_is_a_share_within_the_round(load):
    module = load("under_load")
    speeds = [{module.ALONE: 10.0, module.LOOPS: 4.0}, {module.ALONE: 20.0, module.LOOPS: 5.0}]
    turns = [
        {"what": "training", "round": number, "load": kind, "found": found}
        for number, each in enumerate(speeds)
        for kind, found in each.items()
    ]
    pages = {module.ALONE: {"pages": [1.0] * 18 + [3.0] * 2, "complaints": []}}
    found = {each.what: each for each in module.requirements({"turns": turns, "pages": pages})}
    assert found["training keep of their speed, one busy loop a core"].measured == pytest.approx(0.325)
    assert found["training keep of their speed, 60 % of one core"].met is None
    assert found["pages while a run trains, alone, 95th percentile, s"].met is False


def test_a_load_is_there_inside_its_block_and_gone_after_it(load):
    module = load("under_load")
    me = psutil.Process()
    before = me.children()
    with module.load(module.LOOPS):
        programs = [program for program in me.children() if program not in before]
        assert len(programs) == psutil.cpu_count()
        assert {os.getsid(program.pid) for program in programs} == {program.pid for program in programs}
    assert not any(program.is_running() for program in programs)


def test_what_a_language_costs_is_a_share_within_the_round(load):
    module = load("language")
    shares = {module.BEFORE: 1.0, module.ENGLISH: 1.0, module.CHINESE: 1.02}
    rounds = [
        {name: dict.fromkeys(module.PAGES, share * base) for name, share in shares.items()} for base in (1.0, 2.0)
    ]
    found = {each.what: each for each in module.requirements(rounds, {"Runs": [0.3, 0.7, 0.8]})}
    assert (
        found["Lab, now, Chinese / before"].measured == pytest.approx(1.02) and found["Lab, now, Chinese / before"].met
    )
    assert found["a switch on Runs, s"].met is False


# The trace of a GPU


def event(kind, name, start, length, correlation=None):
    args = {} if correlation is None else {"correlation": correlation}
    return {"ph": "X", "cat": kind, "name": name, "ts": start, "dur": length, "args": args}


TRACE = [
    event("user_annotation", "forward", 0, 10),
    event("user_annotation", "backward", 20, 10),
    event("cuda_runtime", "cudaLaunchKernel", 5, 1, 1),
    event("cuda_runtime", "cudaLaunchKernel", 25, 1, 2),
    event("cuda_runtime", "cudaStreamSynchronize", 26, 1, 3),
    event("cuda_runtime", "cudaLaunchKernel", 40, 1, 4),
    event("kernel", "gemm", 22, 8, 1),
    event("kernel", "gemm", 30, 4, 2),
    event("kernel", "copy", 32, 4, 4),
    {"ph": "M", "name": "process_name"},
]


def test_a_kernel_belongs_to_the_part_that_launched_it(load):
    found = load("trace_parts").shares(TRACE, ("forward", "backward"))
    assert {name: (share.device, share.launches, share.waits) for name, share in found.items()} == {
        "forward": (8.0, 1, 0),
        "backward": (4.0, 1, 1),
        "elsewhere": (4.0, 1, 0),
    }


def test_busy_time_counts_overlapping_kernels_once(load):
    assert load("trace_parts").busy(TRACE) == 14.0


def test_the_longest_kernels_come_first(load):
    assert load("trace_parts").longest(TRACE, 1) == [("gemm", 12, 2)]


def test_the_gpu_benchmark_needs_a_gpu_and_says_so(load, monkeypatch, capsys):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu_cifar10.py"])
    with pytest.raises(SystemExit) as left:
        load("gpu_cifar10").main()
    assert left.value.code == 2
    assert capsys.readouterr().err == "This benchmark needs a CUDA GPU, and there is none here.\n"


# The step, taken apart


def test_the_parts_of_a_step_make_the_trainer_s_own_step(load):
    import torch

    from byol_core.config import build
    from byol_core.data.imageset import ImageSet

    n = 20
    pixels = torch.randint(0, 256, (n, 3, 16, 16), dtype=torch.uint8)
    images = ImageSet("noise", pixels, None, (), torch.arange(16), torch.arange(16, n))
    small = {"network.encoder": "conv-quarter", "network.projector_hidden": 16, "network.predictor_hidden": 16}
    here = {"data.image_size": 16, "data.validation": 0.0, "runtime.threads": 1, "runtime.device": "cpu"}
    config = build({}, {**small, **here, "runtime.precision": "float32", "optimizer.warmup": 0.0, "batch_size": 8})
    ours = load("ours")
    whole, parts = ours.Bench(config, images), ours.Parts(ours.Bench(config, images))
    losses = [float(parts.step(parts.views(parts.batch(step), step), step)) for step in range(3)]
    assert losses == pytest.approx([float(whole.take()) for _ in range(3)], abs=1e-6)
