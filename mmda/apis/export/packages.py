"""The formats of an export, and the packages that they need."""

from __future__ import annotations

from importlib.util import find_spec

#: Format -> the end of the name that is written. '' is a folder.
SUFFIXES = {
    'onnx': '.onnx',
    'torchscript': '.pt',
    'torch-export': '.pt2',
    'hf': '',
}
_ONNX = ('onnx', 'onnxscript', 'onnxruntime')
_NEEDED = {'onnx': _ONNX, 'hf': (*_ONNX, 'safetensors', 'huggingface_hub')}


def check_packages(form: str) -> None:
    """Check that the packages of a format are installed.

    Args:
        form (str): A key of :data:`SUFFIXES`.

    Raises:
        ImportError: If a package is missing. The message names the extra.

    Examples:
        >>> check_packages('torchscript')
    """
    missing = [name for name in _NEEDED.get(form, ()) if not find_spec(name)]
    if missing:
        raise ImportError(
            f'--format {form} needs {", ".join(missing)}: '
            "pip install 'mmda[export]'"
        )
