"""Files written by hand, sample by sample, against what numpy says they hold."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from images_toy import saved
from PIL import Image

from smallset.data.decode import BadImage, decode, measure

RNG = np.random.default_rng(0)
ROUNDED = 0.5001
HIGH_BYTE = 1.0  # Pillow takes the high byte of 16-bit colours


def packed(values: np.ndarray, bits: int, order: str = ">") -> bytes:
    """Write rows of samples with so many bits each, every row padded to whole bytes."""
    if bits >= 8 and bits % 8 == 0:
        return values.astype(f"{order}u{bits // 8}").tobytes()
    rows = values.reshape(len(values), -1)
    places = (rows[:, :, None] >> np.arange(bits)[::-1]) & 1
    return np.packbits(places.reshape(len(rows), -1).astype(np.uint8), axis=1).tobytes()


def tiff(samples, bits, photometric, *, order="<", zipped=False, planes=1, raw=None, **tags):
    """Write a TIFF of (h, w) or (h, w, channels) samples; more tags by name and number."""
    samples = np.asarray(samples)
    samples = samples[:, :, None] if samples.ndim == 2 else samples
    height, width, channels = samples.shape
    parts = [raw if raw is not None else packed(samples, bits, order)]
    if planes == 2:
        parts = [packed(samples[:, :, c], bits, order) for c in range(channels)]
    parts = [zlib.compress(part) if zipped else part for part in parts]
    starts = 8 + np.cumsum([0, *map(len, parts)])
    body = b"".join(parts)
    body += bytes(len(body) % 2)
    words = {256: width, 257: height, 258: [bits] * channels, 259: 8 if zipped else 1}
    words |= {262: photometric, 277: channels, 278: height, 284: planes}
    words |= {int(name.split("_")[-1]): value for name, value in tags.items()}
    entries = {tag: ("H", 3, np.atleast_1d(value).tolist()) for tag, value in words.items()}
    entries[273] = ("I", 4, starts[:-1].tolist())
    entries[279] = ("I", 4, [len(part) for part in parts])
    at = 8 + len(body)
    outside = at + 2 + 12 * len(entries) + 4
    table, more = struct.pack(order + "H", len(entries)), b""
    for tag, (letter, kind, values) in sorted(entries.items()):
        field = struct.pack(f"{order}{len(values)}{letter}", *values)
        if len(field) > 4:
            more += field
            field = struct.pack(order + "I", outside + len(more) - len(field))
        table += struct.pack(order + "HHI", tag, kind, len(values)) + field.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", at)
    return head + body + table + bytes(4) + more


def png(samples, bits, kind, **chunks) -> bytes:
    """Write a PNG of (h, w) or (h, w, channels) samples; more chunks by name."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    samples = np.asarray(samples)
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], bits, kind, 0, 0, 0)
    rows = b"".join(b"\0" + packed(row[None], bits) for row in samples)
    more = b"".join(chunk(name.encode(), data) for name, data in chunks.items())
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more
    return start + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def close(data: bytes, exact: np.ndarray, within: float = ROUNDED) -> bool:
    """Compare the decoded pixels with exact real values in 0..255."""
    exact = exact[:, :, None] if exact.ndim == 2 else exact
    pixels = decode(data)
    assert measure(data) == (pixels.shape[1], pixels.shape[0])
    return bool(np.abs(pixels - np.broadcast_to(exact, pixels.shape)).max() <= within)


def refused(data: bytes, reason: str) -> None:
    for look in (decode, measure):
        with pytest.raises(BadImage, match=reason):
            look(data)


@st.composite
def sample_arrays(draw, bits: int, channels: int = 0) -> np.ndarray:
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 5)), *([channels] if channels else []))
    count = int(np.prod(shape))
    numbers = st.lists(st.integers(0, 2**bits - 1), min_size=count, max_size=count)
    return np.array(draw(numbers)).reshape(shape)


DEPTHS = st.sampled_from([1, 2, 4, 8, 12, 16])


@given(st.data(), DEPTHS, st.booleans(), st.sampled_from("<>"), st.booleans())
def test_grey_tiffs_are_scaled_by_their_bits(drawn, bits, zipped, order, white_is_zero):
    samples = drawn.draw(sample_arrays(bits))
    data = tiff(samples, bits, 0 if white_is_zero else 1, order=order, zipped=zipped)
    if (bits == 12 and (order, white_is_zero) != ("<", False)) or (
        bits == 16 and (order, white_is_zero) == (">", True)
    ):
        refused(data, "the header is damaged or describes pixels that Pillow does not read")
        return
    grey = samples * 255 / (2**bits - 1)
    assert close(data, 255 - grey if white_is_zero else grey)


