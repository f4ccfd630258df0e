"""What importing metrics and reports loads."""

import subprocess
import sys

HEAVY = ('matplotlib', 'mmseg', 'pandas', 'prettytable', 'scipy', 'sklearn')


def loaded_by(statement):
    """Run a statement in a new process, with an empty package mmda."""
    code = (
        'import sys, types\n'
        'package = types.ModuleType("mmda")\n'
        'package.__path__ = ["mmda"]\n'
        'sys.modules["mmda"] = package\n'
        f'{statement}\n'
        f'print([name for name in {HEAVY} if name in sys.modules])'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_metrics_and_hooks_load_no_library_that_a_config_may_not_need():
    assert loaded_by('import mmda.evaluation, mmda.report.hooks') == '[]'


def test_reports_load_no_library_for_plots_or_tables():
    modules = ('figure', 'run_summary', 'comparison_report', 'thresholds')
    names = ', '.join(f'mmda.report.{name}' for name in modules)
    found = loaded_by(f'import {names}')
    assert 'matplotlib' not in found and 'pandas' not in found
    assert 'sklearn' not in found
