import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh-golden", action="store_true", help="write the expected export anew; read the diff")


@pytest.fixture
def refresh_golden(request: pytest.FixtureRequest) -> bool:
    """Whether the expected export is to be written instead of compared."""
    return bool(request.config.getoption("--refresh-golden", default=False))
