import pytest
import torch

from mmda.models.utils import split_views


def test_n_rows_are_one_view_and_2n_rows_are_weak_and_strong():
    rows = torch.arange(8).reshape(4, 2)
    weak, strong = split_views(rows, 4)
    assert weak is rows
    assert strong is None
    weak, strong = split_views(rows, 2)
    assert torch.equal(weak, rows[:2])
    assert torch.equal(strong, rows[2:])


@pytest.mark.parametrize('rows', [1, 3, 5, 6])
def test_another_number_of_rows_is_refused(rows):
    with pytest.raises(ValueError, match=f'{rows} rows.*2 rows.*4 .weak'):
        split_views(torch.zeros(rows, 3), 2)
