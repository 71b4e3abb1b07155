"""What holds for every test: an example of Hypothesis has no bound in time, since a machine that others use as well is no fault of the code."""

from hypothesis import settings

settings.register_profile("callguard", deadline=None)
settings.load_profile("callguard")
