import pytest

from smallset.desk import desk_for


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device": "gpu"}, "device 'gpu' is not known. Give auto, cpu, cuda or cuda:N."),
        ({"precision": "half"}, "precision 'half' is not known. Give auto, float32 or bfloat16."),
        ({"workers": -1}, "workers=-1 is negative. Give the number of threads, or 0 for all"),
    ],
)
def test_a_wrong_word_is_refused_before_torch_is_asked(options, said, tmp_path, monkeypatch):
    monkeypatch.setattr("smallset.desk.machine", None)
    with pytest.raises(ValueError, match=said):
        desk_for(work=tmp_path, **options)


def test_an_unknown_option_is_not_ignored(tmp_path):
    with pytest.raises(TypeError, match="'sized'"):
        desk_for(work=tmp_path, sized=8)


def test_pixels_are_kept_in_the_work_folder_unless_the_cache_is_off(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path)
    desk = desk_for(work=None, precision="float32", workers=1)
    assert desk.pixels == desk.work == tmp_path
    assert desk_for(cache=False).pixels is None
    assert (desk.machine.precision, desk.machine.threads) == ("float32", 1)
    assert desk.machine is desk.machine
