import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, features
from set_toy import make_plan, write

from smallset.data import from_arrays
from smallset.data.decode import BadImage, decode
from smallset.store import Codec, Rendered
from smallset.store.codec import extension_of

ORIGINAL = Codec.parse("original")


@pytest.fixture
def pixels() -> np.ndarray:
    x = np.linspace(0, 255, 32).astype(np.uint8)
    return np.stack(np.broadcast_arrays(x[:, None], x[None], x[::-1, None]), axis=-1).copy()


@pytest.mark.parametrize("text", ["png", "jpeg:1", "jpeg:90", "webp:100", "avif:60"])
def test_a_codec_prints_as_it_is_parsed_and_a_missing_quality_is_90(text):
    assert str(Codec.parse(text)) == text
    assert Codec.parse("webp") == Codec("webp", 90)


def test_png_is_exact(pixels):
    codec = Codec.parse("png")
    np.testing.assert_array_equal(codec.decode(codec.encode(pixels)), pixels)


@pytest.mark.parametrize(
    ("text", "format_"), [("jpeg:90", "JPEG"), ("webp:90", "WEBP"), ("avif:90", "AVIF")]
)
def test_lossy_codecs_are_near_and_readable_by_pillow(pixels, text, format_):
    codec = Codec.parse(text)
    encoded = codec.encode(pixels)
    assert np.abs(codec.decode(encoded).astype(int) - pixels).mean() < 5
    image = Image.open(io.BytesIO(encoded))
    assert (image.format, image.mode, image.size) == (format_, "RGB", (32, 32))


def test_a_higher_quality_takes_more_bytes(pixels):
    for name in ("jpeg", "webp", "avif"):
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
        ("avif:0", r"has the quality '0'.* Use for example avif:90"),
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


def test_a_set_of_original_bytes_holds_them_and_reads_as_drawn(tmp_path, plan, dataset):
    plan = replace(plan, size=4, tile_box=np.minimum(plan.tile_box, 4))
    drawn = write(plan, dataset, tmp_path / "a")
    made = write(plan, dataset, tmp_path / "b", "original")
    for row, file in enumerate(made.files):
        assert (made.path / file.path).read_bytes() == dataset.encoded(int(plan.source[row, 0]))
    np.testing.assert_array_equal(made.images(), drawn.images())
    assert made.manifest.codec == "original"


def test_what_shows_less_than_whole_images_cannot_keep_their_bytes(plan, dataset):
    Rendered(plan, dataset).check_copies("squash")
    with pytest.raises(ValueError, match=r"shows 4 of them\. Use another codec, such as png"):
        Rendered(make_plan(factor=2), dataset).check_copies("squash")
    part = replace(plan, source_box=plan.source_box - np.array([0, 0, 1, 0], np.int32))
    aside = replace(plan, tile_box=plan.tile_box - np.array([0, 0, 1, 0], np.int32))
    for wrong in (part, aside, replace(plan, source=np.full_like(plan.source, -1))):
        with pytest.raises(ValueError, match=r"but this method shows parts of them\. Use another"):
            Rendered(wrong, dataset).check_copies("squash")


def test_arrays_have_no_bytes_of_their_own(plan):
    labels = np.repeat(np.arange(3), 4)
    pixels = np.random.default_rng(0).integers(0, 256, (12, 6, 6, 3), np.uint8)
    data = from_arrays(pixels, labels, test=(pixels, labels), name="arrays")
    with pytest.raises(ValueError, match="'arrays' has pixels and no encoded images"):
        Rendered(plan, data.train).check_copies("squash")


def test_bytes_that_are_no_image_are_named(plan, dataset):
    broken = replace(dataset, origin=replace(dataset.origin, encoded=(b"words",) * 12))
    with pytest.raises(ValueError, match=r"'ape/1\.png' of 'tiny' is not an image of a known"):
        Rendered(plan, broken).copied(plan.source[:, 0].tolist().index(1))


@pytest.mark.parametrize(
    ("head", "ending"),
    [(b"\xff\xd8\xff\xe0", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"RIFF0000WEBP", "webp"),
     (b"GIF89a", "gif"), (b"BM", "bmp"), (b"II*\0", "tif"), (b"P6 1 1", "ppm"),
     (b"\xff\x4f\xff\x51", "jp2")],
)  # fmt: skip
def test_a_file_ends_as_its_bytes_begin(head, ending):
    assert extension_of(head) == ending


def test_original_is_no_format_to_encode_in():
    assert str(ORIGINAL) == "original"
    assert (ORIGINAL.files, Codec.parse("jpeg:80").files) == ("*", "*.jpg")
    with pytest.raises(ValueError, match="was asked to encode pixels, but it only copies"):
        ORIGINAL.encode(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match=r"original bytes stay as they are\. Use 'original'"):
        Codec.parse("original:9")


def test_avif_in_an_old_pillow_is_refused_with_the_version_that_has_it(pixels, monkeypatch):
    encoded = Codec.parse("avif:60").encode(pixels)
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(ValueError, match=r"has no AVIF\. Needed Pillow 11\.3 or newer: pip"):
        Codec.parse("avif:60")
    with pytest.raises(BadImage, match=r"is AVIF, which needs Pillow 11\.3 or newer"):
        decode(encoded)


@pytest.mark.parametrize(("text", "most"), [("jpeg:50", 0), ("webp:50", 3), ("avif:60", 1)])
def test_how_far_a_neighbour_bleeds_into_an_image_on_a_sheet(text, most):
    """The mean change of an image's pixels if its neighbours turn from black to white."""
    y, x = np.mgrid[:32, :32]
    waves = np.stack([128 + 90 * np.sin(x / 5), 128 + 90 * np.cos(y / 7), 4 * (x + y)], -1)
    codec, own = Codec.parse(text), np.s_[32:64, 32:64]
    seen = []
    for grey in (0, 255):
        sheet = np.full((96, 96, 3), grey, np.uint8)
        sheet[own] = waves.astype(np.uint8)
        seen.append(codec.decode(codec.encode(sheet))[own].astype(int))
    change = np.abs(seen[1] - seen[0]).mean(-1)
    assert change.mean() <= most  # of 255
