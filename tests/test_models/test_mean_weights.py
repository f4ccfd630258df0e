import itertools

import numpy as np
import pytest
import torch
from two_ranks import run_on_two_ranks

from mmda.models.losses import mean_weights

OVER = ('entry', 'class', 'sample')


def mean_of(values, mask, over):
    """Mean over selected entries, by sums per sample and class."""
    counts = mask.flatten(2).sum(2) if mask.ndim > 2 else mask.long()
    sums = torch.where(mask, values, 0.0)
    sums = sums.flatten(2).sum(2) if mask.ndim > 2 else sums
    return (mean_weights(counts, over) * sums).sum()


def naive_mean(values, mask, over):
    """Mean over selected entries, written entry by entry."""
    groups = {}
    for index in np.ndindex(*values.shape):
        if mask[index]:
            key = {'entry': 0, 'class': index[1], 'sample': index[0]}[over]
            groups.setdefault(key, []).append(float(values[index]))
    means = [sum(group) / len(group) for group in groups.values()]
    return sum(means) / len(means) if means else 0.0


@pytest.mark.parametrize('over', OVER)
@pytest.mark.parametrize('shape', [(5, 4), (3, 4, 2, 3)])
@pytest.mark.parametrize('fraction', [0.0, 0.1, 0.5, 0.9, 1.0])
def test_equals_a_loop_over_entries(over, shape, fraction):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(shape, generator=generator, dtype=torch.float64)
    mask = torch.rand(shape, generator=generator) < fraction
    expected = naive_mean(values, mask, over)
    # The weights of the sum are float32.
    assert mean_of(values, mask, over).item() == pytest.approx(
        expected, rel=1e-6, abs=1e-8
    )


def test_the_three_means_differ_on_unevenly_spread_entries():
    # entry: (1 + 2 + 6) / 3; class: ((1 + 2) / 2 + 6) / 2;
    # sample: (1 + (2 + 6) / 2) / 2
    values = torch.tensor([[1.0, 9.0, 9.0], [2.0, 6.0, 9.0]])
    mask = torch.tensor([[True, False, False], [True, True, False]])
    got = [mean_of(values, mask, over).item() for over in OVER]
    assert got == pytest.approx([3.0, 3.75, 2.5])


@pytest.mark.parametrize('over', OVER)
def test_nothing_selected_gives_zero_with_a_graph(over):
    values = torch.ones(2, 3, requires_grad=True)
    mean = mean_of(values, torch.zeros(2, 3, dtype=torch.bool), over)
    assert mean.item() == 0
    mean.backward()
    assert torch.equal(values.grad, torch.zeros(2, 3))


@pytest.mark.parametrize('over', ['batch', 'token'])
def test_an_unknown_kind_of_mean_is_refused(over):
    message = f"over='{over}'.*entry.*class.*sample"
    with pytest.raises(ValueError, match=message):
        mean_weights(torch.ones(1, 1), over)


def uneven_masks():
    """Masks of two ranks, (2, 4 rows, 3 classes), spread unevenly."""
    full, empty = np.ones((4, 3), bool), np.zeros((4, 3), bool)
    sparse, single = empty.copy(), empty.copy()
    sparse[0, 0] = sparse[3, 2] = True
    single[1, 1] = True
    masks = (full, empty, sparse, single)
    return [np.stack(pair) for pair in itertools.product(masks, repeat=2)]


def _mean_and_gradient(rank, values, mask, over):
    mine = torch.tensor(values[rank], requires_grad=True)
    mean = mean_of(mine, torch.tensor(mask[rank]), over)
    mean.backward()
    return mean.item(), mine.grad.numpy()


def _all_cases(rank, values, masks):
    return [
        _mean_and_gradient(rank, values, mask, over)
        for mask in masks
        for over in OVER
    ]


def test_two_ranks_together_give_the_mean_over_all_their_entries():
    values = np.random.default_rng(0).normal(size=(2, 4, 3))
    masks = uneven_masks()
    first, second = run_on_two_ranks(_all_cases, values, masks)
    cases = [(mask, over) for mask in masks for over in OVER]
    for (mask, over), one, two in zip(cases, first, second, strict=True):
        union = torch.tensor(values).reshape(8, 3).requires_grad_()
        expected = mean_of(union, torch.tensor(mask).reshape(8, 3), over)
        expected.backward()
        # What DistributedDataParallel does with gradients: their mean.
        assert (one[0] + two[0]) / 2 == pytest.approx(expected.item())
        np.testing.assert_allclose(
            np.concatenate([one[1], two[1]]) / 2, union.grad, atol=1e-7
        )
