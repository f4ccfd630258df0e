"""Write resized copies of the images of a folder."""

from __future__ import annotations

import argparse
import inspect
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmda.apis.arguments import KeyValueAction, whole
from mmda.apis.images import list_images, walk
from mmda.hosts import quiet_imports

from .common import build_parser, check_output, run_tool, say
from .predict import SOME_BROKEN

if TYPE_CHECKING:
    from mmda.datasets.images.image_copier import ImageCopier

EXAMPLES = """\
  mmda resize data/ChestXray14 data/ChestXray14_256 --size 256 \\
      --load color_type=grayscale
  mmda resize data/hospital data/hospital_224 --size 224 224 --jobs 8
In the config, data_root is then the folder of the copies."""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Write resized copies of the images of a folder, under the same '
        'names. They load many times as fast. Other files, such as tables, '
        'become links to the originals. The same command goes on after an '
        'interruption, and renews the copies of changed images. The exit '
        f'status is {SOME_BROKEN} if some of the images cannot be read.',
        EXAMPLES,
        'resize',
    )
    add = parser.add_argument
    add('source', help='folder of the images, searched with its subfolders')
    add('target', help='folder of the copies')
    add(
        '--size',
        nargs='+',
        type=whole(1),
        required=True,
        metavar='PIXELS',
        help='length of the short edge; or height and width of all copies',
    )
    add(
        '--load',
        nargs='+',
        action=KeyValueAction,
        default={},
        metavar='KEY=VALUE',
        help='arguments of LoadMedicalImage, equal to those of the config, '
        "such as color_type=grayscale (one channel; default: the image's)",
    )
    add(
        '--interpolation',
        choices=['bilinear', 'area', 'bicubic', 'lanczos'],
        default='bilinear',
        help="'bilinear' (default) gives the values that the transforms of "
        "the hosts give; 'area' averages all pixels, so that no edge flickers",
    )
    add(
        '--jobs',
        type=whole(0),
        default=_count_cores(),
        help='number of processes (default: number of cores)',
    )
    return parser


def _count_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check(args: argparse.Namespace) -> None:
    """Check the arguments that can be checked without torch.

    Raises:
        ValueError: If there are more than two sizes.
        NotADirectoryError: If the source is no folder.
    """
    if len(args.size) > 2:
        raise ValueError(f'--size: found {args.size}, expected one or two')
    if not os.path.isdir(args.source):
        raise NotADirectoryError(f'there is no folder {args.source}')
    check_output(args.target, 'target')


def run(args: argparse.Namespace) -> None:
    """Write the copies.

    Raises:
        SystemExit: If some images cannot be read.
        ValueError: If no image can be read, or if the target is refused.
        OSError: If a copy cannot be written.
    """
    with quiet_imports():
        from mmda.datasets import LoadMedicalImage
        from mmda.datasets.images.image_copier import ImageCopier

    known = inspect.signature(LoadMedicalImage).parameters
    unknown = sorted(set(args.load) - set(known))
    if unknown:
        raise ValueError(
            f'--load: found {", ".join(unknown)}, expected some of '
            f'{", ".join(known)}'
        )
    copier = ImageCopier(
        args.source, args.target, args.size, args.interpolation, **args.load
    )
    images = [
        os.path.relpath(path, args.source) for path in list_images(args.source)
    ]
    copier.claim()
    linked, not_linked = link_others(copier, images)
    written, broken = copy_all(copier, images, args.jobs)
    if len(broken) == len(images):
        name, reason = next(iter(broken.items()))
        raise ValueError(f'{os.path.join(args.source, name)}: {reason}')
    kept = len(images) - written - len(broken)
    say(
        f'{args.target}: {written} copies written, {kept} were there, '
        f'{linked} other files linked. Use it as data_root'
    )
    if not_linked:
        link, reason = next(iter(not_linked.items()))
        say(
            f'{len(not_linked)} files are no links to the originals, such as '
            f'{link}: {reason}',
            logging.WARNING,
        )
    if broken:
        lines = '\n  '.join(
            f'{os.path.join(args.source, name)}: {reason}'
            for name, reason in broken.items()
        )
        say(
            f'{len(broken)} of {len(images)} images cannot be read. They were '
            f'copied as they are:\n  {lines}',
            logging.WARNING,
        )
        raise SystemExit(SOME_BROKEN)


