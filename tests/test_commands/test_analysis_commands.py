"""Every tool explains itself with an example."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from mmda.commands import predict

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    'class_relations',
    'compare_runs',
    'gain_vs_similarity',
    'label_report',
    'thresholds',
)


def command(name):
    return importlib.import_module(f'mmda.commands.{name}')


@pytest.mark.parametrize('name', NAMES)
def test_help_shows_an_example_of_the_tool(name):
    text = command(name).make_parser().format_help()
    assert f'python tools/analysis_tools/{name}.py' in text
    script = (ROOT / 'tools/analysis_tools' / f'{name}.py').read_text()
    assert f'mmda.commands.{name} import main' in script


def test_help_of_predict_shows_an_example():
    text = predict.make_parser().format_help()
    assert 'python tools/predict.py configs/da/digits.py' in text


def test_a_tool_runs_from_another_folder_without_installation(tmp_path):
    table = tmp_path / 'gains.csv'
    table.write_text('class,gain,similarity\na,1,0.1\nb,2,0.3\nc,4,0.4\n')
    script = ROOT / 'tools/analysis_tools/gain_vs_similarity.py'
    done = subprocess.run(
        [sys.executable, str(script), str(table)],
        cwd=tmp_path,
        env={'PATH': '/usr/bin:/bin', 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert 'r = 0.929' in done.stdout  # 13 / 14
    assert (tmp_path / 'gain_vs_similarity/gain_vs_similarity.pdf').is_file()
