"""The formats of an export, and the packages that they need."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec

from mmengine.utils import digit_version

#: Format -> the end of the name that is written. '' is a folder.
SUFFIXES = {
    'onnx': '.onnx',
    'torchscript': '.pt',
    'torch-export': '.pt2',
    'hf': '',
}
_ONNX = ('onnx', 'onnxscript', 'onnxruntime')
_NEEDED = {'onnx': _ONNX, 'hf': (*_ONNX, 'safetensors', 'huggingface_hub')}
#: The first torch whose exporter takes the models of the hosts.
OLDEST_TORCH = (2, 6)


def check_packages(form: str) -> None:
    """Check that the packages of a format are installed.

    Args:
        form (str): A key of :data:`SUFFIXES`.

    Raises:
        ImportError: If a package is missing, or if torch is too old. The
            message names the extra.

    Examples:
        >>> check_packages('torchscript')
    """
    # Asked without an import: `check` of the command must not load torch.
    torch = version('torch')
    # A pre-release of 2.6, as in some containers, is new enough.
    is_old = digit_version(torch)[:2] < OLDEST_TORCH
    if form != 'torchscript' and is_old:
        raise ImportError(
            f'--format {form} needs torch 2.6 or newer, found {torch}; '
            '--format torchscript works with it'
        )
    missing = [name for name in _NEEDED.get(form, ()) if not find_spec(name)]
    if missing:
        raise ImportError(
            f'--format {form} needs {", ".join(missing)}: '
            f'pip install {" ".join(missing)}'
        )
