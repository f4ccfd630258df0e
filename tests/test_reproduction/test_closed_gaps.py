"""The figure of closed gaps, and the files that it reads."""

import dataclasses
import math

import pytest
from reproduction import closed_gaps
from reproduction.closed_gaps import draw_closed_gaps, main, read_gaps
from reproduction.gap import ClosedGap, gaps_to_csv

BOTH = ClosedGap(
    *('toy', 'A toy', 'both views', 'n = 5'), 3, 2.0, 1.0, 0.04, 50, 20, 90
)
NONE = ClosedGap(
    *('toy', 'A toy', 'one view', 'n = 5'), 3, 0.1, 1.0, 0.04, *[math.nan] * 3
)


def write(folder, *gaps):
    path = folder / 'table_gaps.csv'
    path.write_text(gaps_to_csv(gaps))
    return path


@pytest.fixture
def draw(tmp_path, monkeypatch):
    """Draw gaps; return the axes."""
    drawn = []
    monkeypatch.setattr(
        closed_gaps, 'save_figure', lambda figure, _: drawn.append(figure)
    )

    def run(*gaps):
        draw_closed_gaps(read_gaps([write(tmp_path, *gaps)]), None)
        (axes,) = drawn.pop().axes
        return axes

    return run


def test_a_line_shows_the_closed_part_and_the_interval(draw):
    axes = draw(BOTH, NONE)
    lines = [line.get_xdata() for line in axes.lines[2:]]  # after 0 and 100
    assert [list(line) for line in lines] == [[20, 90], [50]]
    assert [text.get_text().strip() for text in axes.texts] == [
        '+1.0 of 2.0 points',
        'no significant gap',
    ]


def test_the_command_writes_a_figure_from_several_tables(tmp_path, capsys):
    other = tmp_path / 'other'
    other.mkdir()
    files = [write(tmp_path, BOTH), write(other, NONE)]
    out = tmp_path / 'figure.png'
    main([*map(str, files), '--out', str(out)])
    assert out.is_file() and out.with_suffix('.pdf').is_file()
    assert '2 gaps' in capsys.readouterr().out


def test_a_file_of_another_kind_is_refused_by_name(tmp_path):
    path = tmp_path / 'table.csv'
    path.write_text('part,mean\ntoy,1\n')
    with pytest.raises(ValueError, match='table.csv: no column.*closed'):
        read_gaps([path])
    with pytest.raises(FileNotFoundError, match='missing.csv'):
        read_gaps([tmp_path / 'missing.csv'])


@pytest.mark.parametrize('content', [b'', b'\x89PNG\xff', None])
def test_a_file_that_cannot_be_read_is_named(content, tmp_path):
    path = write(tmp_path, BOTH)
    if content is None:
        content = path.read_bytes().replace(b'50', b'50 %')
    path.write_bytes(content)
    with pytest.raises(ValueError, match='table_gaps.csv: '):
        read_gaps([path])


def test_a_part_may_have_a_number_for_a_title(tmp_path):
    numbered = dataclasses.replace(NONE, part='12', title='12')
    assert read_gaps([write(tmp_path, numbered)]).label[0] == '12\nn = 5'


def test_a_long_interval_is_cut_off_but_no_part(draw):
    long = dataclasses.replace(BOTH, low=-3000, high=4000)
    assert draw(long).get_xlim() == (-50, 200)
    far = dataclasses.replace(long, closed=250)
    assert draw(far).get_xlim() == (-50, 260)
