"""Property tests of this room run without a deadline: the first example of a process reads the code tables."""

from hypothesis import settings

settings.register_profile("schemas")
settings.load_profile("schemas")
