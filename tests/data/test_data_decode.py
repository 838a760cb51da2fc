import io

import numpy as np
import pytest
from PIL import Image

from smallset.data.decode import BadImage, decode, image_format, measure, misnamed

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (12, 20, 3), np.uint8)
SMOOTH = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)[:, :, None] + np.array(
    [0, 60, 120], np.uint8
)


def saved(picture: Image.Image | np.ndarray, form: str = "PNG", exif: int = 0, **options) -> bytes:
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    if exif:
        tags = Image.Exif()
        tags[0x0112] = exif
        options["exif"] = tags
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_give_the_pixels_back(form):
    assert np.array_equal(decode(saved(RGB, form)), RGB)
    assert measure(saved(RGB, form)) == (20, 12)
    assert image_format(saved(RGB, form)) == form


def test_lossless_webp_gives_the_pixels_back():
    data = saved(RGB, "WEBP", lossless=True)
    assert np.array_equal(decode(data), RGB)
    assert image_format(data) == "WEBP"


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


def test_transparency_is_laid_over_white():
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 0] = 200
    rgba[0, :, 3] = 255, 0, 51
    assert decode(saved(rgba))[0].tolist() == [[200, 0, 0], [255, 255, 255], [244, 204, 204]]
    la = Image.fromarray(np.array([[[10, 255], [10, 0]]], np.uint8), "LA")
    assert decode(saved(la))[0].tolist() == [[10] * 3, [255] * 3]


def test_a_palette_gives_its_colours_and_its_transparent_one_is_white():
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([1, 2, 3, 4, 5, 6])
    assert decode(saved(palette))[0].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert decode(saved(palette, transparency=1))[0].tolist() == [[1, 2, 3], [255] * 3]
    assert decode(saved(palette, "GIF", transparency=0))[0].tolist() == [[255] * 3, [4, 5, 6]]


def test_a_colour_key_in_plain_rgb_is_transparent_too():
    data = saved(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8), transparency=(1, 2, 3))
    assert decode(data)[0].tolist() == [[255] * 3, [4, 5, 6]]


def test_16_bit_grey_is_scaled_and_not_clipped():
    values = np.array([[0, 257, 300, 32768, 65535]], np.uint16)
    expected = [0, 1, 1, 128, 255]
    for form in ("PNG", "TIFF", "PPM"):
        assert decode(saved(values, form))[0, :, 0].tolist() == expected, form


def test_cmyk_becomes_rgb():
    cmyk = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    cyan = decode(saved(cmyk, "JPEG", quality=95))[8, 8]
    assert cyan[0] < 10
    assert cyan[1] > 245
    assert cyan[2] > 245
    assert np.array_equal(decode(saved(cmyk, "TIFF"))[0, 0], [0, 255, 255])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_turns_the_image_upright(form):
    options = {"lossless": True} if form == "WEBP" else {}
    data = saved(SMOOTH, form, exif=6, **options)
    assert measure(data) == (48, 64)
    plain = decode(saved(SMOOTH, form, **options))
    assert np.array_equal(decode(data), np.rot90(plain, -1))


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
    for data in (whole[: len(whole) // 2], whole[:20]):
        with pytest.raises(BadImage, match=f"is damaged or cut short \\({form}: .+\\)"):
            decode(data)
        with pytest.raises(BadImage, match="is damaged or cut short"):
            measure(data)


def test_a_damaged_png_is_bad():
    whole = bytearray(saved(RGB))
    whole[60] ^= 255
    with pytest.raises(BadImage, match="is damaged or cut short"):
        decode(bytes(whole))


def test_empty_and_foreign_bytes_are_bad():
    with pytest.raises(BadImage, match=r"^is empty \(0 bytes\)$"):
        decode(b"")
    with pytest.raises(BadImage, match=r"^is no image of a known format$"):
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


def test_floating_point_pixels_are_bad():
    data = saved(Image.new("F", (3, 3)), "TIFF")
    with pytest.raises(BadImage, match="has pixels of the kind 'F', which have no fixed range"):
        measure(data)


def test_grey_values_beyond_16_bit_are_bad():
    data = saved(Image.fromarray(np.array([[-5, 70000]], np.int32), "I"), "TIFF")
    with pytest.raises(BadImage, match=r"has grey values from -5 to 70000, outside 0\.\.65535"):
        measure(data)


def test_an_image_is_read_by_its_content_and_its_wrong_name_is_told():
    jpeg = saved(RGB, "JPEG")
    for name in ("a/b.jpg", "b.JPEG", "b.jpe"):
        assert not misnamed(name, jpeg)
        assert misnamed(name, saved(RGB))
    assert misnamed("b.png", jpeg)
    assert np.array_equal(decode(saved(RGB)), RGB)


def test_a_name_must_be_that_of_an_image():
    with pytest.raises(BadImage, match=r"has the extension '\.txt', not that of an image"):
        misnamed("b.txt", b"hello")
    with pytest.raises(BadImage, match="has no extension, not that of an image"):
        misnamed("b", saved(RGB))
    with pytest.raises(BadImage, match="is no image of a known format"):
        misnamed("b.png", b"hello")
