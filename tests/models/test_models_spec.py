import re

import pytest

from smallset.models.spec import ModelSpec, read_model, student_spec, weights_file


def test_every_option_is_read():
    text = "resnet20(weights=a/b.th, shortcut=a, mean=(0.5, 0.4, 0), std=(1, 0.2, 0.3), size=32, "
    assert read_model(text + "classes='my file')") == ModelSpec(
        "resnet20", "a/b.th", "a", (0.5, 0.4, 0.0), (1.0, 0.2, 0.3), 32, "my file"
    )


def test_a_plain_name_has_no_options():
    assert read_model("resnet20") == read_model("resnet20()") == ModelSpec("resnet20")
    assert read_model("resnet20").library == ""
    assert read_model("timm:vit_tiny.augreg_in21k(weights=default)").library == "timm"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resnet21(weights=a)", "there is no model 'resnet21'. Did you mean 'resnet2"),
        ("resnet20(weight=a)", "'resnet20' has no option 'weight'. Did you mean 'weights'?"),
        ("timm:resnet18(shortcut=a)", "'timm:resnet18' has no option 'shortcut'. Known: weights"),
        ("resnet20(mean=0.5)", "resnet20's option 'mean' must be a tuple of 3 (a number, a number"),
        ("resnet20(mean=(0.5, 0.5))", "resnet20's option 'mean' must be a tuple of 3"),
        ("resnet20(shortcut=b)", "resnet20's option 'shortcut' must be one of conv, a, not 'b'"),
        ("resnet20(std=(0.1, 0, 0.1))", "resnet20's std=(0.1, 0.0, 0.1) divides the pixels,"),
        ("resnet20(size=0)", "resnet20's size=0 is too small. Give the side in pixels."),
        ("resnet18(shortcut=a)", "'resnet18' has no shortcut=a. Only the CIFAR family has: "),
        ("resnet18(weights=default)", "'resnet18' comes with no default weights. Needed the path"),
        ("resnet18(weights=a", "cannot read the spec 'resnet18(weights=a'"),
    ],
)  # fmt: skip
def test_a_bad_spec_is_refused(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        read_model(text)


@pytest.mark.parametrize("option", ["size=32", "classes=same"])
def test_a_student_takes_no_options_of_a_teacher(option):
    said = f"{option} tells how a teacher is used; a network that is trained takes its"
    with pytest.raises(ValueError, match=re.escape(said)):
        student_spec(f"resnet20({option})")


def test_a_weights_file_must_be_a_file(tmp_path):
    path = tmp_path / "w.pt"
    path.write_bytes(b"x")
    assert weights_file(ModelSpec("resnet8", str(path))) == path
    assert weights_file(ModelSpec("resnet8")) is None
    assert weights_file(ModelSpec("timm:x", "default")) is None
    for missing in (str(tmp_path), "nowhere.pt"):
        said = f"there is no weights file {missing!r} for 'resnet8'. Needed a file that torch.save"
        with pytest.raises(FileNotFoundError, match=re.escape(said)):
            weights_file(ModelSpec("resnet8", missing))


def test_the_text_of_a_network_names_what_is_not_default_and_reads_back():
    text = 'resnet20(weights=a.th, shortcut=a, mean=(0.5, 0.4, 0.0), size=32, classes="my file")'
    assert read_model("resnet20(size=32,classes='my file', mean=(.5, 0.4, 0), shortcut=a, "
                      "weights=a.th, std=none)").text == text  # fmt: skip
    assert read_model(text).text == text
    assert read_model("timm:resnet18").text == "timm:resnet18"
