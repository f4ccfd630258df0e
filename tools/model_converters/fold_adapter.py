"""Fold the dynamic adapter of a checkpoint into a plain linear layer.

Example:
    python tools/model_converters/fold_adapter.py \
        work_dirs/digits/best_auc_mean_epoch_7.pth folded/digits.pth

writes ``folded/digits.pth`` and ``folded/digits.py``: stock mmpretrain parts,
loadable without mmda, with the same answers.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from mmengine.runner import CheckpointLoader

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'mmda' / 'version.py').is_file():
    # In a source checkout: its own package, installed or not.
    sys.path.insert(0, str(ROOT))

from mmda.apis.fold import fold_checkpoint  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('checkpoint', type=Path, help='of tools/train.py')
    parser.add_argument('out', type=Path, help='.pth file to write')
    args = parser.parse_args()
    if not args.checkpoint.is_file():
        parser.error(f'there is no checkpoint {args.checkpoint}')
    if args.out.suffix != '.pth':
        parser.error(f'out should end in .pth, found {args.out}')
    return args


def main() -> None:
    """Write the folded checkpoint and its config."""
    args = parse_args()
    checkpoint = CheckpointLoader.load_checkpoint(
        str(args.checkpoint), map_location='cpu'
    )
    config, folded = fold_checkpoint(checkpoint)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(folded, args.out)
    config.dump(args.out.with_suffix('.py'))
    print(f'wrote {args.out} and {args.out.with_suffix(".py")}')


if __name__ == '__main__':
    main()
