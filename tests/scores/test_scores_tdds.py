import math
import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from scores_toy import toy

from smallset.observers import Observer
from smallset.scores import TDDS
from smallset.scores import tdds as module
from smallset.scores.tdds import move, weighed
from smallset.train.evaluation import predict

SHORT = Observer("resnet8", epochs=4)


def naive_move(before: list[float], after: list[float]) -> float:
    return sum(
        abs(q * (math.log(q + 1e-8) - math.log(p + 1e-8)))
        for p, q in zip(before, after, strict=True)
    )


def test_a_move_is_the_formula_and_nothing_moves_where_nothing_changes():
    draw = np.random.default_rng(0).dirichlet(np.ones(3), (2, 5)).astype(np.float32)
    found = move(*torch.from_numpy(draw))
    wanted = [naive_move(p.tolist(), q.tolist()) for p, q in zip(*draw, strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    certain = torch.tensor([[1.0, 0.0]])
    assert move(certain, certain).tolist() == [0]


@pytest.mark.parametrize("held", [2**26, 64])
def test_probabilities_are_those_of_the_run_whatever_is_held(held, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_HELD", held)
    monkeypatch.setattr(module, "inference_batch", lambda _: 16)
    observed = toy(tmp_path)
    found = TDDS(window=3, observer=SHORT)(observed)
    p = []
    for epoch in range(1, 5):
        model = observed.network(SHORT, epoch=epoch)
        ((_, logits),) = predict(model, observed.images, machine=observed.machine)
        p.append(logits.softmax(1))
    moves = np.stack([move(a, b).numpy() for a, b in pairwise(p)])
    np.testing.assert_allclose(found, weighed(moves, 2, 0.9), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("decay", [0, -0.1, 1.1])
def test_a_decay_that_weighs_nothing_is_refused(decay):
    said = f"tdds's decay={decay} is not a weight. Give a number above 0, at most 1."
    with pytest.raises(ValueError, match=re.escape(said)):
        TDDS(decay=decay)


@pytest.mark.parametrize(("epochs", "read"), [(None, 4), (3, 3)])
def test_a_window_counts_epochs_and_is_weighed_by_those_that_follow_it(epochs, read, work):
    held, observed = 3, toy(work)
    moves = TDDS(window=held, observer=SHORT)._moves(observed, 0, (1, 2, 3, 4))
    wanted = np.zeros(len(moves))
    for k in range(read - held + 1):
        part = moves[:, k : k + held - 1].astype(np.float64)
        v = np.linalg.norm(part - part.mean(1, keepdims=True), axis=1)
        wanted += v * 0.9 * 0.1 ** (read - held - k)
    found = TDDS(window=held, epochs=epochs, observer=SHORT)(observed)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_the_passes_over_all_epochs_chunks_and_runs_are_one_job(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_HELD", 64)
    monkeypatch.setattr(module, "inference_batch", lambda _: 16)
    told: list[tuple[str, int, int]] = []
    seen = toy(tmp_path, progress=lambda *report: told.append(report))
    TDDS(window=3, runs=2, observer=SHORT)(seen)
    moves = [report for report in told if report[0].startswith("moves")]
    # 4 epochs of chunks of 16, 16 and 8 images, of 2 runs
    counts = [16, 32, 48, 64, 80, 96, 112, 128, 136, 144, 152, 160]
    places = [("moves, run 1 of 2", done, 320) for done in counts]
    assert moves == places + [("moves, run 2 of 2", 160 + done, 320) for done in counts]
    assert max(done for stage, done, _ in told if stage.startswith("train")) == 320
