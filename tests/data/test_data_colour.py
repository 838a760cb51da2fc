"""Profiles built by hand, against their formulas in numpy."""

import struct

import images_toy
import numpy as np
import pytest
from images_toy import SMOOTH
from PIL import Image, ImageCms

from smallset.data.colour import to_srgb
from smallset.data.decode import decode, measure

RNG = np.random.default_rng(0)
P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
BT709 = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
D50 = (0.9642, 1.0, 0.8249)
LAB_OF_INKS = {  # paper, cyan, magenta, yellow and black; inks on top of each other are added up
    (0, 0, 0, 0): (100, 0, 0),
    (1, 0, 0, 0): (60, -30, -40),
    (0, 1, 0, 0): (50, 65, -5),
    (0, 0, 1, 0): (90, -5, 80),
    (0, 0, 0, 1): (0, 0, 0),
}


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def srgb_curve() -> bytes:
    return (
        b"para"
        + struct.pack(">IHH", 0, 3, 0)
        + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    )


def table_curve(size: int = 1024) -> bytes:
    """The way in which most files hold sRGB: a table of 16-bit numbers."""
    x = np.arange(size) / (size - 1)
    y = np.where(x > 0.04045, ((x + 0.055) / 1.055) ** 2.4, x / 12.92)
    return b"curv" + struct.pack(">II", 0, size) + np.round(y * 65535).astype(">u2").tobytes()


def gamma_curve(gamma: float) -> bytes:
    return b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256)) + b"\0\0"


def profile(space: bytes, tags: dict[bytes, bytes], *, kind=b"mntr", connection=b"XYZ ") -> bytes:
    """Write an ICC profile of version 2.4 or, for parametric curves, 4.2."""
    tags = {
        b"desc": b"desc" + struct.pack(">II", 0, 5) + b"test\0" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": b"XYZ " + bytes(4) + fixed(*D50),
        **tags,
    }
    at, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(
        ">I4sI", at + len(body), b"test", 0x04200000 if b"para" in body else 0x02400000
    )
    head += kind + space + connection + bytes(12) + b"acsp" + bytes(28) + fixed(*D50) + bytes(48)
    return head + table + body


def rgb_profile(primaries, curve: bytes) -> bytes:
    tags = {}
    for letter, primary in zip(b"rgb", primaries, strict=True):
        tags[bytes([letter]) + b"XYZ"] = b"XYZ " + bytes(4) + fixed(*primary)
        tags[bytes([letter]) + b"TRC"] = curve
    return profile(b"RGB ", tags)


def grey_profile(curve: bytes) -> bytes:
    return profile(b"GRAY", {b"kTRC": curve})


def cmyk_profile() -> bytes:
    """A table with two levels an ink, so that Lab is linear in every ink."""
    corners = []
    for place in range(16):
        inks = [int(bit) for bit in f"{place:04b}"]
        white = np.array([100, 0, 0])
        lab = white + sum(
            np.subtract(LAB_OF_INKS[tuple(int(i == j) for j in range(4))], white)
            for i in range(4)
            if inks[i]
        )
        lab = [0, 0, 0] if inks[3] else [max(lab[0], 0), *lab[1:]]
        corners += [round(lab[0] * 2.55), *(round(value) + 128 for value in lab[1:])]
    straight = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += straight * 4 + bytes(np.clip(corners, 0, 255).astype(np.uint8)) + straight * 3
    return profile(b"CMYK", {b"A2B0": table}, kind=b"prtr", connection=b"Lab ")


DISPLAY_P3 = rgb_profile(P3, srgb_curve())
SRGB = {
    "parametric": rgb_profile(BT709, srgb_curve()),
    "table": rgb_profile(BT709, table_curve()),
    "short table": rgb_profile(BT709, table_curve(256)),
    "lcms": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
}


def encoded(linear: np.ndarray) -> np.ndarray:
    linear = np.clip(linear, 0, 1)
    curve = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return 255 * curve


