import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from test_partial_label_dataset import assert_rows, rows_of, write_source

from mmda.datasets import (
    Digits,
    ImagePairs,
    LabelTable,
    MissingLabels,
    PartialLabelDataset,
)
from mmda.models import DualViewDataPreprocessor
from mmda.report.source_labels import sources_of_datasets

N = np.nan
SCORES = [[1, 0, 1], [0, N, 1], [0, 0, 0], [1, 1, N]]


@pytest.fixture
def source(tmp_path):
    return write_source(tmp_path / 'data', labels=SCORES, field='gt_score')


@pytest.fixture
def labels():
    """2,000 images of 6 classes, a tenth not annotated."""
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 2, (2000, 6)).astype(np.float32)
    scores[generator.random(scores.shape) < 0.1] = N
    return scores


def digits_with(scores):
    """A source with labels of our own."""
    source = Digits(digits=range(scores.shape[1]))
    source.data_list = LabelTable(scores.copy())
    return source


def test_a_set_of_classes_stays_annotated(source):
    dataset = MissingLabels(source, 'classes', labeled_classes=['cat'])
    expected = [[N, 0, N], [N, N, N], [N, 0, N], [N, 1, N]]
    assert_rows(dataset, expected)
    dataset = PartialLabelDataset(source, ('cat', 'owl'))
    assert_rows(dataset, [[0, N], [N, N], [0, N], [1, N]])


@pytest.mark.parametrize('fraction', [0.0, 0.3, 1.0])
def test_entries_are_hidden_at_random_with_a_fraction(labels, fraction):
    dataset = MissingLabels(digits_with(labels), 'random', fraction=fraction)
    rows = rows_of(dataset)
    known = ~np.isnan(rows)
    assert (rows[known] == labels[known]).all()
    annotated = ~np.isnan(labels)
    assert not (known & ~annotated).any()
    share = known.sum(axis=0) / annotated.sum(axis=0)
    # 1,800 entries of a class: four standard deviations
    np.testing.assert_allclose(share, 1 - fraction, atol=4 * 0.5 / 1800**0.5)


def test_a_single_positive_label_of_each_image_stays(labels):
    rows = rows_of(MissingLabels(digits_with(labels), 'single_positive'))
    has_positive = (labels == 1).any(axis=1)
    assert ((~np.isnan(rows)).sum(axis=1) == has_positive).all()
    assert (rows[~np.isnan(rows)] == 1).all()
    assert (labels[rows == 1] == 1).all()
    # Each positive of an image is as likely to be the one that stays.
    rank = np.cumsum(labels == 1, axis=1)
    of_three = (labels == 1).sum(axis=1) == 3
    chosen = rank[of_three][rows[of_three] == 1]
    counts = np.bincount(chosen)[1:]
    expected = of_three.sum() / 3
    assert (abs(counts - expected) < 4 * expected**0.5).all()


def test_the_mask_follows_the_seed_alone(labels):
    masks = [
        MissingLabels(
            digits_with(scores), 'random', fraction=0.5, seed=seed
        ).kept
        for seed, scores in ((0, labels), (0, labels), (1, labels))
    ]
    assert (masks[0] == masks[1]).all()
    assert not (masks[0] == masks[2]).all()
    # Harder settings hide more of the same
    more = MissingLabels(digits_with(labels), 'random', fraction=0.7).kept
    assert not (more & ~masks[0]).any()


def test_a_run_is_repeated_from_the_file_of_its_mask(labels, tmp_path):
    path = tmp_path / 'masks' / 'half.npz'
    arguments = dict(scheme='random', fraction=0.5, mask_file=str(path))
    first = MissingLabels(digits_with(labels), seed=4, **arguments)
    assert [child.name for child in path.parent.iterdir()] == ['half.npz']
    with np.load(path) as file:
        arrays = dict(file)
    arrays['kept'] = ~arrays['kept']
    np.savez(path, **arrays)
    again = MissingLabels(digits_with(labels), seed=4, **arguments)
    assert (again.kept == ~first.kept).all(), 'the file was not read'


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(seed=5), "other settings: .*'seed': 4.*expected.*'seed': 5"),
        (dict(fraction=0.25), 'other settings: .*0.5.*expected.*0.25'),
    ],
)
def test_the_mask_of_another_setting_is_refused(
    labels, tmp_path, change, message
):
    path = str(tmp_path / 'mask.npz')
    given = dict(scheme='random', fraction=0.5, seed=4, mask_file=path)
    MissingLabels(digits_with(labels), **given)
    with pytest.raises(ValueError, match=message):
        MissingLabels(digits_with(labels), **{**given, **change})


