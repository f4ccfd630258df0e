"""Mutation score of the tests, on a random sample of small faults.

A mutant is one file of mmda with one fault: an operator, a number or a
condition is another one. The operators are those of cosmic-ray. The tests of
the folder should fail on each mutant: then the mutant is killed. The script
prints the score of each folder, and each mutant that survives.

Two kinds of mutants are not drawn: no test can fail on a fault in an
annotation, and each test fails on code that is no Python. The working tree is
not touched: the mutants live in a copy.

Example: ``python benchmarks/mutation.py --sample 100 --seed 0``.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

FOLDERS = {
    'structures': ('tests/test_structures',),
    'models/losses': (
        'tests/test_models/test_masked_mean.py',
        'tests/test_models/test_partial_bce_pseudo_consist_loss.py',
        'tests/test_models/test_pixel_loss.py',
    ),
    'evaluation/functional': (
        'tests/test_evaluation/test_functional',
        'tests/test_evaluation',
        'tests/test_report/test_thresholds.py',
    ),
}
COPIED = (
    'configs',
    'mmda',
    'mmda_cli.py',
    'pyproject.toml',
    'tests',
    'tools',
)
# Loaded once, before the tests of each mutant start as a fork.
LOADED = (
    'kornia.augmentation',
    'mmpretrain.models',
    'mmseg.models',
    'pandas',
    'pytest',
    'scipy.stats',
    'sklearn.metrics',
    'torch',
)


class Mutant(NamedTuple):
    """One fault in one file.

    Attributes:
        path (str): The file, relative to the root of the repository.
        operator (str): The operator's name in cosmic-ray.
        occurrence (int): Which of the places of the operator, from 0.
        line (int): The line of the fault, from 1.
    """

    path: str
    operator: str
    occurrence: int
    line: int


def _without_annotations(code: str) -> str | None:
    """Return the syntax tree as text, or None for code that is no Python."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        for name in ('annotation', 'returns'):
            if getattr(node, name, None) is not None:
                setattr(node, name, ast.Constant(None))
    return ast.dump(tree)


def find_mutants(root: Path, folder: str) -> list[Mutant]:
    """List all mutants of the files of a folder of mmda, in a fixed order.

    Args:
        root (Path): Root of the repository.
        folder (str): The folder, relative to ``mmda``.

    Returns:
        list[Mutant]: Without faults in annotations and in the syntax.
    """
    mutants = []
    for file in sorted((root / 'mmda' / folder).glob('*.py')):
        code = file.read_text()
        plain = _without_annotations(code)
        path = str(file.relative_to(root))
        for name in sorted(operator_names()):
            if get_operator(name).arguments():
                continue
            operator = get_operator(name)()
            places = [
                start
                for node in ast_nodes(get_ast(code))
                for start, _ in operator.mutation_positions(node)
            ]
            for number, (line, _) in enumerate(places):
                mutated = mutate_code(code, operator, number)
                if _without_annotations(mutated) not in (None, plain):
                    mutants.append(Mutant(path, name, number, line))
    return mutants


def run_tests(tree: Path, tests: tuple[str, ...], seconds: float) -> str:
    """Run tests in a fork of this process, stop at the first failure.

    Args:
        tree (Path): The copy of the repository.
        tests (tuple[str, ...]): Files or folders, relative to the copy.
        seconds (float): A run that takes longer is ended.

    Returns:
        str: 'pass', 'fail' or 'time'.
    """
    child = os.fork()
    if not child:
        os.setsid()
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        pytest = importlib.import_module('pytest')
        options = ['-x', '-q', '-p', 'no:cacheprovider']
        os._exit(pytest.main([*options, *tests]))
    end = time.monotonic() + seconds
    done, status = os.waitpid(child, os.WNOHANG)
    while not done and time.monotonic() < end:
        time.sleep(0.05)
        done, status = os.waitpid(child, os.WNOHANG)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if not done:
        os.waitpid(child, 0)
        return 'time'
    return 'fail' if os.waitstatus_to_exitcode(status) else 'pass'


def try_mutant(
    tree: Path, mutant: Mutant, tests: tuple[str, ...], seconds: float
) -> tuple[str, str]:
    """Write a mutant to the copy, run the tests, and take the fault back.

    Args:
        tree (Path): The copy of the repository.
        mutant (Mutant): The fault.
        tests (tuple[str, ...]): Files or folders, relative to the copy.
        seconds (float): A run that takes longer is ended.

    Returns:
        tuple[str, str]: Result of the tests, and the line with its fault.
    """
    file = tree / mutant.path
    code = file.read_text()
    operator = get_operator(mutant.operator)()
    mutated = mutate_code(code, operator, mutant.occurrence)
    lines = zip(code.split('\n'), mutated.split('\n'), strict=False)
    changed = next((new for old, new in lines if old != new), '')
    file.write_text(mutated)
    try:
        return run_tests(tree, tests, seconds), changed.strip()
    finally:
        file.write_text(code)


def _trees(root: Path, folder: str, num: int) -> Iterator[Path]:
    for number in range(num):
        tree = Path(folder) / str(number)
        tree.mkdir()
        for name in COPIED:
            source = root / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, tree / name)
        yield tree


def main() -> None:
    """Print the score of each folder and the mutants that survive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--root', type=Path, default=Path.cwd())
    parser.add_argument('--folders', nargs='+', default=list(FOLDERS))
    parser.add_argument('--sample', type=int, default=100, help='per folder')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--jobs', type=int, default=2)
    args = parser.parse_args()
    root = args.root.resolve()
    os.environ['PYTHONDONTWRITEBYTECODE'] = '1'
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    sys.dont_write_bytecode = True
    for name in LOADED:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        free = list(_trees(root, folder, args.jobs))
        for name in args.folders:
            tests = FOLDERS[name]
            start = time.monotonic()
            if run_tests(free[0], tests, 600) != 'pass':
                parser.error(f'the tests of {name} fail without a fault')
            seconds = 20 + 5 * (time.monotonic() - start)

            def result(
                mutant: Mutant,
                tests: tuple[str, ...] = tests,
                seconds: float = seconds,
            ) -> tuple[str, str]:
                tree = free.pop()
                try:
                    return try_mutant(tree, mutant, tests, seconds)
                finally:
                    free.append(tree)

            mutants = find_mutants(root, name)
            size = min(args.sample, len(mutants))
            drawn = sorted(random.Random(args.seed).sample(mutants, size))
            with ThreadPoolExecutor(args.jobs) as pool:
                results = list(pool.map(result, drawn))
            counts = Counter(kind for kind, _ in results)
            print(
                f'mmda/{name}: killed {size - counts["pass"]} of {size} '
                f'({counts["time"]} by the time limit), drawn from '
                f'{len(mutants)} mutants',
                flush=True,
            )
            for mutant, (kind, changed) in zip(drawn, results, strict=True):
                if kind != 'fail':
                    print(
                        f'  {kind}: {mutant.path}:{mutant.line} '
                        f'{mutant.operator}: {changed}',
                        flush=True,
                    )


if __name__ == '__main__':
    main()
