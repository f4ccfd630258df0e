"""Compare names of classes that differ in spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache

import numpy as np

#: A minus that is no hyphen ("HER2-", "T -1"); a number; a word. All
#: punctuation but the usual separators belongs to a word: "C++", "<5".
_TOKENS = re.compile(
    r'^\s*-|(?<=\S)-(?!\w)|(?<=\s)-(?=\d)|-\s*$'
    r'|\d+(?:[.,]\d+)*|[^\s\d_./,:;|()\[\]-]+'
)
_SAME = str.maketrans(dict.fromkeys('‐‑–—−', '-') | {'œ': 'oe', 'æ': 'ae'})
_APOSTROPHES = re.compile("['’`]")
# After NFKD, an accent follows its letter. In other scripts, it is a letter.
_ACCENTS = re.compile('(?<=[a-z])[\u0300-\u036f]+')
_BRITISH = (
    *(('oedem', 'edem'), ('oesoph', 'esoph'), ('haem', 'hem')),
    *(('anaem', 'anem'), ('paed', 'ped'), ('foet', 'fet')),
    *(('rrhoea', 'rrhea'), ('tumour', 'tumor'), ('colour', 'color')),
    *(('fibre', 'fiber'), ('centre', 'center'), ('grey', 'gray')),
)
_NEGATIONS = {'no', 'non', 'not', 'without', 'normal', 'abnormal'}
#: Names at least this much alike may be two spellings.
_ALIKE = 0.85


@cache
def words_of(name: str) -> tuple[str, ...]:
    """Split a name into words that do not depend on its spelling.

    Case, plural, accents, British spelling, and white space or punctuation
    between words do not count.

    Args:
        name (str): The name of a class.

    Returns:
        tuple[str, ...]: Words, numbers and signs such as '+'.

    Examples:
        >>> words_of('Pleural_Effusions'), words_of('Œdema/HER2-')
        (('pleural', 'effusion'), ('edema', 'her', '2', '-'))
    """
    name = unicodedata.normalize('NFKD', name.casefold().translate(_SAME))
    # Other accents, such as those of Japanese, go back to their letters.
    name = unicodedata.normalize('NFC', _ACCENTS.sub('', name))
    name = _APOSTROPHES.sub('', name)
    for british, american in _BRITISH:
        name = name.replace(british, american)
    words = (word.strip() for word in _TOKENS.findall(name))
    return tuple(_singular(word) for word in words)


def _singular(word: str) -> str:
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith('ies') and len(word) > 4:
        return word[:-3] + 'y'
    if word.endswith(('sses', 'xes', 'ches', 'shes')):
        return word[:-2]
    if word.endswith('s') and not word.endswith(('ss', 'us', 'is')):
        return word[:-1]
    return word


@cache
def spelling_key(name: str) -> str:
    """Return a text that all spellings of a name share.

    Args:
        name (str): The name of a class.

    Returns:
        str: Its words without white space. Two numbers stay apart.

    Examples:
        >>> spelling_key('lung-opacities') == spelling_key('LungOpacity')
        True
        >>> spelling_key('Grade 1-2') == spelling_key('Grade 12')
        False
    """
    joined = ' '.join(words_of(name))
    return re.sub(r'(?<!\d) | (?!\d)', '', joined) or name


def looks_alike(first: str, second: str) -> bool:
    """Say whether two names may mean one class, for a person to decide.

    Args:
        first (str): A name.
        second (str): Another name.

    Returns:
        bool: True for two spellings of one name, if few letters differ, or if
        one name has all words of the other. False if numbers, signs, a word
        such as "no" or the words in brackets differ.

    Examples:
        >>> looks_alike('Effusion', 'Pleural_effusion')
        True
        >>> looks_alike('Efusion', 'Effusion')
        True
        >>> looks_alike('Finding', 'No Finding'), looks_alike('T1', 'T2')
        (False, False)
        >>> looks_alike('Edema (A)', 'Edema (B)')  # kept apart on purpose
        False
    """
    keys = spelling_key(first), spelling_key(second)
    if keys[0] == keys[1]:
        return True
    one, two = set(words_of(first)), set(words_of(second))
    differ = one ^ two
    if differ & _NEGATIONS or not all(word.isalpha() for word in differ):
        return False
    starts, _, inside = zip(
        *(name.casefold().partition('(') for name in (first, second)),
        strict=True,
    )
    if starts[0] == starts[1] and all(inside):
        return False
    if one and two and (one < two or two < one):
        return True
    pair = SequenceMatcher(None, *keys)
    # The first two are upper bounds of the third, and much faster.
    return (
        min(map(len, keys)) > 3
        and pair.real_quick_ratio() >= _ALIKE
        and pair.quick_ratio() >= _ALIKE
        and pair.ratio() >= _ALIKE
    )


def lookalikes(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield all pairs of names that look alike.

    Counts of letters and words rule out most pairs, before
    :func:`looks_alike` compares the rest.

    Args:
        names (Sequence[str]): Different names.

    Yields:
        tuple[str, str]: A pair, in the order of the names.

    Examples:
        >>> list(lookalikes(['Effusion', 'Mass', 'Efusion', 'Lung mass']))
        [('Effusion', 'Efusion'), ('Mass', 'Lung mass')]
    """
    # The second "s" of a name is another element than the first.
    letters = _one_hot(
        {(letter, key[:i].count(letter)) for i, letter in enumerate(key)}
        for key in map(spelling_key, names)
    )
    words = _one_hot(set(words_of(name)) for name in names)
    num_letters, num_words = letters.sum(axis=1), words.sum(axis=1)
    for row, name in enumerate(names):
        rest = slice(row + 1, None)
        total = num_letters[rest] + num_letters[row]
        ratio = 2 * (letters[rest] @ letters[row]) / total  # `quick_ratio`
        fewer = np.minimum(num_words[rest], num_words[row])
        within = words[rest] @ words[row] == fewer
        for index in np.flatnonzero((ratio >= _ALIKE) | within).tolist():
            other = names[row + 1 + index]
            if looks_alike(name, other):
                yield name, other


def _one_hot(sets: Iterable[set[Hashable]]) -> np.ndarray:
    """Return which of N sets has which element, float64 (N, elements)."""
    rows = list(sets)
    column = {part: i for i, part in enumerate(set().union(*rows))}
    found = np.zeros((len(rows), len(column)))
    for row, parts in enumerate(rows):
        found[row, [column[part] for part in parts]] = 1
    return found
