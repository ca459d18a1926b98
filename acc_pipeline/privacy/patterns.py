"""What counts as a secret or as personal data in text: patterns that are nearly never wrong, each with its kind.

High precision is the rule, since evidence must stay what it was: a pattern that could match ordinary code is not here.
"""

import re

import msgspec

_TLD = (
    r"(?:com|org|net|edu|gov|mil|int|info|biz|io|dev|ai|app|co|me|xyz|tech|cloud|uk|de|fr|nl|it|es|eu|ch|at|be|se|no|fi"
    r"|dk|pl|cz|ru|ua|jp|cn|kr|in|au|nz|ca|us|br|mx|ar|za|il|sg|hk|tw|ie|pt|gr|tr|hu|ro)"
)


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of finding. Texts without any of `hints` (in lower case) are skipped; group 1, if any, is the secret."""

    kind: str
    regex: re.Pattern[str]
    hints: tuple[str, ...]


def _pattern(kind: str, regex: str, *hints: str, flags: int = 0) -> Pattern:
    return Pattern(kind=kind, regex=re.compile(regex, flags), hints=hints)


SECRETS: tuple[Pattern, ...] = (
    _pattern(
        "PRIVATE_KEY",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]{40,20000}?"
        r"-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
        "private key",
    ),
    _pattern("AWS_KEY", r"(?<![A-Z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Z0-9])", "akia", "asia"),
    _pattern(
        "AWS_SECRET",
        r"aws_?secret_?access_?key[\"']?\s*[=:]\s*[\"']?([A-Za-z0-9/+=]{40})(?![A-Za-z0-9/+=])",
        "secret",
        flags=re.IGNORECASE,
    ),
    _pattern(
        "GITHUB_TOKEN", r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})(?!\w)", "gh", "github_pat"
    ),
    _pattern("GITLAB_TOKEN", r"(?<!\w)glpat-[\w-]{20,64}", "glpat-"),
    _pattern(
        "API_KEY",
        r"(?<![\w-])sk-(?:proj-|svcacct-|admin-|ant-|or-)?(?=[A-Za-z_-]{0,99}\d)[A-Za-z0-9_-]{32,200}(?!\w)",
        "sk-",
    ),
    _pattern("STRIPE_KEY", r"(?<!\w)[sr]k_live_[A-Za-z0-9]{20,100}", "k_live_"),
    _pattern("SLACK_TOKEN", r"(?<!\w)xox[abposr]-[A-Za-z0-9-]{20,250}", "xox"),
    _pattern("SLACK_HOOK", r"https://hooks\.slack\.com/services/(T\w+/B\w+/\w{16,})", "hooks.slack.com"),
    _pattern("GOOGLE_KEY", r"(?<!\w)AIza[\w-]{35}(?![\w-])", "aiza"),
    _pattern("HF_TOKEN", r"(?<!\w)hf_[A-Za-z0-9]{34,}(?!\w)", "hf_"),
    _pattern("PYPI_TOKEN", r"(?<!\w)pypi-AgEI[\w-]{50,}", "pypi-agei"),
    _pattern("NPM_TOKEN", r"(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)", "npm_"),
    _pattern("JWT", r"(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}", "eyj"),
    _pattern("BEARER", r"\bBearer\s+((?=[A-Za-z._~+/-]{0,99}\d)[A-Za-z0-9._~+/-]{20,4000}=*)", "bearer"),
    _pattern(
        "URL_PASSWORD",
        r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>{}$]+:([^\s/:@\"'<>{}$]{3,})@(?=[\w.-]+)",
        "://",
    ),
    _pattern(
        "URL_TOKEN",
        r"[?&](?:access_token|api_?key|auth_?token|token|x-amz-signature|x-amz-security-token)=([\w%.~+/-]{20,})",
        "token=",
        "key=",
        "signature=",
        flags=re.IGNORECASE,
    ),
)

EMAIL = _pattern(
    "EMAIL",
    rf"(?<![\w.+/@:-])(?!git@)[A-Za-z0-9][\w.+-]{{0,63}}@(?!(?:[\w-]+\.)*(?:example|test|localhost)\.)"
    rf"(?:[A-Za-z0-9-]+\.)+{_TLD}(?![\w(\[=-]|\.\w)",
    "@",
)

HOME = _pattern(
    "USER",
    r"(?<![\w.])(?:/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})"
    r"(?!(?:user|users|ubuntu|runner|root|app|agent|openhands|jovyan|vscode|node|worker|Shared|Public|USER_\d+)\b)"
    r"([A-Za-z0-9_][\w.-]*)",
    "/home/",
    "/users/",
    "\\users\\",
)
