import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from images_toy import SMOOTH, saved, turned
from PIL import Image, ImageOps

from smallset.data.decode import BadImage, decode, image_format, measure, misnamed

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (12, 20, 3), np.uint8)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_lossless_formats_give_the_pixels_back(form):
    data = saved(RGB, form, **({"lossless": True} if form == "WEBP" else {}))
    assert np.array_equal(decode(data), RGB)
    assert measure(data) == (20, 12)
    assert image_format(data) == form


@pytest.mark.parametrize("subsampling", [0, 2])
def test_a_jpeg_decodes_as_pillow_decodes_it(subsampling):
    data = saved(SMOOTH, "JPEG", quality=90, subsampling=subsampling)
    ours, pillow = decode(data), np.asarray(Image.open(io.BytesIO(data)))
    assert np.array_equal(ours, pillow)


def test_grey_is_repeated_over_the_channels():
    grey = RGB[:, :, 0]
    for data in (saved(grey), saved(Image.fromarray(grey).convert("1"))):
        pixels = decode(data)
        assert (pixels == pixels[:, :, :1]).all()
    assert np.array_equal(decode(saved(grey))[:, :, 2], grey)
    jpeg = saved(SMOOTH[:, :, 0], "JPEG")
    assert np.array_equal(decode(jpeg)[:, :, 1], np.asarray(Image.open(io.BytesIO(jpeg))))


def test_a_palette_gives_its_colours_and_its_transparent_one_is_white():
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([1, 2, 3, 4, 5, 6])
    assert decode(saved(palette))[0].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert decode(saved(palette, transparency=1))[0].tolist() == [[1, 2, 3], [255] * 3]
    assert decode(saved(palette, "GIF", transparency=0))[0].tolist() == [[255] * 3, [4, 5, 6]]


