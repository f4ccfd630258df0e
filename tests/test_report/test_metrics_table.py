"""The table of a run, with intervals and the further means."""

from mmda.report.run_summary import (
    metrics_table,
    split_intervals,
    split_metrics,
)

METRICS = {
    'auc/mean': 80.0,
    'auc/mean/bootstrap_low': 75.0,
    'auc/mean/bootstrap_high': 85.0,
    'auc/mean_shared': 82.0,
    'auc/num_classes': 2,
    'auc/a': 82.0,
    'auc/a/delong_low': 81.0,
    'auc/a/delong_high': 83.0,
    'auc/a/bootstrap_low': 78.0,
    'auc/a/bootstrap_high': 86.0,
    'auc/b': 78.0,
    'auc/b/delong_low': float('nan'),
    'auc/b/delong_high': float('nan'),
    'auc/A/mean': 70.0,
    'auc/A/a': 70.0,
    'auc/A/a/delong_low': 60.0,
    'auc/A/a/delong_high': 80.0,
    'auc/B/mean': 60.0,
    'auc/B/b': 60.0,
    'val/auc/a': 1.0,
}


def test_intervals_are_no_classes():
    overall, per_source = split_metrics(METRICS, 'auc')
    assert overall == {'mean': 80, 'mean_shared': 82, 'a': 82, 'b': 78}
    assert per_source == {
        'A': {'mean': 70.0, 'a': 70.0},
        'B': {'mean': 60.0, 'b': 60.0},
    }


def test_the_bootstrap_is_preferred_and_undefined_intervals_are_left_out():
    assert split_intervals(METRICS, 'auc') == {
        'mean': (75.0, 85.0),
        'a': (78.0, 86.0),
        'A/a': (60.0, 80.0),
    }


def test_the_table_shows_intervals_and_puts_means_last():
    lines = metrics_table(METRICS, 'auc').splitlines()
    rows = [line.split('|')[1].strip() for line in lines if '|' in line]
    assert rows == ['class', 'a', 'b', 'mean', 'mean_shared']
    text = '\n'.join(lines)
    assert '82.00 [78.00, 86.00]' in text and '70.00 [60.00, 80.00]' in text
    assert '80.00 [75.00, 85.00]' in text


def test_a_source_may_have_the_name_of_a_column():
    metrics = {
        **{'auc/a': 1.0, 'auc/all/a': 2.0, 'auc/class/a': 3.0},
        **{'auc/all/mean': 2.0, 'auc/class/mean': 3.0, 'auc/mean': 1.0},
    }
    table = metrics_table(metrics, 'auc').splitlines()
    head, row = (
        [cell.strip() for cell in table[i].split('|')] for i in (1, 3)
    )
    assert head[1:-1] == ['class', 'all', 'all (source)', 'class (source)']
    assert row[1:-1] == ['a', '1.00', '2.00', '3.00']
