"""What a failed request means: its code, whether it may have been billed, and how long to wait before the next.

Reads the exceptions of the `openai` client; it waits for nothing itself.
"""

import email.utils
import time
from collections.abc import Mapping

from msgspec import Struct

from acc_pipeline.llm.errors import LlmError


class Failure(Struct, frozen=True, kw_only=True):
    """`again`: another try may work now; `billed`: the server may have charged; `wait`: seconds it asked for."""

    error: LlmError
    again: bool
    billed: bool
    wait: float | None = None


def read_failure(error: Exception, *, base_url: str, model: str) -> Failure:
    """`error` is an openai.OpenAIError, a TimeoutError or a BadReply; anything else is raised again."""
    import openai

    from acc_pipeline.llm.reply import BadReply

    if isinstance(error, BadReply):
        cure = "look whether base_url points at a chat completions API"
        return Failure(error=LlmError("bad_reply", detail=str(error), cure=cure), again=True, billed=True)
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        sent = not _before_sending(error)
        code = "timeout" if sent else "unreachable"
        detail = f"{base_url} did not answer in time"
        return Failure(error=LlmError(code, detail=detail, cure="raise the timeout, or rerun"), again=True, billed=sent)
    if isinstance(error, openai.APIStatusError):
        return _status(error, base_url=base_url, model=model)
    if isinstance(error, openai.APIConnectionError):
        if _before_sending(error):
            detail = f"nothing answers at {base_url}: {error.__cause__}"
            cure = "start the server or correct base_url, then rerun"
            return Failure(error=LlmError("unreachable", detail=detail, cure=cure), again=True, billed=False)
        detail = f"{base_url} closed the connection before its reply was whole: {error.__cause__}"
        lost = LlmError("connection_lost", detail=detail, cure="rerun when the server is well")
        return Failure(error=lost, again=True, billed=True)
    raise error


def _before_sending(error: Exception) -> bool:
    # The HTTP library's names tell a failed connect from a failure on a connection that carried the request.
    return type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol")


def _status(error: Exception, *, base_url: str, model: str) -> Failure:
    status: int = getattr(error, "status_code", 0)
    body = getattr(error, "body", None)
    code = str(body.get("code") or body.get("type") or "") if isinstance(body, dict) else ""
    detail = f"{base_url} answered {status} for model {model!r}: {str(error)[:300]}"
    if status == 429 and "quota" in code:
        cure = "top up the account, then rerun"
        return Failure(error=LlmError("access_refused", detail=detail, cure=cure), again=False, billed=False)
    if status == 429:
        wait = retry_after(getattr(getattr(error, "response", None), "headers", {}), now=time.time())
        limited = LlmError("rate_limited", detail=detail, cure="ask less at once, or rerun later")
        return Failure(error=limited, again=True, billed=False, wait=wait)
    if status in (401, 402, 403, 404, 405):
        cure = "correct the API key, the model name or base_url, then rerun"
        return Failure(error=LlmError("access_refused", detail=detail, cure=cure), again=False, billed=False)
    if status >= 500 or status in (408, 409, 425):
        wait = retry_after(getattr(getattr(error, "response", None), "headers", {}), now=time.time())
        broken = LlmError("server_error", detail=detail, cure="rerun when the server is well")
        return Failure(error=broken, again=True, billed=False, wait=wait)
    cure = "this request cannot be served as it is: shorten the context, or correct the sampling settings"
    return Failure(error=LlmError("request_refused", detail=detail, cure=cure), again=False, billed=False)


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds to wait by `retry-after-ms` or `Retry-After` (seconds or an HTTP date); None when neither is readable."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after", "")
        if not value:
            return None
        if value.replace(".", "", 1).isdigit():
            return float(value)
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError):
        return None