def link_others(
    copier: ImageCopier, images: Sequence[str]
) -> tuple[int, dict[Path, str]]:
    """Link what is no image, so that an edited table counts at once.

    Args:
        copier (ImageCopier): Knows both folders.
        images (Sequence[str]): Paths of the images, relative to the source.

    Returns:
        tuple[int, dict[Path, str]]: Number of links, and why others cannot
        be made.
    """
    from mmda.datasets.images.image_copier import SETTINGS

    known = {*images, SETTINGS}
    made = 0
    failed = {}
    for file in walk(copier.source):
        name = str(file.relative_to(copier.source))
        if name in known or not file.is_file() or _is_hidden(name):
            continue
        try:
            _link(copier.target / name, file)
            made += 1
        except OSError as error:  # such as a disk that has no links
            failed[copier.target / name] = error.strerror or str(error)
    return made, failed


def _is_hidden(name: str) -> bool:
    return any(part.startswith('.') for part in Path(name).parts)


def _link(link: Path, file: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    text = os.path.relpath(file, link.parent.resolve())
    if link.is_symlink():
        if os.readlink(link) == text:
            return
        link.unlink(missing_ok=True)
    try:
        link.symlink_to(text)
    except FileExistsError:
        if not link.is_symlink():  # else another run has made it
            raise


def copy_all(
    copier: ImageCopier, images: Sequence[str], jobs: int
) -> tuple[int, dict[str, str]]:
    """Write all copies, in several processes.

    Args:
        copier (ImageCopier): Writes one copy.
        images (Sequence[str]): Paths relative to the source.
        jobs (int): Number of processes beside this one.

    Returns:
        tuple[int, dict[str, str]]: Number of copies that were written, and
        why images cannot be read.

    Raises:
        OSError: If a copy cannot be written.
    """
    from mmengine.utils import ProgressBar
    from torch.utils.data import DataLoader

    from mmda.datasets.images.image_copier import BrokenSourceError

    # Its processes end with this one, however it ends.
    outcomes: DataLoader = DataLoader(
        _Copies(copier, images),  # type: ignore[arg-type]
        batch_size=None,
        num_workers=min(jobs, len(images)),
        worker_init_fn=_use_one_thread,
    )
    bar = ProgressBar(len(images), file=sys.stdout)
    written = 0
    broken: dict[str, str] = {}
    step = max(1, len(images) // 1000)  # a log file keeps each state
    try:
        pairs = zip(images, outcomes, strict=True)
        for done, (name, outcome) in enumerate(pairs, 1):
            if isinstance(outcome, BrokenSourceError):
                broken[name] = str(outcome)
            elif isinstance(outcome, Exception):
                raise outcome
            else:
                written += outcome
            if done % step == 0 or done == len(images):
                bar.update(done - bar.completed)
    finally:
        bar.file.write('\n')  # an error is not in the line of the bar
    return written, broken


class _Copies:
    """A dataset whose items are made by writing a copy.

    An error is an item, because a loader would hide its type and its file.
    """

    def __init__(self, copier: ImageCopier, images: Sequence[str]) -> None:
        self.copier = copier
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> bool | Exception:
        try:
            return self.copier.copy(self.images[index])
        except Exception as error:
            return error


def _use_one_thread(_: int) -> None:
    import cv2

    cv2.setNumThreads(0)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(
        make_parser(),
        argv,
        run,
        check,
        register=False,
        resume=lambda words: shlex.join(['mmda', 'resize', *words]),
    )