# What stands at (0, 0) of the stored image, and along its rows, for each orientation of EXIF.
UPRIGHT = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored, 2).swapaxes(0, 1),
    8: lambda stored: np.rot90(stored, 1),
}
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="%d"/></x:xmpmeta>'
SOUND = {"JPEG": {}, "PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}, "MPO": {}}


def turns(data: bytes, orientation: int, stored: np.ndarray) -> None:
    """Check the pixels against the stored ones and against Pillow, and the size."""
    upright = UPRIGHT[orientation](stored)
    assert np.array_equal(decode(data), upright)
    turned = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.array_equal(np.asarray(turned.convert("RGB")), upright)
    assert measure(data) == (upright.shape[1], upright.shape[0])


def with_segments(jpeg: bytes, *segments: tuple[int, bytes]) -> bytes:
    """Put segments (marker, content) behind the start of a JPEG."""
    parts = (struct.pack(">BBH", 255, kind, len(data) + 2) + data for kind, data in segments)
    return jpeg[:2] + b"".join(parts) + jpeg[2:]


def with_chunk(png: bytes, name: bytes, data: bytes, before: bytes) -> bytes:
    """Put a chunk into a PNG before another one."""
    chunk = struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    at = png.index(before) - 4
    return png[:at] + chunk + png[at:]


def exif_block(orientation: int) -> bytes:
    return turned(orientation).tobytes()


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("form", SOUND)
def test_exif_orientation_turns_the_image_upright(form, orientation):
    stored = decode(saved(SMOOTH, form, **SOUND[form]))
    turns(saved(SMOOTH, form, exif=orientation, **SOUND[form]), orientation, stored)


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("form", ["JPEG", "WEBP", "TIFF", "PNG"])
def test_orientation_in_xmp_alone_turns_the_image_too(form, orientation):
    xmp, options = XMP % orientation, dict(SOUND[form])
    if form == "TIFF":
        options["tiffinfo"] = {700: xmp}
    elif form != "PNG":
        options["xmp"] = xmp
    data, stored = saved(SMOOTH, form, **options), decode(saved(SMOOTH, form, **SOUND[form]))
    if form == "PNG":
        text = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp
        turns(with_chunk(data, b"iTXt", text, b"IEND"), orientation, stored)
        data = with_chunk(data, b"iTXt", text, b"IDAT")
    turns(data, orientation, stored)


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("marker", [0xE2, 0xFE, 0xED])
def test_orientation_is_found_behind_long_segments(orientation, marker):
    plain = saved(SMOOTH, "JPEG")
    filler = RNG.integers(0, 256, 60_000, np.uint8).tobytes() + b"\xff\xda\0\x0c"
    long = [(marker, filler), (marker, filler)]
    exif = (0xE1, exif_block(orientation))
    turns(with_segments(plain, *long, exif), orientation, decode(plain))
    xmp = (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP % orientation)
    turns(with_segments(plain, *long, xmp), orientation, decode(plain))
    turns(with_segments(plain, *long), 1, decode(plain))


def test_orientation_is_found_wherever_it_may_stand():
    plain = saved(SMOOTH, "JPEG")
    exif = exif_block(6)
    for kind in (0xDB, 0xC0, 0xC4, 0xDA):  # before the tables, the frame, the scan
        at = plain.index(bytes([255, kind]))
        segment = struct.pack(">BBH", 255, 0xE1, len(exif) + 2) + exif
        for padding in (b"", b"\xff\xff"):
            turns(plain[:at] + padding + segment + plain[at:], 6, decode(plain))
    png = saved(SMOOTH)
    for before in (b"IDAT", b"IEND"):
        turns(with_chunk(png, b"eXIf", exif[6:], before), 6, SMOOTH)


def test_exif_goes_before_xmp_and_unknown_orientations_are_none():
    plain = saved(SMOOTH, "JPEG")
    xmp = (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP % 8)
    turns(with_segments(plain, xmp, (0xE1, exif_block(3))), 3, decode(plain))
    for odd in (9, 65535):
        turns(saved(SMOOTH, "JPEG", exif=odd), 1, decode(plain))


def test_words_in_the_pixels_or_in_a_comment_turn_nothing():
    plain = saved(SMOOTH, "JPEG")
    for marker in (0xFE, 0xE1, 0xED):
        data = with_segments(plain, (marker, b"no " + exif_block(6)))
        assert np.array_equal(decode(data), decode(plain))
    assert np.array_equal(decode(plain + exif_block(6)), decode(plain))


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("mode", ["1", "L", "P", "PA", "LA", "CMYK", "I;16", "I;16B", "LAB"])
def test_pixels_of_every_kind_are_turned(mode, orientation):
    grey = Image.fromarray(RNG.integers(0, 256, (12, 20), np.uint8))
    picture = grey.convert("RGB").convert(mode) if mode in ("PA", "CMYK", "LAB") else None
    if mode.startswith("I"):
        values = RNG.integers(0, 65536, (12, 20), np.uint16)
        picture = Image.frombytes(mode, (20, 12), values.tobytes())
    picture = picture or grey.convert(mode)
    upright = UPRIGHT[orientation](decode(saved(picture, "TIFF")))
    data = saved(picture, "TIFF", exif=orientation)
    assert np.array_equal(decode(data), upright)
    assert measure(data) == (upright.shape[1], upright.shape[0])


def test_a_jpeg_with_nothing_to_turn_is_not_decoded_by_pillow(monkeypatch):
    plain = saved(SMOOTH, "JPEG")
    same = [saved(SMOOTH, "JPEG", exif=1), with_segments(plain, (0xE2, b"other"), (0xFE, b"hello"))]
    stored = decode(plain)
    monkeypatch.setattr(Image.Image, "load", None)
    for data in (plain, *same):
        assert np.array_equal(decode(data), stored)


def test_an_animation_gives_its_first_frame():
    red, blue = Image.new("RGB", (4, 4), "red"), Image.new("RGB", (4, 4), "blue")
    for form in ("GIF", "WEBP", "PNG"):
        data = saved(red, form, save_all=True, append_images=[blue])
        pixel = decode(data)[2, 2].astype(int)
        assert pixel[0] > 240, form
        assert pixel[2] < 15, form


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_file_cut_short_is_bad(form):
    whole = saved(RNG.integers(0, 256, (64, 64, 3), np.uint8), form)
    changed = bytearray(saved(RGB))
    changed[60] ^= 255
    cut = [whole[: len(whole) // 2], whole[:20], *([bytes(changed)] if form == "PNG" else [])]
    for data in cut:
        for look in (decode, measure):
            with pytest.raises(BadImage, match=f"is damaged or cut short \\({form}: .+\\)"):
                look(data)


def test_empty_and_foreign_bytes_are_bad():
    with pytest.raises(BadImage, match=r"^is empty \(0 bytes\)$"):
        decode(b"")
    with pytest.raises(BadImage, match=r"^is not an image of a known format$"):
        decode(b"hello, this is text")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_bad_before_it_is_decoded(form, monkeypatch):
    data = saved(RGB, form)
    for limit in (239, 100):  # a little more than the limit, and more than twice the limit
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(BadImage, match=f"is too large .*MAX_IMAGE_PIXELS is {limit} pixels"):
            measure(data)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert measure(data) == (20, 12)


def test_an_image_is_read_by_its_content_and_its_wrong_name_is_told():
    jpeg = saved(RGB, "JPEG")
    for name in ("a/b.jpg", "b.JPEG", "b.jpe"):
        assert not misnamed(name, jpeg)
        assert misnamed(name, saved(RGB))
    assert misnamed("b.png", jpeg)
    assert np.array_equal(decode(saved(RGB)), RGB)


def test_the_reason_for_an_unreadable_header_names_no_object_in_memory():
    with pytest.raises(BadImage) as caught:
        decode(b"MM\0*" + bytes(50))
    assert str(caught.value) == (
        "is damaged or cut short (TIFF: the header is damaged or describes pixels that Pillow "
        "does not read)"
    )


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("b.txt", b"hello", r"has the extension '\.txt', not that of an image"),
        ("b", saved(RGB), "has no extension, not that of an image"),
        ("b.png", b"hello", "is not an image of a known format"),
    ],
)
def test_a_name_must_be_that_of_an_image(name, data, said):
    with pytest.raises(BadImage, match=said):
        misnamed(name, data)


@given(
    st.sampled_from(["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "JPEG2000"]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=3),
    st.floats(0, 1),
)
@pytest.mark.filterwarnings("ignore::Warning")
def test_damage_is_seen_by_decode_and_measure_alike(form, changes, kept):
    """And nothing but BadImage is ever raised."""
    data = bytearray(saved(RGB, form, **({"exif": 6} if form in ("JPEG", "PNG") else {})))
    for place, value in changes:
        data[place % len(data)] = value
    del data[len(data) - int((1 - kept) ** 3 * len(data)) :]
    seen = outcome(decode, bytes(data))
    size = seen.shape[1::-1] if isinstance(seen, np.ndarray) else seen
    assert outcome(measure, bytes(data)) == size


def outcome(look, data: bytes):
    """Return what is seen, or the reason why nothing is."""
    try:
        return look(data)
    except BadImage as error:
        return str(error)
