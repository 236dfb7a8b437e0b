import importlib
import pkgutil

import blocker


def test_public_names_are_true_and_sorted() -> None:
    names = [m.name for m in pkgutil.iter_modules(blocker.__path__)]
    modules = [blocker, *(importlib.import_module(f"blocker.{name}") for name in names)]
    for module in modules:
        assert sorted(module.__all__, key=lambda n: (not n.isupper(), n)) == module.__all__ or (
            sorted(module.__all__) == module.__all__
        ), module.__name__
        for name in module.__all__:
            assert hasattr(module, name), f"{module.__name__}.{name}"
