"""Parquet copies of ATR whose cells are no structs of bytes and path."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemline.datasets.readers.atr import read_atr
from hemline.errors import HemlineError
from tests.datasets.files import encoded, photo


def test_cells_may_be_bytes_alone(tmp_path):
    files = [encoded(photo(8, 6), "JPEG"), encoded(np.full((8, 6), 4, np.uint8), "PNG")]
    pq.write_table(pa.table({"image": files[:1], "mask": files[1:]}), tmp_path / "a.parquet")
    (sample,) = read_atr(tmp_path).samples
    assert sample.load()[1].all()
    assert sample.read is not None
    assert sample.read() == files[0]


def test_cells_of_another_kind_are_named_by_their_row(tmp_path):
    names = pa.table({"image": ["a.jpg"], "mask": ["a.png"]})
    pq.write_table(names, tmp_path / "a.parquet")
    (sample,) = read_atr(tmp_path).samples
    with pytest.raises(HemlineError, match=r"a\.parquet, row 00000.* is an empty file"):
        sample.load()
