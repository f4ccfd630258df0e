"""The page of a model on the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmda.report.run_page import markdown_text

_PAGE = """
# {title}

A model for {task}, with {count} classes. mmda {version} trained it on sources
that annotate different classes.

| class | threshold | positives in training |
|---|---:|---|
{rows}

{warning}## Use it without PyTorch

`model.onnx` takes pixels and returns probabilities: {decision}. Its metadata
holds the classes, the thresholds, the normalisation and the label space.

```python
{onnx_lines}
```

Pillow cuts a grey image of 16 bits off at 255. Map such an image to 0 to 255
first. `pixel_range` in the metadata says which values are black and white.

## Use it with OpenMMLab

`model.safetensors` holds the weights, `config.json` the config{needs}.

```python
{host_lines}
```
"""

_OPEN = """\
import json
import numpy as np
import onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession('model.onnx')
metadata = session.get_modelmeta().custom_metadata_map
facts = {key: json.loads(value) for key, value in metadata.items()}
height, width = facts['input']['size']
image = Image.open('image.png').convert(facts['input']['mode'])
image = image.resize((width, height), Image.BILINEAR)
pixels = np.asarray(image, np.float32)
pixels = pixels.reshape(1, height, width, -1).transpose(0, 3, 1, 2)
(answers,) = session.run(None, {'image': pixels})
"""
_IMAGE_END = """\
for name, answer in zip(facts['classes'], answers[0]):
    print(name, answer, answer >= facts['thresholds'][name])"""
_PIXEL_END = """\
labels = answers[0].argmax(0)  # (height, width), positions in the classes
# No class where the best answer is below the threshold, equal for all classes.
threshold = facts['thresholds'][facts['classes'][0]]
labels[answers[0].max(0) < threshold] = 255
for index, name in enumerate(facts['classes']):
    print(name, (labels == index).mean())"""

_HOST = """\
import json
{imports}from mmengine.config import ConfigDict
from mmengine.registry import MODELS, init_default_scope
from safetensors.torch import load_file

config = ConfigDict(json.load(open('config.json'))['openmmlab'])
init_default_scope(config.default_scope)
model = MODELS.build(config.model).eval()
model.load_state_dict(load_file('model.safetensors'))"""


def onnx_lines(is_segmentor: bool) -> str:
    """Return a program that runs an ONNX file on an image.

    Args:
        is_segmentor (bool): Whether the model is a segmentor.

    Returns:
        str: Lines of Python that need numpy, onnxruntime and Pillow.
    """
    return _OPEN + (_PIXEL_END if is_segmentor else _IMAGE_END)


def model_card(
    title: str, facts: Mapping[str, Any], scope: str, needs_mmda: bool
) -> str:
    """Write the page of a model.

    Args:
        title (str): Its first line.
        facts (Mapping[str, Any]): What the file says about the model.
        scope (str): The host: 'mmpretrain' or 'mmseg'.
        needs_mmda (bool): Whether a part of the model is a part of mmda.

    Returns:
        str: Markdown, with the metadata that the Hub reads.
    """
    from huggingface_hub import ModelCard, ModelCardData

    is_segmentor = 'segmentation' in facts['task']
    kind = 'segmentation' if is_segmentor else 'classification'
    data = ModelCardData(
        library_name='mmda' if needs_mmda else scope,
        pipeline_tag=f'image-{kind}',
        tags=['mmda', 'openmmlab', 'onnx', 'partial-labels'],
    )
    untrained = ', '.join(map(markdown_text, facts['untrained']))
    page = _PAGE.format(
        title=markdown_text(title),
        task=facts['task'],
        count=len(facts['classes']),
        version=facts['mmda_version'],
        rows='\n'.join(_row(facts, name) for name in facts['classes']),
        warning=f'No source has a positive of: {untrained}. The answers about '
        'these classes mean nothing.\n\n'
        if untrained
        else '',
        decision=facts['output']['decision'],
        onnx_lines=onnx_lines(is_segmentor),
        needs=', and mmda has to be installed' if needs_mmda else '',
        host_lines=_HOST.format(imports='import mmda\n' * needs_mmda),
    )
    return str(ModelCard(f'---\n{data.to_yaml()}\n---\n{page}'))


def _row(facts: Mapping[str, Any], name: str) -> str:
    counts = [
        f'{markdown_text(source)}: {entry["positives"][name]}'
        for source, entry in facts['sources'].items()
        if name in (entry['positives'] or {})
    ]
    threshold = facts['thresholds'][name]
    return f'| {markdown_text(name)} | {threshold:.3g} | {"; ".join(counts)} |'
