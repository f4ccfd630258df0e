"""The file of a label space: what it must hold."""

import json

import pytest

from mmda.structures import LabelRules, read_rules, resolve_classes
from mmda.structures.space_file import read_space

SPACE = dict(
    mmda_label_space=1,
    classes=['Pneumonia', 'Lung Opacity'],
    aliases={'lung opacities': 'Lung Opacity'},
    rules=dict(implies=dict(Pneumonia=['Lung Opacity'])),
)


@pytest.fixture
def write(tmp_path):
    def write(**changes):
        path = tmp_path / 'space.json'
        path.write_text(json.dumps({**SPACE, **changes}))
        return str(path)

    return write


def test_a_path_becomes_classes_aliases_and_rules(write):
    path = write()
    aliases = SPACE['aliases']
    found = resolve_classes(path)
    assert found == (('Pneumonia', 'Lung Opacity'), aliases, SPACE['rules'])
    more = resolve_classes(path, {'opacity': 'Lung Opacity'}, 'chest_xray')
    assert more[1] == {**aliases, 'opacity': 'Lung Opacity'}
    assert more[2] == 'chest_xray'
    names = ['a', 'b']
    assert resolve_classes(names, aliases, None) == (names, aliases, None)


def test_rules_are_read_from_the_file_too(write):
    rules = read_rules(write(), SPACE['classes'])
    assert isinstance(rules, LabelRules) and rules.implied[0, 1]
    assert read_rules(write(rules={}), SPACE['classes']) is None


@pytest.mark.parametrize(
    ('changes', 'text'),
    [
        (dict(mmda_label_space=2), r'space\.json is no .* version 1.*= 2'),
        (dict(classes=['a', 'a'], rules={}, aliases={}), r"twice.*\['a'\]"),
        (dict(classes=[], rules={}, aliases={}), 'at least one class'),
        (dict(classes='Pneumonia'), "classes: found 'Pneumonia'"),
        (
            dict(aliases={'opacity': 'Lung Opacty'}),
            r"json: alias 'opacity': unknown class 'Lung Opacty'; nearest: 'L",
        ),
        (
            dict(aliases={'Pneumonia': 'Lung Opacity'}),
            "alias 'Pneumonia' -> 'Lung Opacity': 'Pneumonia' is a class",
        ),
        (dict(aliases=['a']), r'aliases: found .*an object'),
        (
            dict(rules=dict(implies=dict(Mass=['Pneumonia']))),
            "rule implies: unknown class 'Mass'",
        ),
        (dict(rules='no_such'), "rules: found 'no_such'"),
        (dict(rules='space.json'), "rules: found 'space.json', expected an"),
        (dict(rules=['implies']), r"rules: found \['implies'\], expected an"),
        (dict(aliases={'opacity': ['x']}), r"alias 'opacity': found \['x'\]"),
        (dict(sources=dict(a=5)), "sources: 'a': found 5, expected `classes`"),
        (
            dict(sources=dict(a=dict(classes=dict(Pneumonia={})))),
            "sources: 'a': .*expected `classes` with `annotated`",
        ),
        (dict(alias={}), r"found \['alias'\], expected some of"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(changes, text, write):
    with pytest.raises(ValueError, match=text) as error:
        read_space(write(**changes))
    assert 'space.json' in str(error.value)


def test_a_spelling_that_has_two_classes_is_an_error(tmp_path):
    path = tmp_path / 'space.json'
    path.write_text(
        '{"mmda_label_space": 1, "classes": ["a", "b"],'
        ' "aliases": {"x": "a", "x": "b"}}'
    )
    with pytest.raises(ValueError, match=r"json: found 'x' twice"):
        read_space(path)
    path.write_text('[' * 100_000)
    with pytest.raises(ValueError, match=r'json: maximum recursion depth'):
        read_space(path)
    path.write_text('["a"]')
    with pytest.raises(ValueError, match='no label space of version 1'):
        read_space(path)
    with pytest.raises(FileNotFoundError, match=r'no label space no\.json'):
        resolve_classes('no.json')
