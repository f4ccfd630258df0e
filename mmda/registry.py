"""The scope ``mmda`` of the registries.

mmengine writes the scope of its package into each part that a config inherits,
so ``_base_ = 'mmda::da/digits.py'`` gives parts of the scope ``mmda``. A user
may write it too: ``type='mmda.DynamicAdapterHead'``.
"""

from __future__ import annotations

from typing import Any

import mmengine.registry
from mmengine.registry import DefaultScope, Registry

HOSTS = ('mmpretrain', 'mmseg')


class HostRegistry(Registry):
    """Find a component in the registry of the host that a config uses.

    The components of mmda are registered with the hosts, and a config of mmda
    has stock components too. So this registry holds nothing. It looks into
    the host of the scope that was set before ``mmda``, which is the
    ``default_scope`` of the config.
    """

    def get(self, key: str) -> Any:
        """Find a component.

        Args:
            key (str): A name, with or without a scope.

        Returns:
            Any: The component, or None.
        """
        assert self.parent is not None
        found = None
        for host in _host_scopes():
            with self.parent.switch_scope_and_registry(host) as registry:
                found = registry.get(key.removeprefix('mmda.'))
            if found is not None:
                break
        return found


def _host_scopes() -> tuple[str, ...]:
    """Return the scope below ``mmda``, or both hosts where there is none."""
    # mmengine has no public name for the scopes below the current one.
    scopes = [s.scope_name for s in DefaultScope._instance_dict.values()]
    others = [scope for scope in scopes if scope != 'mmda']
    return tuple(others[-1:]) or HOSTS


for root in list(vars(mmengine.registry).values()):
    if isinstance(root, Registry) and root.parent is None:
        HostRegistry(root.name, parent=root, scope='mmda')
