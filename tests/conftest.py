"""For all tests: generated examples may take as long as a busy machine makes them."""

from hypothesis import settings

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
