import io

import numpy as np
import pytest
from PIL import Image

from smallset.store.past import past_picture


@pytest.mark.parametrize(("size", "side"), [(8, 64), (28, 56), (224, 112)])
def test_a_row_a_time_and_a_column_an_image(size, side):
    grey = np.arange(0, 240, 40, dtype=np.uint8)
    images = np.broadcast_to(grey[:, None, None, None], (6, size, size, 3))
    drawn = Image.open(io.BytesIO(past_picture(images[:4], (0, 10), images[4:])))
    assert drawn.size == (44 + 2 * (side + 4), 3 * (side + 4) - 4)
    at = [(44 + x * (side + 4) + side // 2, y * (side + 4) + side // 2)
          for y in range(3) for x in range(2)]  # fmt: skip
    assert [drawn.getpixel(place)[0] for place in at] == pytest.approx(grey, abs=3)


def test_of_many_images_the_first_ten_are_shown():
    images = np.zeros((12, 8, 8, 3), np.uint8)
    assert Image.open(io.BytesIO(past_picture(images[:10], (0,), images))).width == 44 + 10 * 68
