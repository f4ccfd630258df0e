"""Which names count as one name, and which may be."""

from itertools import combinations

import numpy as np
import pytest

from mmda.structures.spelling import lookalikes, looks_alike, spelling_key

SAME = [
    ['Pleural Thickening', 'Pleural_Thickening', 'pleural-thickenings'],
    ['Lung Opacity', 'LungOpacity', 'LUNG OPACITIES', 'lung/opacity'],
    ['Edema', 'oedema', 'Œdema', 'édema'],
    ['Mass', 'masses', 'MASS.'],
    ["Crohn's disease", 'Crohns Disease', 'Crohn’s diseases'],
    ['HER2-', 'her2 -', 'HER2−'],
    ['Fibrosis', 'ﬁbrosis'],
]
DIFFERENT = [
    ('HER2+', 'HER2-'),
    ('C', 'C++'),
    ('Grade 1-2', 'Grade 12'),
    ('T-score -1', 'T-score 1'),
    ('<5', '>5'),
    ('1.5', '15'),
    ('Finding', 'No Finding'),
    ('か', 'が'),
    ('हिंदी', 'हदी'),
    ('!', '?'),
    ('Atelectasis', 'Atelectas'),
]


@pytest.mark.parametrize('names', SAME, ids=lambda names: names[0])
def test_case_plural_punctuation_accents_and_spelling_do_not_count(names):
    assert len(set(map(spelling_key, names))) == 1


def test_the_names_of_different_rows_differ():
    assert len({spelling_key(names[0]) for names in SAME}) == len(SAME)


@pytest.mark.parametrize('pair', DIFFERENT, ids=' '.join)
def test_signs_numbers_and_letters_of_other_scripts_count(pair):
    assert len(set(map(spelling_key, pair))) == 2


@pytest.mark.parametrize(
    ('one', 'two', 'expected'),
    [
        ('Efusion', 'Effusion', True),
        ('Effusion', 'Pleural Effusion', True),
        ('Cardiomegaly', 'Cardiomegalia', True),
        ('Pneumonia', 'Pneumothorax', False),
        ('Lung Lesion', 'Lung Opacity', False),
        ('Finding', 'No Findings', False),
        ('Stage T1', 'Stage T2', False),
        ('HER2', 'HER2+', False),
        ('Edema (A)', 'Edema (B)', False),
        ('Melanoma (MEL)', 'melanoma (mel)', True),
        ('Infiltration', 'Infiltrations', True),
        ('1', '2', False),
        ('cat', 'car', False),
    ],
)
def test_a_person_decides_about_few_letters_and_more_words(one, two, expected):
    assert looks_alike(one, two) is expected is looks_alike(two, one)


def test_counts_rule_out_no_pair_of_names_that_look_alike():
    generator = np.random.default_rng(0)
    parts = ['pleu', 'ral', 'effus', 'ion', 'ma', 'ss', ' ', '_', '(A)', 'no ']
    names = [''.join(generator.choice(parts, 4)) for _ in range(150)]
    names = sorted({*names, '', '_', 'x', 'œdema', 'edema', 'T1', 'T 1'})
    expected = [(a, b) for a, b in combinations(names, 2) if looks_alike(a, b)]
    assert len(expected) > 100
    assert list(lookalikes(names)) == expected
