import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement

from mmda.structures import (
    NO_ANNOTATED_CLASS,
    UNANNOTATED,
    UNKNOWN_PIXEL,
    label_to_score,
    score_of,
    split_annotated,
)


def test_the_codes_of_label_maps_on_disk_stay():
    assert (NO_ANNOTATED_CLASS, UNKNOWN_PIXEL) == (254, 255)


def test_split_gives_0_in_place_of_nan_and_the_mask():
    target = torch.tensor([[0.0, UNANNOTATED], [0.25, 1.0]])
    filled, annotated = split_annotated(target)
    assert filled.tolist() == [[0.0, 0.0], [0.25, 1.0]]
    assert annotated.dtype == torch.bool
    assert annotated.tolist() == [[True, False], [True, True]]


@pytest.mark.parametrize('shape', [(3,), (2, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_split_keeps_shape_and_dtype_and_leaves_its_input_alone(shape, dtype):
    target = torch.full(shape, UNANNOTATED, dtype=dtype)
    filled, annotated = split_annotated(target)
    assert filled.shape == annotated.shape == shape
    assert filled.dtype == dtype
    assert not annotated.any()
    assert target.isnan().all()


def test_an_annotated_zero_is_annotated():
    _, annotated = split_annotated(torch.zeros(3))
    assert annotated.all()


@pytest.mark.parametrize(
    ('label', 'expected'),
    [
        (1, [0, 1, 0]),
        ([0, 2], [1, 0, 1]),
        ([], [0, 0, 0]),
        (np.int64(2), [0, 0, 1]),
        (np.array([1, 2]), [0, 1, 1]),
    ],
)
def test_a_stock_label_becomes_the_score_of_a_fully_annotated_image(
    label, expected
):
    score = label_to_score(label, 3)
    assert score.dtype == np.float32
    assert score.tolist() == expected


@pytest.mark.parametrize('label', [3, -1, [0, 5]])
def test_a_label_outside_the_classes_is_refused(label):
    with pytest.raises(ValueError, match=r'3 classes.*expected 0 to 2'):
        label_to_score(label, 3)


@pytest.mark.parametrize('kind', [np.array, torch.tensor])
@pytest.mark.parametrize('as_sample', [dict, BaseDataElement])
def test_scores_of_a_sample_come_from_its_scores_or_its_label(kind, as_sample):
    both = as_sample(gt_score=kind([0.0, 0.5, 1.0]), gt_label=kind([0]))
    stock = as_sample(gt_label=kind([0, 2]))
    for sample, expected in ((both, [0, 0.5, 1]), (stock, [1, 0, 1])):
        score = score_of(sample, 3)
        assert type(score) is type(kind([0.0]))
        assert str(score.dtype).endswith('float32')
        assert score.tolist() == expected


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        (dict(img_path='a'), r"found \['img_path'\]"),
        (dict(gt_score=[1.0, 0.0]), 'gt_score has 2 entries.* 3 classes'),
        (dict(gt_label=[3]), r'\[3\].* 3 classes'),
    ],
)
def test_a_sample_without_labels_that_fit_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        score_of(fields, 3)
