import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmda.structures import PixelTarget

NAN = float('nan')
# Classes 0, 1, 2; the source annotates 0 and 1. 254: none of them, 255: void.
LABEL = torch.tensor(
    [[[0, 0, 1, 255], [0, 1, 1, 255], [254, 254, 1, 1], [254, 255, 0, 254]]]
)
ANNOTATED = torch.tensor([[True, True, False]])


def grid(**values):
    """Write a 4x4 map by letters."""
    rows = ('aabv', 'abbv', 'nnbb', 'nvan')
    return [[values[letter] for letter in row] for row in rows]


def equal(dense, expected):
    np.testing.assert_array_equal(dense.numpy(), np.array(expected))


def test_known_negatives_of_exclusive_classes_on_a_hand_written_map():
    target = PixelTarget(LABEL, torch.ones_like(ANNOTATED), ANNOTATED)
    equal(
        target.dense()[0],
        [
            grid(a=1, b=0, n=0, v=NAN),
            grid(a=0, b=1, n=0, v=NAN),
            # On an annotated class the third one is ruled out; elsewhere not.
            grid(a=0, b=0, n=NAN, v=NAN),
        ],
    )


def test_known_negatives_of_independent_classes_on_a_hand_written_map():
    target = PixelTarget(LABEL, ANNOTATED, ANNOTATED)
    equal(
        target.dense()[0],
        [
            grid(a=1, b=0, n=0, v=NAN),
            grid(a=0, b=1, n=0, v=NAN),
            grid(a=NAN, b=NAN, n=NAN, v=NAN),
        ],
    )


def test_a_background_class_means_the_same_as_no_annotated_class():
    other = LABEL.masked_fill(LABEL == 254, 3)  # C = 3: the first code
    args = torch.ones_like(ANNOTATED), ANNOTATED
    equal(
        PixelTarget(other, *args).dense()[0],
        PixelTarget(LABEL, *args).dense()[0].numpy(),
    )


@pytest.mark.parametrize('exclusive', [True, False])
def test_counts_of_known_entries_equal_those_of_the_mask(exclusive):
    # A second image: class 0 on three pixels, a background class elsewhere.
    second = torch.full((1, 4, 4), 3)
    second[0, 0, :3] = 0
    annotated = ANNOTATED.repeat(2, 1)
    on_class = torch.ones_like(annotated) if exclusive else annotated
    target = PixelTarget(torch.cat([LABEL, second]), on_class, annotated)
    counts = target.known().sum(dim=(2, 3))
    assert target.num_known().tolist() == counts.tolist()
    third = (9, 3) if exclusive else (0, 0)
    assert counts.tolist() == [[13, 13, third[0]], [16, 16, third[1]]]


def sample(label=LABEL, **meta):
    found = SegDataSample(gt_sem_seg=PixelData(data=label))
    found.set_metainfo(meta)
    return found


def test_a_batch_keeps_what_each_sample_annotates():
    target = PixelTarget.from_samples(
        [
            sample(annotated_classes=ANNOTATED[0].numpy(), exclusive=True),
            sample(annotated_classes=ANNOTATED[0].numpy(), exclusive=False),
            sample(LABEL.masked_fill(LABEL == 254, 2)),
        ],
        num_classes=3,
    )
    assert target.label.shape == (3, 4, 4)
    yes, no = True, False
    assert target.known_on_class.tolist() == [
        [yes, yes, yes],
        [yes, yes, no],
        [yes, yes, yes],
    ]
    assert target.known_elsewhere.tolist() == [
        [yes, yes, no],
        [yes, yes, no],
        [yes, yes, yes],
    ]


def test_a_label_space_of_another_size_is_an_error():
    with pytest.raises(ValueError, match='of A has 3 classes.*num_classes=5'):
        PixelTarget.from_samples(
            [sample(annotated_classes=ANNOTATED[0], source='A')], 5
        )


@pytest.mark.parametrize('code', [3, 254])
def test_pixels_of_no_class_without_the_annotated_classes_are_an_error(code):
    label = LABEL.masked_fill(LABEL == 254, code)
    with pytest.raises(ValueError, match=r'a\.png has no annotated_classes'):
        PixelTarget.from_samples([sample(label, img_path='a.png')], 3)
