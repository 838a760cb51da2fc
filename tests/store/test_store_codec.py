import io

import numpy as np
import pytest
from PIL import Image

from smallset.store import Codec


@pytest.fixture
def pixels() -> np.ndarray:
    x = np.linspace(0, 255, 32).astype(np.uint8)
    return np.stack(np.broadcast_arrays(x[:, None], x[None], x[::-1, None]), axis=-1).copy()


@pytest.mark.parametrize("text", ["png", "jpeg:1", "jpeg:90", "webp:100"])
def test_a_codec_prints_as_it_is_parsed(text):
    assert str(Codec.parse(text)) == text


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_a_missing_quality_is_90(name):
    assert Codec.parse(name) == Codec(name, 90)


def test_png_is_exact(pixels):
    codec = Codec.parse("png")
    np.testing.assert_array_equal(codec.decode(codec.encode(pixels)), pixels)


@pytest.mark.parametrize(("text", "format_"), [("jpeg:90", "JPEG"), ("webp:90", "WEBP")])
def test_lossy_codecs_are_near_and_readable_by_pillow(pixels, text, format_):
    codec = Codec.parse(text)
    encoded = codec.encode(pixels)
    assert np.abs(codec.decode(encoded).astype(int) - pixels).mean() < 5
    image = Image.open(io.BytesIO(encoded))
    assert (image.format, image.mode, image.size) == (format_, "RGB", (32, 32))


def test_a_higher_quality_takes_more_bytes(pixels):
    for name in ("jpeg", "webp"):
        sizes = [len(Codec.parse(f"{name}:{q}").encode(pixels)) for q in (10, 50, 100)]
        assert sizes == sorted(set(sizes))


def test_jpeg_keeps_colour_at_half_the_resolution(pixels):
    image = Image.open(io.BytesIO(Codec.parse("jpeg:90").encode(pixels)))
    assert image.layer[0][1:3] == (2, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gif", r"codec 'gif' is not known\. Use one of png, jpeg:QUALITY, webp:QUALITY"),
        ("", r"codec '' is not known"),
        ("PNG", r"codec 'PNG' is not known"),
        ("png:90", r"codec 'png:90' gives a quality, but PNG is exact\. Use 'png'"),
        ("jpeg:", r"has the quality '', which is not a whole number from 1 to 100"),
        ("jpeg:0", r"has the quality '0'"),
        ("webp:101", r"has the quality '101'.* Use for example webp:90"),
        ("jpeg:9.5", r"has the quality '9\.5'"),
        ("jpeg:٣", r"has the quality '٣'"),
    ],
)
def test_what_is_no_codec_is_an_error_that_lists_them(text, message):
    with pytest.raises(ValueError, match=message):
        Codec.parse(text)


def test_a_file_of_another_format_or_a_damaged_one_is_an_error(pixels):
    png, jpeg = Codec.parse("png"), Codec.parse("jpeg:90")
    with pytest.raises(ValueError, match=r"^holds a JPEG image, but the codec of the set is png$"):
        png.decode(jpeg.encode(pixels))
    with pytest.raises(ValueError, match=r"^is damaged or cut short \(PNG: "):
        png.decode(png.encode(pixels)[:60])
    with pytest.raises(ValueError, match=r"^is not an image of a known format$"):
        jpeg.decode(b"words")
