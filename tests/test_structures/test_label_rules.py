"""Rules between classes, against all truth assignments."""

import itertools

import numpy as np
import pytest
import torch

from mmda.structures import LabelRules, read_rules

NAN = float('nan')


def holds(truth, implies, excludes, at_most_one, exactly_one):
    """Whether a truth assignment, class -> 0 or 1, satisfies the rules."""
    return (
        all(truth[b] or not truth[a] for a, bs in implies.items() for b in bs)
        and not any(
            truth[a] and truth[b] for a, bs in excludes.items() for b in bs
        )
        and all(sum(truth[c] for c in group) <= 1 for group in at_most_one)
        and all(sum(truth[c] for c in group) == 1 for group in exactly_one)
    )


def random_rules(rng, names):
    """Rules of 0 to 4 implications and exclusions, and up to two groups."""
    pairs = [tuple(rng.choice(names, 2, replace=False)) for _ in range(8)]
    implies, excludes = {}, {}
    for a, b in pairs[: rng.integers(5)]:
        implies.setdefault(a, []).append(b)
    for a, b in pairs[4 : 4 + rng.integers(4)]:
        excludes.setdefault(a, []).append(b)
    mixed = list(rng.permutation(names))
    cut = rng.integers(2, 4)
    groups = [mixed[:cut], mixed[cut : cut + 2]][: rng.integers(3)]
    split = rng.integers(len(groups) + 1)
    return dict(
        implies=implies,
        excludes=excludes,
        at_most_one=groups[:split],
        exactly_one=groups[split:],
    )


@pytest.mark.parametrize('seed', range(40))
def test_filled_entries_equal_those_of_all_truth_assignments(seed):
    rng = np.random.default_rng(seed)
    names = list('abcdef')
    rules = random_rules(rng, names)
    possible = np.array(
        [
            truth
            for truth in itertools.product([0, 1], repeat=len(names))
            if holds(dict(zip(names, truth, strict=True)), **rules)
        ]
    ).reshape(-1, len(names))
    try:
        checked = LabelRules(names, **rules)
    except ValueError as error:
        circle = 'circle' in str(error)
        assert circle or not possible.any(axis=0).all()
        return
    assert possible.any(axis=0).all()
    labels = rng.choice([0, 1, NAN], (60, len(names)), p=[0.15, 0.15, 0.7])
    filled, conflicts = checked.fill(labels)
    stuck = {row for conflict in conflicts for row in conflict.rows}
    for row, (before, after) in enumerate(zip(labels, filled, strict=True)):
        known = ~np.isnan(before)
        left = possible[(possible[:, known] == before[known]).all(axis=1)]
        assert (row in stuck) == (not len(left))
        # Labels that contradict each other do not count.
        dropped = known & np.isnan(after)
        kept = known & ~dropped
        left = possible[(possible[:, kept] == before[kept]).all(axis=1)]
        same = (left == left[0]).all(axis=0) & ~dropped
        np.testing.assert_array_equal(after, np.where(same, left[0], NAN))


def test_a_conflict_names_the_fewest_labels_and_all_of_its_rows():
    rules = LabelRules(
        ['child', 'parent', 'other', 'none'],
        implies={'child': ['parent']},
        excludes={'none': dict(all_but=['other'])},
    )
    labels = np.array(
        [[1, NAN, 1, 1], [1, 0, NAN, 0], [NAN, NAN, 1, 1], [1, 1, 0, 1]]
    )
    filled, conflicts = rules.fill(labels)
    found = {str(one): one.rows.tolist() for one in conflicts}
    assert found['child = 1, parent = 0'] == [1]
    assert sorted(row for rows in found.values() for row in rows) == [0, 1, 3]
    assert all(len(one.labels) == 2 for one in conflicts)
    np.testing.assert_array_equal(filled[2], [0, 0, 1, 1])


