"""The union of random sources, against its contract."""

import itertools

import numpy as np
import pytest

from mmda.report.joint_space import JointSpace
from mmda.report.source_labels import SourceLabels
from mmda.structures.spelling import spelling_key

#: Names in three spellings each.
SPELLINGS = [
    [f'{name} sign', f'{name}_Sign', f'{name}-signs'.upper()]
    for name in ('apple', 'bone', 'cuff', 'deep')
]
NAMES = list(itertools.chain(*SPELLINGS))


def source(name, classes, images, score):
    return SourceLabels(
        split='train',
        name=name,
        classes=tuple(classes),
        score=np.array(score, dtype=np.float32).reshape(len(images), -1),
        uncertain=np.zeros(len(classes), dtype=np.int64),
        paths=np.array([f'/data/{i}.png'.encode() for i in images]),
    )


def random_source(rng, name):
    classes = rng.choice(NAMES, rng.integers(1, 5), replace=False).tolist()
    images = rng.choice(12, 3, replace=False).tolist()
    values = [0, 1, np.nan]
    score = rng.choice(values, (3, len(classes)), p=[0.2, 0.2, 0.6])
    return source(name, classes, images, score)


def must_stay_apart(sources, one, two):
    """Whether a source or an image tells two names apart, by plain loops."""
    for first, second in itertools.product(sources, sources):
        if {one, two} <= set(first.classes):
            return True
        if one not in first.classes or two not in second.classes:
            continue
        for i, j in itertools.product(range(3), range(3)):
            if first.paths[i] != second.paths[j]:
                continue
            a = first.score[i, first.classes.index(one)]
            b = second.score[j, second.classes.index(two)]
            if {a, b} == {0, 1}:
                return True
    return False


@pytest.mark.parametrize('seed', range(60))
def test_names_are_joined_if_and_only_if_nothing_tells_them_apart(seed):
    rng = np.random.default_rng(seed)
    sources = [random_source(rng, f'S{i}') for i in range(3)]
    space = JointSpace(sources)
    groups = {name: [name] for name in space.classes}
    for spelling, name in space.aliases.items():
        groups[name].append(spelling)
    own = [name for one in sources for name in one.classes]
    assert sorted(itertools.chain(*groups.values())) == sorted(set(own))
    for group in groups.values():
        assert len(set(map(spelling_key, group))) == 1
        for pair in itertools.combinations(group, 2):
            assert not must_stay_apart(sources, *pair)
            assert not must_stay_apart(sources, *pair[::-1])
    for one, two in itertools.combinations(space.classes, 2):
        if spelling_key(one) == spelling_key(two):
            alike = [c for c in groups if spelling_key(c) == spelling_key(one)]
            assert len(alike) > 2 or any(
                must_stay_apart(sources, a, b)
                or must_stay_apart(sources, b, a)
                for a, b in itertools.product(groups[one], groups[two])
            )
    firsts = [own.index(name) for name in space.classes]
    assert firsts == sorted(firsts)


@pytest.mark.parametrize('seed', range(60))
def test_a_source_that_is_added_moves_no_class(seed):
    rng = np.random.default_rng(seed)
    sources = [random_source(rng, f'S{i}') for i in range(4)]
    old = JointSpace(sources[:3])
    whole = JointSpace(sources)
    kept = [name for name in whole.classes if name in old.classes]
    assert kept == old.classes
    try:
        new = JointSpace(
            [sources[3]],
            old.classes,
            old.aliases,
            recorded={n: one['classes'] for n, one in old.counts().items()},
        )
    except ValueError as error:
        # The new source has both names of an old alias.
        assert 'duplicate class' in str(error)
        return
    assert new.classes[: len(old.classes)] == old.classes
    assert set(old.aliases.items()) <= set(new.aliases.items())


def test_the_warnings_count_the_images():
    sources = [
        source('A', ['Edema', 'mass'], [1, 2, 3], [[1, 0], [0, 1], [1, 0]]),
        source('B', ['edema', 'Mass'], [2, 3, 4], [[1, 1], [0, 0], [0, 1]]),
        source('C', ['Nodule', 'nodules'], [5, 6], [[1, 0], [1, 1]]),
    ]
    space = JointSpace(sources)
    assert space.classes == ['Edema', 'mass', 'edema', 'Nodule', 'nodules']
    assert space.aliases == {'Mass': 'mass'}
    assert space.warnings == [
        "'Edema' of A and 'edema' of B have opposite labels in 2 of 2 common "
        'images; so they stay two classes',
        "'Nodule' and 'nodules' are two classes of C (opposite labels in 1 "
        'images); so they stay two classes',
    ]
    given = JointSpace(sources[:2], aliases={'edema': 'Edema'})
    assert given.classes == ['Edema', 'mass']
    assert 'joins opposite labels' in given.warnings[0]
    with pytest.raises(ValueError, match="both 'Nodule' and 'nodules' of C"):
        JointSpace(sources, aliases={'nodules': 'Nodule'})


def test_a_spelling_of_an_alias_joins_the_class_of_the_alias():
    sources = [
        source('A', ['Effusion'], [1], [1]),
        source('B', ['Pleural Effusion'], [2], [1]),
        source('C', ['pleural effusions'], [3], [1]),
    ]
    assert JointSpace(sources).possible == [['Effusion', 'Pleural Effusion']]
    space = JointSpace(sources, aliases={'Pleural Effusion': 'Effusion'})
    assert space.classes == ['Effusion'] and not space.possible
    assert space.aliases['pleural effusions'] == 'Effusion'


@pytest.mark.parametrize(
    ('aliases', 'text'),
    [
        (dict(a='Mass', Mass='b'), "'a' -> 'Mass': 'Mass' is an alias, too"),
        (dict(a='Mas'), "unknown class 'Mas'; nearest: 'Mass'"),
    ],
)
def test_an_alias_of_nothing_is_an_error(aliases, text):
    with pytest.raises(ValueError, match=text):
        JointSpace([source('A', ['Mass', 'b'], [1], [1, 1])], aliases=aliases)