def linear(level: np.ndarray) -> np.ndarray:
    x = np.asarray(level) / 255
    return np.where(x > 0.04045, ((x + 0.055) / 1.055) ** 2.4, x / 12.92)


def p3_to_srgb(pixels: np.ndarray) -> np.ndarray:
    return encoded(linear(pixels) @ np.array(P3) @ np.linalg.inv(BT709))


def saved(pixels, form: str, icc: bytes | None = None, mode: str | None = None, **options) -> bytes:
    picture = Image.fromarray(np.asarray(pixels, np.uint8), mode)
    return images_toy.saved(picture, form, icc_profile=icc, **options)


LOSSLESS = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True, "exact": True}}


@pytest.mark.parametrize("form", LOSSLESS)
def test_display_p3_becomes_srgb(form):
    data = saved([[[200, 60, 40]]], form, DISPLAY_P3, **LOSSLESS[form])
    assert np.abs(decode(data)[0, 0] - np.array([217, 42, 23])).max() <= 1
    pixels = RNG.integers(0, 256, (16, 16, 3))
    data = saved(pixels, form, DISPLAY_P3, **LOSSLESS[form])
    assert np.abs(decode(data) - p3_to_srgb(pixels)).max() <= 2


def test_a_jpeg_is_converted_by_its_profile():
    plain = decode(saved(SMOOTH, "JPEG", quality=95))
    converted = decode(saved(SMOOTH, "JPEG", DISPLAY_P3, quality=95))
    assert np.abs(converted - p3_to_srgb(plain)).max() <= 2
    assert np.abs(converted.astype(int) - plain).max() > 10


def test_a_profile_in_many_segments_is_read():
    pad = RNG.integers(0, 256, 150_000, np.uint8).tobytes()
    long = profile_with(DISPLAY_P3, pad)
    short, longer = (decode(saved(SMOOTH, "JPEG", icc)) for icc in (DISPLAY_P3, long))
    assert np.array_equal(short, longer)


def profile_with(icc: bytes, more: bytes) -> bytes:
    return struct.pack(">I", len(icc) + len(more)) + icc[4:] + more


@pytest.mark.parametrize("name", SRGB)
@pytest.mark.parametrize("pixels", [SMOOTH, RNG.integers(0, 256, (40, 50, 3)).astype(np.uint8)])
def test_an_srgb_profile_changes_no_byte(name, pixels):
    for form in ("JPEG", *LOSSLESS):
        options = LOSSLESS.get(form, {"quality": 90})
        plain = decode(saved(pixels, form, **options))
        assert np.array_equal(decode(saved(pixels, form, SRGB[name], **options)), plain), form


@pytest.mark.parametrize("name", SRGB)
def test_a_jpeg_in_srgb_is_not_decoded_by_pillow(name, monkeypatch):
    data = saved(SMOOTH, "JPEG", SRGB[name])
    monkeypatch.setattr(Image.Image, "load", None)
    assert decode(data).shape == SMOOTH.shape


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.6])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF"])
def test_grey_is_converted_by_a_grey_profile(gamma, form):
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    icc = grey_profile(gamma_curve(gamma))
    plain = decode(saved(ramp, form, quality=100))
    exact = encoded((plain / 255) ** gamma)
    assert np.abs(decode(saved(ramp, form, icc, quality=100)) - exact).max() <= 2


def test_grey_in_the_curve_of_srgb_changes_no_byte():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    plain = decode(saved(ramp, "JPEG"))
    assert np.array_equal(decode(saved(ramp, "JPEG", grey_profile(table_curve()))), plain)


