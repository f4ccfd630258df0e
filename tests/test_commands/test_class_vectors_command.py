"""Vectors of class names and descriptions, from a config to an adapter."""

import math
import re

import numpy as np
import pytest

from mmda.commands import class_vectors
from mmda.models.adapters import DynamicAdapter
from mmda.models.adapters.class_vectors import read_class_vectors

TEXTS = 'class,text\na,big red truck\nb,"small red truck, new"\nc,grey cat\n'


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'c.py'
    path.write_text("model = dict(head=dict(classes=['a', 'b', 'c']))\n")
    return str(path)


def cosine_by_hand(documents):
    """TF-IDF as scikit-learn's manual writes it, with plain dicts."""
    words = [text.split() for text in documents]
    rows = []
    for own in words:
        rarity = {
            word: math.log(
                (1 + len(words)) / (1 + sum(word in x for x in words))
            )
            for word in own
        }
        rows.append({word: 1 + value for word, value in rarity.items()})
    norms = [math.sqrt(sum(v * v for v in row.values())) for row in rows]
    return [
        [
            sum(v * other.get(word, 0) for word, v in row.items()) / n / m
            for other, m in zip(rows, norms, strict=True)
        ]
        for row, n in zip(rows, norms, strict=True)
    ]


def test_an_adapter_starts_from_what_descriptions_share(
    tmp_path, config, capsys
):
    texts = tmp_path / 't.csv'
    texts.write_text(TEXTS)
    out = str(tmp_path / 'v.csv')
    class_vectors.main([config, '--out', out, '--descriptions', str(texts)])
    adapter = DynamicAdapter(
        3, 8, ['c', 'a', 'b'], init_cfg=dict(type='ClassVectors', file=out)
    )
    adapter.init_weights()
    q = adapter.task_encoding.detach().numpy()
    expected = np.array(
        cosine_by_hand(['grey cat', 'big red truck', 'small red truck new'])
    )
    assert 0.2 < expected[1, 2] < 0.8
    np.testing.assert_allclose(q @ q.T, expected, atol=1e-5)
    assert 'most alike: a and b' in capsys.readouterr().out


def test_names_are_compared_by_their_letters(tmp_path):
    path = tmp_path / 'c.py'
    names = ['Pneumonia', 'Pneumothorax', '7']
    path.write_text(f'model = dict(head=dict(classes={names}))\n')
    out = str(tmp_path / 'v.csv')
    class_vectors.main([str(path), '--out', out])
    found = read_class_vectors(out)
    assert list(found) == names
    assert 0.1 < found['Pneumonia'] @ found['Pneumothorax'] < 0.9
    assert found['Pneumonia'] @ found['7'] == 0


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (TEXTS.replace('c,', 'd,'), "no text of class 'c'"),
        (TEXTS + 'a,again\n', "class 'a' twice"),
        (TEXTS.replace('"', ''), "3 cells in the row of 'b'"),
        (TEXTS.replace('grey cat', 'the'), "vector of class 'c' is 0"),
        (
            TEXTS.replace('grey cat', 'big red truck'),
            r"\['a', 'c'\] do not differ",
        ),
    ],
)
def test_bad_descriptions_are_named_and_nothing_is_written(
    tmp_path, config, text, message, capsys
):
    texts, out = tmp_path / 't.csv', tmp_path / 'v.csv'
    texts.write_text(text)
    argv = [config, '--out', str(out), '--descriptions', str(texts)]
    with pytest.raises(SystemExit) as exit_info:
        class_vectors.main(argv)
    assert exit_info.value.code == 2
    assert re.search(message, capsys.readouterr().err)
    assert not out.exists()


def test_names_that_share_nothing_are_not_most_alike(config, tmp_path, capsys):
    class_vectors.main([config, '--out', str(tmp_path / 'v.csv')])
    said = capsys.readouterr()
    assert 'no two have a word or three letters' in said.out + said.err