def test_the_mask_of_other_labels_or_no_mask_is_refused(labels, tmp_path):
    path = tmp_path / 'mask.npz'
    given = dict(scheme='single_positive', mask_file=str(path))
    MissingLabels(digits_with(labels), **given)
    with pytest.raises(ValueError, match='other labels'):
        MissingLabels(digits_with(1 - labels), **given)
    with pytest.raises(ValueError, match=r"other classes: .*'5'"):
        MissingLabels(digits_with(labels[:, :5]), **given)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match='mask.npz is no mask'):
        MissingLabels(digits_with(labels), **given)


@pytest.mark.parametrize('outside', [True, False])
def test_the_label_report_counts_what_is_left(tmp_path, outside):
    digits = tuple('0123456789')
    mask = str(tmp_path / 'mask.npz')
    hide = dict(
        type='MissingLabels', scheme='random', fraction=0.4, mask_file=mask
    )
    place = dict(type='PartialLabelDataset', classes=digits, name='D0')
    inner, outer = (place, hide) if outside else (hide, place)
    dataset = dict(outer, dataset=dict(inner, dataset=dict(type='Digits')))
    kind = MissingLabels if outside else PartialLabelDataset
    arguments = {k: v for k, v in dataset.items() if k != 'type'}
    (found,) = sources_of_datasets({'train': kind(**arguments)})

    with np.load(mask) as file:
        kept = file['kept']
    full = Digits('train').get_gt_labels()
    np.testing.assert_array_equal(found.score, np.where(kept, full, N))
    assert found.classes == digits
    assert found.left_out == ()
    assert found.origin[0] == 'Digits'
    assert found.name == ('MissingLabels of D0' if outside else 'D0')


def test_an_item_loses_its_labels_and_nothing_else(tmp_path):
    source = write_source(tmp_path)
    dataset = MissingLabels(source, 'classes', labeled_classes=['dog'])
    sample = dataset[1]
    assert sample['inputs'].shape == (3, 8, 8)
    np.testing.assert_array_equal(sample['data_samples'].gt_score, [1, N, N])
    assert dataset.get_data_info(1)['gt_label'] == 0
    assert dataset.get_cat_ids(1) == [0]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(scheme='half'), "found 'half', expected one of"),
        (dict(scheme='random'), 'fraction=None with scheme'),
        (dict(scheme='random', fraction=1.2), 'expected a number in'),
        (
            dict(scheme='single_positive', fraction=0.5),
            "fraction=0.5 with scheme='single",
        ),
        (dict(scheme='classes'), 'labeled_classes=None with scheme'),
        (
            dict(scheme='classes', labeled_classes='dog'),
            "'dog' .*expected a list",
        ),
        (
            dict(scheme='classes', labeled_classes=['dgo']),
            "labeled_classes of .*: unknown class 'dgo'; nearest: 'dog'",
        ),
    ],
)
def test_what_cannot_be_hidden_is_refused(source, arguments, message):
    with pytest.raises(ValueError, match=message):
        MissingLabels(source, **arguments)


def test_images_of_a_subset_keep_their_own_hidden_labels(source):
    whole = MissingLabels(source, 'random', fraction=0.5)
    rows = rows_of(whole)
    assert len(np.unique(np.isnan(rows), axis=0)) > 1
    subset = whole.get_subset([2, 0])
    assert_rows(subset, rows[[2, 0]])
    last = MissingLabels(source, 'random', fraction=0.5, indices=-2)
    assert_rows(last, rows[-2:])
    assert last.get_data_info(-1)['sample_idx'] == 1
    assert len(whole) == 4


def test_a_source_whose_labels_are_hidden_joins_another_in_any_order():
    hidden = MissingLabels(digits_in_batches(), 'random', fraction=0.5)
    pairs = ImagePairs(digits_in_batches(), num_pairs=3)
    plain = digits_in_batches()
    preprocessor = DualViewDataPreprocessor()
    for first, second in ((hidden, plain), (plain, hidden), (plain, pairs)):
        batch = default_collate([first[0]]), default_collate([second[0]])
        samples = [s for part in batch for s in part['data_samples']]
        images = torch.cat([part['inputs'] for part in batch])
        data = preprocessor(dict(inputs=images, data_samples=samples), True)
        for sample in data['data_samples'][:2]:
            positive = np.flatnonzero(sample.gt_score > 0.5)
            assert sample.gt_label.tolist() == positive.tolist()


def digits_in_batches():
    return PartialLabelDataset(
        dict(type='Digits'),
        [str(digit) for digit in range(10)],
        pipeline=[dict(type='mmpretrain.PackInputs')],
    )
