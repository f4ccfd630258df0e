"""The file of a result."""

import math

import pytest
from reproduction.result import read_result, write_result
from small_table import make_result


def test_a_result_is_read_as_it_was_written(tmp_path):
    written = make_result(2, 60.5)
    written.metrics['auc/7'] = math.nan
    write_result(tmp_path, written)
    read = read_result(tmp_path)
    assert math.isnan(read.metrics.pop('auc/7'))
    del written.metrics['auc/7']
    assert read == written
    (tmp_path / 'result.json').write_text('{"seed": 1')
    with pytest.raises(ValueError, match='remove the file to run again'):
        read_result(tmp_path)
