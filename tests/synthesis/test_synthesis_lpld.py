"""LPLD: one class in a batch, and its own statistics."""

from synthesis_toy import canvases, made, resnet8

from smallset.synthesis.lpld import LPLD

NUMBERS = {"iterations": 3, "rate": 0.2, "r_bn": 0.1, "area": (0.3, 1.0), "flip": 0.5}


def test_a_batch_holds_one_class(tmp_path):
    begun = canvases(tmp_path, LPLD(resnet8(tmp_path), batch=2), ipc=3)
    assert [len(rows) for rows in begun.parts] == [2, 1] * 4
    assert all(len(set(begun.plan.label[list(rows)])) == 1 for rows in begun.parts)


def test_one_image_a_class_works(tmp_path):
    assert made(tmp_path, LPLD(resnet8(tmp_path), **NUMBERS), ipc=1).shape == (4, 8, 8, 3)
