"""What holds for every test: an example of Hypothesis has no bound in time, as others may use the machine as well.

So it is in CI by Hypothesis' own profile, which is built upon here: there it draws the same examples for the same commit.
"""

from hypothesis import settings

settings.register_profile("callguard", settings(), deadline=None)
settings.load_profile("callguard")
