"""Mutation score of the tests, on a random sample of small faults.

A mutant is one file of mmda with one fault, such as another operator, number
or condition. The faults come from cosmic-ray. If the tests of the folder fail
on a mutant, the mutant is killed. The tests should kill each mutant. The
script prints the score of each folder, and each mutant that survives.

Two kinds of mutants are not drawn: no test can fail on a fault in an
annotation, and each test fails on code that is no Python. The working tree is
not touched: the mutants live in a copy.

Example: ``python benchmarks/mutation.py --sample 60 --seed 0``.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

FOLDERS = {
    'structures': ('tests/test_structures',),
    'models/losses': (
        'tests/test_models/test_mean_weights.py',
        'tests/test_models/test_partial_bce_pseudo_consist_loss.py',
        'tests/test_models/test_pixel_loss.py',
        'tests/test_models/test_unannotated_as_negative_loss.py',
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
        list[Mutant]: Also those that :func:`draw` leaves out.
    """
    mutants = []
    for file in sorted((root / 'mmda' / folder).glob('*.py')):
        tree = get_ast(file.read_text())
        for name in sorted(operator_names()):
            if get_operator(name).arguments():
                continue
            operator = get_operator(name)()
            lines = [
                start[0]
                for node in ast_nodes(tree)
                for start, _ in operator.mutation_positions(node)
            ]
            path = str(file.relative_to(root))
            mutants += [
                Mutant(path, name, number, line)
                for number, line in enumerate(lines)
            ]
    return mutants


def apply(root: Path, mutant: Mutant) -> str:
    """Return the code of the mutant's file with its fault.

    Args:
        root (Path): Root of the repository.
        mutant (Mutant): The fault.

    Returns:
        str: The whole file.
    """
    operator = get_operator(mutant.operator)()
    code = (root / mutant.path).read_text()
    return mutate_code(code, operator, mutant.occurrence)


def draw(
    root: Path, mutants: list[Mutant], size: int, seed: int
) -> list[Mutant]:
    """Draw mutants that a test can tell from the code.

    Args:
        root (Path): Root of the repository.
        mutants (list[Mutant]): All mutants.
        size (int): Number of mutants to draw.
        seed (int): Seed of the draw.

    Returns:
        list[Mutant]: By path; no fault in an annotation or in the syntax.
    """
    drawn: list[Mutant] = []
    for mutant in random.Random(seed).sample(mutants, len(mutants)):
        plain = _without_annotations((root / mutant.path).read_text())
        if _without_annotations(apply(root, mutant)) not in (None, plain):
            drawn.append(mutant)
        if len(drawn) == size:
            break
    return sorted(drawn)


def run_tests(tree: Path, tests: tuple[str, ...], seconds: float) -> str:
    """Run tests, those on two ranks last, and stop at the first failure.

    Two ranks are two new processes, which take seconds to start. Most mutants
    are killed before.

    Args:
        tree (Path): The copy of the repository.
        tests (tuple[str, ...]): Files or folders, relative to the copy.
        seconds (float): A run that takes longer is ended.

    Returns:
        str: 'pass', 'fail' or 'time'.
    """
    for part in ('not two_ranks', 'two_ranks'):
        result = _run_in_a_fork(tree, ('-k', part, *tests), seconds)
        if result != 'pass':
            break
    return result


def _run_in_a_fork(
    tree: Path, arguments: tuple[str, ...], seconds: float
) -> str:
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
        os._exit(pytest.main([*options, *arguments]))
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
    # 0: all passed; 5: no test was selected.
    return 'pass' if os.waitstatus_to_exitcode(status) in (0, 5) else 'fail'


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
    code, mutated = file.read_text(), apply(tree, mutant)
    lines = zip(code.split('\n'), mutated.split('\n'), strict=False)
    changed = next((new for old, new in lines if old != new), '')
    file.write_text(mutated)
    try:
        return run_tests(tree, tests, seconds), changed.strip()
    finally:
        file.write_text(code)


def main() -> None:
    """Print the score of each folder and the mutants that survive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--root', type=Path, default=Path.cwd())
    parser.add_argument('--folders', nargs='+', default=list(FOLDERS))
    parser.add_argument('--sample', type=int, default=60, help='per folder')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--jobs', type=int, default=2)
    args = parser.parse_args()
    root = args.root.resolve()
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    for name in LOADED:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        first, *others = (Path(folder) / str(i) for i in range(args.jobs))
        first.mkdir()
        for name in COPIED:
            source = root / name
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, first / name)
        limits = {}
        for name in args.folders:
            start = time.monotonic()
            if run_tests(first, FOLDERS[name], 600) != 'pass':
                parser.error(f'the tests of {name} fail without a fault')
            limits[name] = 20 + 5 * (time.monotonic() - start)
        for tree in others:
            shutil.copytree(first, tree)
        # The runs above have written the byte code. Mutants write none: two
        # of one size within a second would pass for each other.
        sys.dont_write_bytecode = True
        os.environ['PYTHONDONTWRITEBYTECODE'] = '1'
        free = [first, *others]
        for name in args.folders:

            def result(
                mutant: Mutant,
                tests: tuple[str, ...] = FOLDERS[name],
                seconds: float = limits[name],
            ) -> tuple[str, str]:
                tree = free.pop()
                try:
                    return try_mutant(tree, mutant, tests, seconds)
                finally:
                    free.append(tree)

            mutants = find_mutants(root, name)
            drawn = draw(root, mutants, args.sample, args.seed)
            with ThreadPoolExecutor(args.jobs) as pool:
                results = list(pool.map(result, drawn))
            counts = Counter(kind for kind, _ in results)
            print(
                f'mmda/{name}: killed {len(drawn) - counts["pass"]} of '
                f'{len(drawn)} ({counts["time"]} by the time limit), drawn '
                f'from {len(mutants)} places',
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
