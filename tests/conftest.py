"""Settings of every test."""

from hypothesis import HealthCheck, settings

# A busy machine makes no property false; a test that is about time says its own deadline.
settings.register_profile("orch", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("orch")
