"""The one error that asking a model may raise, with a code to count by and what would mend it."""


class LlmError(Exception):
    """No reply. `code` is one of those below; `retryable`: the same request may work later without being changed.

    unreachable, timeout, connection_lost, server_error, rate_limited, bad_reply: the server or the way to it.
    access_refused: key, account or model name. budget_exhausted: own limit. store_failed: own disk.
    request_refused: this very request is at fault (too long, say); the only code that is not retryable.
    """

    def __init__(self, code: str, *, detail: str, cure: str) -> None:
        super().__init__(f"{code}: {detail} ({cure})")
        self.code, self.detail, self.cure = code, detail, cure

    @property
    def retryable(self) -> bool:
        return self.code != "request_refused"

    @property
    def server_wide(self) -> bool:
        """Would any other request fail in the same way right now?"""
        return self.code not in ("request_refused", "budget_exhausted", "store_failed", "bad_reply")
