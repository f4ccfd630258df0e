"""Write the page and the model card of a run."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmda.evaluation.metrics.metric_keys import measure_of, title_of
from mmda.files import write_text

from .class_rows import class_rows, group_tables
from .figure import figure_uri
from .label_report_files import availability_figure, most_together
from .run_facts import RunFacts
from .run_summary import split_groups, split_metrics
from .wrong_images import PIXEL_COLORS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Reliability diagrams beside the one of all classes.
_MAX_RELIABILITY = 11
#: Classes of a heat map, and cells of a table of labels, that one can read.
_MAX_CLASSES = 60
_MAX_CONFIG = 200_000
#: Pairs of classes that occur together.
_MAX_PAIRS = 8
_TEMPLATES = Path(__file__).parent / 'templates'
# What Markdown and HTML give a meaning.
_MARKS = re.compile(r'([\\`*_{}\[\]|~#])')
_HTML = {'&': '&amp;', '<': '&lt;', '>': '&gt;'}


def write_page(facts: RunFacts, folder: str | Path) -> tuple[Path, Path]:
    """Write ``report.html`` and ``model_card.md``.

    Args:
        facts (RunFacts): The facts.
        folder (str | Path): Gets both files. Older ones are replaced.

    Returns:
        tuple[Path, Path]: The paths of the page and of the card.
    """
    page = Path(folder) / 'report.html'
    card = Path(folder) / 'model_card.md'
    shown = _what_both_show(facts)
    figures = draw_figures(facts)
    write_text(page, _render('report.html.jinja', **shown, figures=figures))
    write_text(card, _render('model_card.md.jinja', **shown))
    return page, card


def _what_both_show(facts: RunFacts) -> dict[str, Any]:
    sources, rows = class_rows(facts)
    summary = [_value(facts, facts.metrics, facts.when), _without(facts)]
    if facts.kind == 'test' and facts.best.get(facts.monitor) is not None:
        summary.append(_value(facts, facts.best, 'best validation'))
    return dict(
        facts=facts,
        measure=measure_of(facts.prefix),
        monitor=title_of(facts.monitor),
        summary=[line for line in summary if line],
        sources=sources,
        rows=rows,
        group_tables=group_tables(facts.metrics, facts.prefix),
        together=_together(facts.labels),
        config=facts.config[:_MAX_CONFIG],
        pixel_colors=PIXEL_COLORS,
        few=_few(facts),
        intervals=_intervals(facts),
    )


def _value(facts: RunFacts, metrics: dict[str, float], where: str) -> str:
    value = metrics.get(facts.monitor)
    if value is None or value != value:
        return ''
    return f'{title_of(facts.monitor)} {value:.2f} % ({where})'


def _without(facts: RunFacts) -> str:
    """Say what the mean is if it leaves out classes without training."""
    values, _ = split_metrics(facts.metrics, facts.prefix)
    known = {k: values.get(k, math.nan) for k in facts.classes}
    known = {k: v for k, v in known.items() if not math.isnan(v)}
    left_out = [name for name in known if name in facts.never_trained]
    kept = [v for name, v in known.items() if name not in left_out]
    if not left_out or not kept or facts.monitor != f'{facts.prefix}/mean':
        return ''
    return (
        f'{title_of(facts.monitor)} {sum(kept) / len(kept):.2f} % without '
        f'what was never trained: {", ".join(left_out)}'
    )


def _intervals(facts: RunFacts) -> str:
    """Say which intervals the brackets hold, and why some are missing."""
    if any(key.endswith('/bootstrap_low') for key in facts.metrics):
        return 'Brackets hold the intervals of the bootstrap over patients.'
    if not any(key.endswith('/delong_low') for key in facts.metrics):
        return ''
    return (
        "Brackets hold DeLong's intervals. A class has none if the answers "
        'separate it without an error, or if it has fewer than two positives '
        'or negatives.'
    )


def _few(facts: RunFacts) -> list[str]:
    """Name the classes whose value stands on fewer than ten images."""
    if facts.predictions is None:
        return []
    target = facts.predictions.target
    counts = np.minimum((target > 0.5).sum(0), (target <= 0.5).sum(0))
    names = facts.predictions.classes
    return [n for n, c in zip(names, counts, strict=True) if 0 < c < 10]


def _together(labels: dict | None) -> list[str]:
    """List the pairs of classes that the training images show together."""
    train = (labels or {}).get('splits', {}).get('train') or {}
    matrix = np.array(train.get('co_occurrence') or [[0]])
    classes = (labels or {}).get('classes', ())
    if matrix.shape != (len(classes), len(classes)):  # from another file
        return []
    return most_together(classes, matrix.tolist(), _MAX_PAIRS)


def draw_figures(facts: RunFacts) -> dict[str, str]:
    """Draw the figures of the page.

    Args:
        facts (RunFacts): The facts.

    Returns:
        dict[str, str]: Data URIs by name: ``labels``, ``training``,
        ``classes``, ``reliability``, ``relations`` and ``group/<grouping>``.
        A figure that has nothing to show is left out.
    """
    from .relation_figures import heat_map
    from .run_figures import class_figure, group_figure, training_figure

    draw: dict[str, Callable[[], Figure | None]] = {}
    if facts.labels and facts.labels['splits']:
        labels = facts.labels
        draw['labels'] = lambda: availability_figure(labels)
    draw['training'] = lambda: training_figure(facts.scalars, facts.monitor)
    if split_metrics(facts.metrics, facts.prefix)[0]:
        draw['classes'] = lambda: class_figure(facts.metrics, facts.prefix)
    for name in split_groups(facts.metrics, facts.prefix):
        draw[f'group/{name}'] = partial(
            group_figure, facts.metrics, facts.prefix, name
        )
    draw['reliability'] = lambda: _reliability(facts)
    similarity = facts.similarity
    if similarity is not None and 1 < len(similarity) <= _MAX_CLASSES:
        draw['relations'] = lambda: heat_map(similarity, facts.classes)
    figures = {name: make() for name, make in draw.items()}
    return {k: figure_uri(f) for k, f in figures.items() if f is not None}


def _reliability(facts: RunFacts) -> Figure | None:
    from .thresholds import reliability_figure

    found = facts.predictions
    if found is None or not np.all((found.score >= 0) & (found.score <= 1)):
        return None
    errors = {
        row.name: float(row.ece)
        for row in class_rows(facts)[1]
        if row.ece not in ('-', 'n/a')
    }
    worst = sorted(errors, key=lambda name: -errors[name])[:_MAX_RELIABILITY]
    return reliability_figure(found, worst) if worst else None


def _render(template: str, **values: Any) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Names of classes, sources and files come from others: all is escaped.
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters['md'] = markdown_text
    return environment.get_template(template).render(**values)


def markdown_text(text: Any) -> Any:
    r"""Write a text so that Markdown shows it as it is, in one line.

    Args:
        text (Any): A text from outside, such as the name of a class.

    Returns:
        Markup: The text, for a template.

    Examples:
        >>> print(markdown_text('a|b <i>_c_'))
        a\|b &lt;i&gt;\_c\_
    """
    from markupsafe import Markup

    line = _MARKS.sub(r'\\\1', ' '.join(str(text).split()))
    return Markup(re.sub('[&<>]', lambda match: _HTML[match[0]], line))
