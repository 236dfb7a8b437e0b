import importlib
import pkgutil
from types import ModuleType

import pytest

import agents


@pytest.mark.parametrize(
    "module",
    [
        agents,
        *(
            importlib.import_module(f"agents.{m.name}")
            for m in pkgutil.iter_modules(agents.__path__)
        ),
    ],
    ids=lambda module: module.__name__,
)
def test_what_a_module_offers_is_there_once(module: ModuleType) -> None:
    assert len(set(module.__all__)) == len(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)
