import itertools
import pickle
from dataclasses import FrozenInstanceError

import pytest

from mmda.structures import LabelSpace, nearest, rename_classes

ALIASES = {
    'Pleural Effusion': 'Effusion',
    'Enlarged Cardiom': 'Enlarged Cardiomediastinum',
}


def test_union_joins_classes_of_one_name_in_order_of_first_appearance():
    space = LabelSpace.union(
        {'A': ['Mass', 'Edema', 'Effusion'], 'B': ['Fracture', 'Edema']}
    )
    assert space.classes == ('Mass', 'Edema', 'Effusion', 'Fracture')


def test_union_is_the_same_every_time_and_has_the_same_classes_in_any_order():
    sources = {'A': ['a', 'b'], 'B': ['b', 'c'], 'C': ['d', 'a']}
    first = LabelSpace.union(sources)
    assert all(LabelSpace.union(dict(sources)) == first for _ in range(5))
    for items in itertools.permutations(sources.items()):
        assert set(LabelSpace.union(dict(items)).classes) == set('abcd')


def test_union_applies_the_aliases_to_every_source():
    space = LabelSpace.union(
        {
            'NIH': ['Effusion', 'Hernia'],
            'CheXpert': ['Enlarged Cardiom', 'Pleural Effusion'],
        },
        aliases=ALIASES,
    )
    assert space.classes == (
        'Effusion',
        'Hernia',
        'Enlarged Cardiomediastinum',
    )


def test_kept_apart_a_class_of_one_name_becomes_one_class_per_source():
    space = LabelSpace.union(
        {'A': ['Edema', 'Mass'], 'B': ['Edema', 'Mass']},
        keep_apart=['Edema'],
    )
    assert space.classes == ('Edema (A)', 'Mass', 'Edema (B)')


def test_keep_apart_takes_the_name_after_aliasing():
    space = LabelSpace.union(
        {'A': ['Effusion'], 'B': ['Pleural Effusion']},
        aliases=ALIASES,
        keep_apart=['Effusion'],
    )
    assert space.classes == ('Effusion (A)', 'Effusion (B)')


def test_rename_gives_the_names_that_the_union_has():
    sources = {'A': ['Edema', 'Mass'], 'B': ['Pleural Effusion', 'Edema']}
    space = LabelSpace.union(sources, ALIASES, keep_apart=['Edema'])
    for source, classes in sources.items():
        names = rename_classes(classes, ALIASES, ['Edema'], source)
        assert len(names) == len(classes)
        assert all(name in space for name in names)


def test_rename_leaves_aliases_of_other_sources_unused():
    assert rename_classes(['Mass'], ALIASES) == ('Mass',)


def test_index_and_length_and_contains():
    space = LabelSpace(('Mass', 'Edema'))
    assert len(space) == 2
    assert [space.index(name) for name in space.classes] == [0, 1]
    assert 'Edema' in space
    assert 'edema' not in space


def test_a_list_of_classes_becomes_a_tuple():
    assert LabelSpace(['b', 'a']).classes == ('b', 'a')


def test_label_spaces_are_compared_by_order_too():
    assert LabelSpace(('a', 'b')) == LabelSpace(['a', 'b'])
    assert LabelSpace(('a', 'b')) != LabelSpace(('b', 'a'))
    assert len({LabelSpace(('a', 'b')), LabelSpace(('a', 'b'))}) == 1


def test_a_label_space_cannot_be_changed_and_can_be_pickled():
    space = LabelSpace(('a', 'b'))
    with pytest.raises(FrozenInstanceError):
        space.classes = ('c',)
    assert pickle.loads(pickle.dumps(space)) == space


def test_an_unknown_class_is_named_with_the_nearest_ones():
    space = LabelSpace(('Edema', 'Effusion', 'Mass'))
    with pytest.raises(ValueError, match=r"'efusion'.*'Effusion'"):
        space.index('efusion')
    with pytest.raises(ValueError, match=r"'Zzz'.*Edema.*Effusion.*Mass"):
        space.index('Zzz')


def test_nearest_ignores_case_and_lists_all_names_where_none_is_near():
    assert nearest('EDEMA', ['Edema', 'Mass']) == "; nearest: 'Edema'"
    assert nearest('qqqq', ['Edema', 'Mass']) == "; known: ['Edema', 'Mass']"


@pytest.mark.parametrize(
    ('classes', 'message'),
    [
        ((), 'at least one class'),
        (('a', ''), 'class 1 .*non-empty string'),
        (('  ', 'a'), 'class 0 .*non-empty string'),
        ((1, 'a'), 'class 0 .*found 1'),
        (('a', 'b', 'a'), r"twice.*\['a'\]"),
    ],
)
def test_a_label_space_refuses(classes, message):
    with pytest.raises(ValueError, match=message):
        LabelSpace(classes)


def test_two_classes_of_a_source_with_one_name_are_refused():
    with pytest.raises(
        ValueError, match="'Effusion' after aliasing.*'Pleural Effusion'"
    ) as caught:
        LabelSpace.union({'X': ['Effusion', 'Pleural Effusion']}, ALIASES)
    assert "'Effusion'" in str(caught.value)
    with pytest.raises(ValueError, match='duplicate class.*of Src'):
        rename_classes(['a', 'b'], {'a': 'c', 'b': 'c'}, source='Src')


def test_keep_apart_of_a_class_that_no_source_has_is_refused():
    with pytest.raises(ValueError, match="keep_apart.*'Edma'.*'Edema'"):
        LabelSpace.union({'A': ['Edema']}, keep_apart=['Edma'])
    with pytest.raises(ValueError, match="keep_apart.*A .*'Edma'.*'Edema'"):
        rename_classes(['Edema'], keep_apart=['Edma'], source='A')


def test_keep_apart_without_the_name_of_the_source_is_refused():
    with pytest.raises(ValueError, match='keep_apart.*name of the source'):
        rename_classes(['Edema'], keep_apart=['Edema'])


def test_a_string_is_not_taken_for_a_sequence_of_names():
    with pytest.raises(ValueError, match="found the string 'abc'"):
        LabelSpace('abc')


def test_white_space_makes_no_second_class():
    with pytest.raises(ValueError, match="class 1 .* found 'Mass ', expect"):
        LabelSpace(('Mass', 'Mass '))
    assert rename_classes([' Mass', 'Edema '], {'Edema ': 'Oedema'}) == (
        'Mass',
        'Oedema',
    )
    with pytest.raises(ValueError, match="'Mass' and 'Mass ' of A get this"):
        rename_classes(['Mass', 'Mass '], source='A')