def test_bits_in_reversed_order_are_read_in_reversed_order():
    samples = np.array([[1, 258, 65535, 40000]])
    flipped = np.packbits(np.unpackbits(samples.astype("<u2").view(np.uint8), bitorder="little"))
    assert close(tiff(samples, 16, 1, raw=flipped.tobytes(), fill_266=2), samples / 257)


def test_a_12_bit_tiff_is_as_bright_as_its_8_bit_twin():
    samples = RNG.integers(0, 256, (9, 7))
    assert np.array_equal(decode(tiff(samples * 4095 // 255, 12, 1)), decode(tiff(samples, 8, 1)))


@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("zipped", [False, True])
def test_signed_samples_have_no_known_black(bits, order, zipped):
    data = tiff([[0, 100, 255]], bits, 1, order=order, zipped=zipped, format_339=2)
    refused(data, f"^has pixels of the kind 'signed {bits} bit', which have no fixed range$")


def test_samples_of_32_bits_have_no_known_white():
    refused(saved(Image.new("F", (3, 3)), "TIFF"), "^has pixels of the kind 'F', which have no")
    refused(tiff([[0, 100, 255]], 32, 1), "^has pixels of the kind 'unsigned 32 bit', which have")
    picture = Image.fromarray(np.arange(256, dtype=np.int32).reshape(16, 16))
    refused(saved(picture, "TIFF"), "^has pixels of the kind 'signed 32 bit', which have no")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("zipped", [False, True])
@given(drawn=st.data(), bits=st.sampled_from([8, 16]))
def test_colour_tiffs_hold_their_samples(drawn, bits, order, zipped):
    samples = drawn.draw(sample_arrays(bits, 4))
    top = 2**bits - 1
    within = ROUNDED if bits == 8 else HIGH_BYTE
    rgb = samples[:, :, :3]
    assert close(tiff(rgb, bits, 2, order=order, zipped=zipped), rgb * 255 / top, within)
    unused = tiff(samples, bits, 2, order=order, zipped=zipped, extra_338=0)
    assert close(unused, rgb * 255 / top, within)
    alpha = samples[:, :, 3:] / top
    over = rgb / top * alpha + 1 - alpha
    straight = tiff(samples, bits, 2, order=order, zipped=zipped, extra_338=2)
    assert close(straight, over * 255, within + 1)
    ink = samples / top
    cmyk = tiff(samples, bits, 5, order=order, zipped=zipped)
    assert close(cmyk, (1 - ink[:, :, :3]) * (1 - ink[:, :, 3:]) * 255, 2 * within + 0.5)


@pytest.mark.parametrize("channels", [2, 4])
@given(drawn=st.data())
def test_premultiplied_alpha_is_laid_over_white(channels, drawn):
    samples = drawn.draw(sample_arrays(8, channels))
    samples = np.minimum(samples, samples[:, :, -1:])  # light through glass is not more than light
    data = tiff(samples, 8, 1 if channels == 2 else 2, extra_338=1)
    assert close(data, samples[:, :, :-1] + 255.0 - samples[:, :, -1:], 1.5)


@given(sample_arrays(8, 2))
def test_grey_and_palettes_with_alpha_are_laid_over_white(samples):
    value, alpha = samples[:, :, :1], samples[:, :, 1:] / 255
    over = value * alpha + 255 * (1 - alpha)
    assert close(tiff(samples, 8, 1, extra_338=2), over, 1)
    ramp = np.tile(np.arange(256) * 257, 3)
    assert close(tiff(samples, 8, 3, extra_338=2, map_320=ramp), over, 1)
    assert close(tiff(samples, 8, 1, extra_338=0), value)
    assert close(png(samples, 8, 4), over, 1)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("factor", [257, 1])
def test_a_palette_of_8_bit_colours_is_read_as_one_of_16_bits(bits, factor):
    colours = RNG.integers(0, 256, (3, 2**bits))
    colours[0, 0] = 255
    samples = RNG.integers(0, 2**bits, (3, 5))
    data = tiff(samples, bits, 3, map_320=(colours * factor).ravel())
    assert np.array_equal(decode(data), colours.T[samples])


def test_lab_is_converted_to_srgb():
    def srgb(lightness, a, b):
        y = (lightness + 16) / 116
        t = np.array([y + a / 500, y, y - b / 200])
        xyz = np.where(t > 6 / 29, t**3, (t - 4 / 29) * 108 / 841) * [0.9642, 1, 0.8249]
        from_d50 = [[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335], [0.0719, -0.229, 1.4052]]
        linear = np.clip(np.array(from_d50) @ xyz, 0, 1)
        return 255 * np.where(
            linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear
        )

    lab = np.array([[[128, 20, 30], [200, -30, 10], [90, 5, -20], [0, 0, 0], [255, 0, 0]]])
    exact = np.array([[srgb(light / 2.55, a, b) for light, a, b in lab[0]]])
    assert close(tiff(lab & 255, 8, 8), exact, 1.5)


def test_ycbcr_in_a_tiff_is_read_if_its_colours_are_not_subsampled():
    samples = np.array([[[10, 128, 128], [76, 85, 255], [200, 128, 128]]])
    exact = np.array([[[10] * 3, [254, 0, 0], [200] * 3]])
    assert close(tiff(samples, 8, 6, sub_530=[1, 1]), exact, 1)
    assert close(tiff(samples, 8, 6, sub_530=[1, 1], zipped=True), exact, 1)
    for tags in ({}, {"sub_530": [2, 1]}):
        refused(
            tiff(samples, 8, 6, **tags), "^is an uncompressed TIFF of YCbCr colours, which this"
        )
    block = bytes([10, 20, 30, 40, 128, 128])
    zipped = tiff(np.zeros((2, 2, 3)), 8, 6, raw=block, zipped=True, sub_530=[2, 2])
    assert decode(zipped)[:, :, 0].tolist() == [[10, 20], [30, 40]]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("zipped", [False, True])
def test_separate_planes_are_read_together_or_refused(bits, zipped):
    samples = RNG.integers(0, 2**bits, (4, 5, 4))
    for channels, photometric, tags in ((3, 2, {}), (4, 2, {"extra_338": 2}), (4, 5, {})):
        part = samples[:, :, :channels]
        data = tiff(part, bits, photometric, planes=2, zipped=zipped, **tags)
        if bits == 16 and not zipped:
            refused(data, "^is an uncompressed TIFF of separate planes, which Pillow reads for 8")
        else:
            twin = decode(tiff(part, bits, photometric, **tags))
            assert np.array_equal(decode(data), twin)
    unlike = [(samples[:, :, :3] & 255, 8), (samples & 255, 2)]
    for part, photometric in unlike:
        data = tiff(
            part, 8, photometric, planes=2, **({"extra_338": 1} if photometric == 2 else {})
        )
        refused(data, "^is an uncompressed TIFF of separate planes, which Pillow reads for 8-bit")


@given(st.data(), st.sampled_from([1, 2, 4, 8, 16]))
def test_grey_pngs_are_scaled_by_their_bits_and_their_clear_one_is_white(drawn, bits):
    samples = drawn.draw(sample_arrays(bits))
    grey = samples * 255 / (2**bits - 1)
    assert close(png(samples, bits, 0), grey)
    key = int(samples[0, 0])
    keyed = png(samples, bits, 0, tRNS=struct.pack(">H", key))
    assert close(keyed, np.where(samples == key, 255, grey))


@given(st.data(), st.sampled_from([8, 16]))
def test_colour_pngs_hold_their_samples(drawn, bits):
    top, within = 2**bits - 1, ROUNDED if bits == 8 else HIGH_BYTE
    samples = drawn.draw(sample_arrays(bits, 4))
    rgb, alpha = samples[:, :, :3], samples[:, :, 3:] / top
    assert close(png(rgb, bits, 2), rgb * 255 / top, within)
    over = rgb / top * alpha + 1 - alpha
    assert close(png(samples, bits, 6), over * 255, within + 1)
    grey = samples[:, :, 2:]
    assert close(png(grey, bits, 4), over[:, :, 2] * 255, within + 1)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_png_palette_gives_its_colours_over_white(bits):
    colours = RNG.integers(0, 256, (2**bits, 3))
    alpha = RNG.integers(0, 256, (2**bits, 1))
    samples = RNG.integers(0, 2**bits, (3, 5))
    palette = colours.astype(np.uint8).tobytes()
    assert np.array_equal(decode(png(samples, bits, 3, PLTE=palette)), colours[samples])
    clear = png(samples, bits, 3, PLTE=palette, tRNS=alpha.astype(np.uint8).tobytes())
    assert close(clear, (colours * alpha / 255 + 255 - alpha)[samples], 1)


def test_a_clear_colour_of_16_bits_is_refused():
    data = png([[[1, 2, 3]]], 16, 2, tRNS=struct.pack(">HHH", 1, 2, 3))
    refused(data, "^has a transparent colour of 16 bits, which Pillow cannot find in its pixels$")
    assert decode(png([[[1, 2, 3]]], 8, 2, tRNS=struct.pack(">HHH", 1, 2, 3))).min() == 255


@given(st.data(), st.integers(1, 65535), st.booleans(), st.booleans())
@example(None, 255, False, False)
@example(None, 65535, True, False)
def test_netpbm_is_scaled_by_its_declared_white(drawn, white, colour, plain):
    shape = (2, 3, 3) if colour else (2, 3)
    numbers = st.lists(st.integers(0, white), min_size=18, max_size=18)
    values = np.resize(drawn.draw(numbers) if drawn else np.arange(18), shape)
    magic = {(0, 0): 5, (0, 1): 2, (1, 0): 6, (1, 1): 3}[colour, plain]
    body = packed(values, 8 if white < 256 else 16)
    if plain:
        body = " ".join(map(str, values.ravel())).encode()
    data = b"P%d 3 2 %d\n" % (magic, white) + body
    assert close(data, values * 255 / white, 0.51)  # deep grey is rounded twice


@pytest.mark.parametrize(("white", "kind"), [(100, ">u1"), (1000, ">u2")])
def test_netpbm_values_above_the_declared_white_are_refused(white, kind):
    data = b"P5 2 1 %d\n" % white + np.array([50, white + 7], kind).tobytes()
    refused(data, f"^has values up to {white + 7}, but declares {white} as white$")
    refused(data[:-2], "is damaged or cut short")


def test_bitmaps_are_black_and_white():
    bits = RNG.integers(0, 2, (3, 11))
    assert close(b"P4 11 3\n" + packed(bits, 1), 255.0 * (1 - bits))
    assert close(b"P1 11 3\n" + " ".join(map(str, bits.ravel())).encode(), 255.0 * (1 - bits))


@pytest.mark.parametrize("bits", [9, 12, 16])
def test_deep_jpeg2000_is_scaled_by_its_bits(bits):
    samples = RNG.integers(0, 2**bits, (32, 32))
    # A lossless stream holds the distance from mid-grey, which depends on the bits declared.
    moved = (samples + 2**15 - 2 ** (bits - 1)).astype(np.uint16)
    stream = bytearray(saved(Image.fromarray(moved), "JPEG2000", no_jp2=True, irreversible=False))
    stream[42] = bits - 1
    assert close(bytes(stream), samples * 255 / (2**bits - 1), 1)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_jpeg2000_of_8_bits_is_read_and_of_less_refused(mode):
    shape = (32, 32, len(mode)) if len(mode) > 1 else (32, 32)
    pixels = RNG.integers(0, 256, shape, np.uint8)
    stream = saved(Image.fromarray(pixels, mode), "JPEG2000", irreversible=False)
    expected = decode(saved(Image.fromarray(pixels, mode), "PNG"))
    assert np.array_equal(decode(stream), expected)
    shallow = bytearray(stream)
    shallow[stream.index(b"\xff\x4f\xff\x51") + 42] = 3
    refused(bytes(shallow), "^has 4-bit JPEG2000 samples, which Pillow reads too dark$")


def bmp(rows: bytes, width: int, height: int, bits: int, masks: tuple[int, ...] = ()) -> bytes:
    start = 54 + 4 * len(masks)
    info = (40, width, height, 1, bits, 3 if masks else 0, len(rows), 0, 0, 0, 0)
    head = b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start)
    return head + struct.pack("<IiiHHIIiiII", *info) + struct.pack(f"<{len(masks)}I", *masks) + rows


@pytest.mark.parametrize(
    ("bits", "masks"),
    [
        (16, ()),
        (16, (0x7C00, 0x3E0, 0x1F)),
        (16, (0xF800, 0x7E0, 0x1F)),
        (24, ()),
        (32, ()),
        (32, (0xFF0000, 0xFF00, 0xFF)),
        (32, (0xFF000000, 0xFF0000, 0xFF00)),
    ],
)
def test_bitmaps_of_windows_hold_their_colours(bits, masks):
    words = RNG.integers(0, 2**bits, (3, 4), np.int64)
    rows = b"".join(int(word).to_bytes(bits // 8, "little") for word in words[::-1].ravel())
    used = masks or ((0x7C00, 0x3E0, 0x1F) if bits == 16 else (0xFF0000, 0xFF00, 0xFF))
    exact = np.stack([(words & mask) / mask * 255 for mask in used], axis=2)
    assert close(bmp(rows, 4, 3, bits, masks), exact, 1)


def test_a_webp_gives_its_pixels_over_white():
    rgba = RNG.integers(0, 256, (8, 9, 4), np.uint8)
    data = saved(Image.fromarray(rgba), "WEBP", lossless=True, exact=True)
    alpha = rgba[:, :, 3:] / 255
    assert close(data, rgba[:, :, :3] * alpha + 255 * (1 - alpha), 1)
