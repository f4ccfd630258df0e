"""Channels last: the same network, another order in memory."""

from types import SimpleNamespace

import torch
from mmpretrain.models.backbones import ResNet_CIFAR

from mmda.engine import ChannelsLastHook


def backbone():
    torch.manual_seed(0)
    return ResNet_CIFAR(depth=18, stem_channels=8, base_channels=8)


def test_features_follow_the_weights_and_keep_their_values():
    plain, moved = backbone(), backbone()
    ChannelsLastHook().before_run(SimpleNamespace(model=moved))
    # Weights that are loaded afterwards keep the order of the hook.
    moved.load_state_dict(plain.state_dict())
    images = torch.randn(4, 3, 32, 32)
    (expected,), (found,) = plain(images), moved(images)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert not expected.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    found.sum().backward()
    gradient = moved.layer4[1].conv1.weight.grad
    assert gradient.is_contiguous(memory_format=torch.channels_last)