def test_soft_labels_stay_and_determine_nothing():
    rules = LabelRules(['a', 'b'], implies={'a': ['b']})
    filled, conflicts = rules.fill(np.array([[0.7, NAN], [NAN, 0.2]]))
    np.testing.assert_array_equal(filled, [[0.7, NAN], [NAN, 0.2]])
    assert conflicts == []


@pytest.mark.parametrize(
    'rules, message',
    [
        (dict(implies={'Masss': ['b']}), "unknown class 'Masss'.*'Mass'"),
        (dict(excludes={'b': ['x']}), "excludes: 'b': unknown class 'x'"),
        (dict(implies={'b': ['c'], 'c': ['b']}), r"\['b', 'c'\].*circle"),
        (
            dict(implies={'b': ['c']}, excludes={'c': ['b']}),
            r"contradict each other: \['b'\] can never hold",
        ),
        (
            dict(at_most_one=[['b', 'c']], exactly_one=[['c', 'Mass']]),
            r"in two groups: \['c'\]",
        ),
        (dict(exactly_one=[['b', 'b']]), 'expected two or more classes'),
        (dict(exactly_one=[['b', ['c']]]), 'expected class names'),
        (dict(at_most_one=5), 'at_most_one: found 5, expected a list of'),
        (dict(implies=['b', 'c']), r"implies: found \['b', 'c'\], expected"),
        (dict(implies={'b': 5}), "implies: 'b': found 5, expected class"),
        (
            dict(excludes={'b': dict(but=[])}),
            r"excludes: 'b': found the keys \['but'\], expected 'all_but'",
        ),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(rules, message):
    with pytest.raises(ValueError, match=message):
        LabelRules(['Mass', 'b', 'c'], **rules)


def test_consistent_answers_keep_a_child_at_most_its_parents():
    rules = LabelRules(
        ['child', 'parent', 'grandparent', 'other'],
        implies={'child': ['parent'], 'parent': ['grandparent']},
    )
    answers = torch.tensor([[0.9, 0.8, 0.3, 0.5], [-2.0, -1.0, 1.0, 4.0]])
    assert rules.consistent(answers).tolist() == [
        pytest.approx([0.3, 0.3, 0.3, 0.5]),
        [-2.0, -1.0, 1.0, 4.0],
    ]


def test_shipped_rules_keep_what_follows_through_a_missing_class(tmp_path):
    classes = ['Pneumonia', 'Lung Opacity', 'Mass', 'No Finding']
    rules = read_rules('chest_xray', classes)  # without Consolidation
    filled, _ = rules.fill(np.array([[1, NAN, NAN, NAN], [NAN] * 3 + [1]]))
    np.testing.assert_array_equal(filled, [[1, 1, NAN, 0], [0, 0, 0, 1]])
    mine = tmp_path / 'rules.json'
    mine.write_text('{"implies": {"Mass": ["Nodule"]}}')
    with pytest.raises(ValueError, match="unknown class 'Nodule'"):
        read_rules(str(mine), classes)
    with pytest.raises(ValueError, match="found 'chest', expected a JSON"):
        read_rules('chest', classes)
    with pytest.raises(ValueError, match="found .'imply'., expected some"):
        read_rules(dict(imply={}), classes)


def test_classes_stay_apart_without_the_class_between_them():
    between = LabelRules('abc', implies={'c': 'b'}, excludes={'a': 'b'})
    filled, _ = between.restrict('ac').fill(np.array([[1, np.nan]]))
    assert filled.tolist() == [[1, 0]]


def test_a_group_that_loses_a_class_keeps_at_most_one():
    rules = LabelRules('abc', exactly_one=[list('abc')])
    left = read_rules(rules, ['a', 'b', 'd'])
    filled, _ = left.fill(np.array([[1, NAN, NAN], [0, NAN, NAN]]))
    np.testing.assert_array_equal(filled, [[1, 0, NAN], [0, NAN, NAN]])
