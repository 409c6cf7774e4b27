import importlib.util
import sys
from pathlib import Path

import pytest


def _load(name):
    spec = importlib.util.spec_from_file_location(f"matching_{name}", Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def city():
    return _load("city")


@pytest.fixture(scope="session")
def trade_register():
    return _load("trade_register")


@pytest.fixture(scope="session")
def town(city):
    """3,000 persons in five departments, with the truth."""
    return city.drops(3000, 11, city.Rates())
