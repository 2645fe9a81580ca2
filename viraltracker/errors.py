"""Every error ViralTracker raises on purpose.

ViralTrackerError
├── BadInput              what was given cannot be used; says what to change
├── ConfigurationError    settings, keys or the schema are wrong; says what to set or run
│   └── KeyExpired        a person's key has run out; their next page brings a new one
├── NotFound              a brand, job or run that does not exist or is not visible
├── Unavailable           a service did not answer; trying again later may work
│   └── RateLimited       a service asked us to wait
│       └── NotReady      what was asked for is being made; look again later
├── NeedsReauth           an access token no longer works; a person must act
├── Refused               the service or the database said no, and will again
└── Stopped               a run was asked to stop, or lost its lease

The message is written for the person who reads it: one sentence, with what to do. It never holds a secret.
The worker maps these to the run's error class (see `scheduling.retry`).
"""

from __future__ import annotations

from datetime import timedelta


class ViralTrackerError(Exception):
    """Something went wrong in ViralTracker."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])

    @property
    def message(self) -> str:
        """The sentence to show."""
        return str(self.args[0])


class BadInput(ViralTrackerError):
    """The input cannot be used as it is."""


class ConfigurationError(ViralTrackerError):
    """The configuration is incomplete or wrong."""


class KeyExpired(ConfigurationError):
    """Your sign-in has to be renewed; reload this page if that does not happen by itself."""


class NotFound(ViralTrackerError):
    """There is no such thing, or it is not yours to see."""


class Unavailable(ViralTrackerError):
    """A service did not answer; try again later."""


class RateLimited(Unavailable):
    """A service asked us to wait."""

    def __init__(self, message: str | None = None, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotReady(RateLimited):
    """What was asked for is not ready yet."""


class NeedsReauth(ViralTrackerError):
    """The ad account's access token no longer works; connect the account again."""


class Refused(ViralTrackerError):
    """The request was refused and repeating it will not help."""


class Stopped(ViralTrackerError):
    """The run was asked to stop or lost its lease."""