def test_deep_grey_and_grey_with_alpha_are_converted_too():
    icc = grey_profile(gamma_curve(1.0))
    levels = np.array([[0, 51, 255]])
    deep = images_toy.saved(Image.fromarray((levels * 257).astype(np.uint16)), icc_profile=icc)
    exact = encoded(levels / 255)[0]
    assert np.abs(decode(deep)[0, :, 0] - exact).max() <= 1
    with_alpha = np.stack([levels, [[255, 255, 0]]], axis=-1)
    pixels = decode(saved(with_alpha, "PNG", icc, mode="LA"))[0, :, 0]
    assert np.abs(pixels - [exact[0], exact[1], 255]).max() <= 1


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_is_converted_by_its_profile(form):
    def srgb(lab):
        y = (lab[0] + 16) / 116
        t = np.array([y + lab[1] / 500, y, y - lab[2] / 200])
        xyz = np.where(t > 6 / 29, t**3, (t - 4 / 29) * 108 / 841) * D50
        return encoded(xyz @ np.linalg.inv(BT709))

    inks = {
        ink: np.tile(np.uint8(255) * np.array(ink, np.uint8), (16, 16, 1)) for ink in LAB_OF_INKS
    }
    for ink, lab in LAB_OF_INKS.items():
        data = saved(inks[ink], form, cmyk_profile(), mode="CMYK", quality=100)
        assert np.abs(decode(data)[8, 8] - srgb(lab)).max() <= 3, ink
    naive = decode(saved(inks[1, 0, 0, 0], form, mode="CMYK", quality=100))
    assert np.abs(naive[8, 8] - np.array([0, 255, 255])).max() <= 1


DAMAGED = {
    "empty": b"",
    "text": b"this is not a profile",
    "cut short": DISPLAY_P3[:200],
    "only a header": DISPLAY_P3[:128],
    "no primaries": profile(b"RGB ", {}),
    "of another space": cmyk_profile(),
    "of grey": grey_profile(gamma_curve(1.0)),
}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("form", ["JPEG", *LOSSLESS])
def test_a_profile_that_says_nothing_of_these_pixels_is_ignored(name, form):
    options = LOSSLESS.get(form, {})
    plain = saved(SMOOTH, form, **options)
    odd = saved(SMOOTH, form, DAMAGED[name], **options)
    assert np.array_equal(decode(odd), decode(plain))
    assert measure(odd) == (64, 48)


def test_grey_and_cmyk_ignore_an_rgb_profile():
    for mode, bands in (("L", ()), ("CMYK", (4,))):
        pixels = RNG.integers(0, 256, (16, 16, *bands))
        odd = saved(pixels, "TIFF", DISPLAY_P3, mode=mode)
        assert np.array_equal(decode(odd), decode(saved(pixels, "TIFF", mode=mode)))


def test_any_bytes_may_stand_for_a_profile():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        broken = bytearray(DISPLAY_P3)
        for place in rng.integers(0, len(broken), 8):
            broken[place] = rng.integers(0, 256)
        to_srgb(bytes(broken), "RGB")


def test_a_palette_is_converted_by_an_rgb_profile():
    picture = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    picture.putpalette([200, 60, 40, 0, 0, 0])
    data = images_toy.saved(picture, icc_profile=DISPLAY_P3, transparency=1)
    pixels = decode(data)[0].astype(int)
    assert np.abs(pixels - [[217, 42, 23], [255, 255, 255]]).max() <= 1


@pytest.mark.parametrize("form", LOSSLESS)
def test_orientation_profile_and_alpha_come_in_this_order(form):
    rgba = np.zeros((2, 3, 4), np.uint8)
    rgba[:, :, :3], rgba[:, :, 3] = (200, 60, 40), 255
    rgba[0, 0, 3], rgba[0, 1, 3] = 0, 128
    data = saved(rgba, form, DISPLAY_P3, exif=6, **LOSSLESS[form])
    pixels = decode(data).astype(int)
    red = np.array([217, 42, 23])
    assert pixels.shape == (3, 2, 3)
    assert measure(data) == (2, 3)
    assert np.abs(pixels[0, 1] - 255).max() == 0  # the first row is the last column now
    assert np.abs(pixels[1, 1] - (red * 128 + 255 * 127) / 255).max() <= 2
    assert np.abs(pixels[2, 0] - red).max() <= 1
