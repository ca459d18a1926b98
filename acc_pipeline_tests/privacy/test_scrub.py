import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.privacy.scrub import Scrubber, scrub_text

# put together at run time, so that no scanner takes this file for a leak
_SECRETS = {
    "AWS_KEY": "AKIA" + "IOSFODNN7EXAMPLE",
    "GITHUB_TOKEN": "ghp" + "_" + "a1B2" * 9,
    "API_KEY": "sk-" + "proj-" + "a1B2c3D4" * 5,
    "SLACK_TOKEN": "xoxb" + "-123456789012-abcdefABCDEF",
    "GOOGLE_KEY": "AIza" + "Sy" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q",
    "HF_TOKEN": "hf" + "_" + "aBcDeFgHiJ" * 4,
    "JWT": "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "EMAIL": "ada.lovelace" + "@analytical.org",
}


@pytest.mark.parametrize("kind", sorted(_SECRETS))
def test_secrets_get_placeholders_of_their_kind(kind: str) -> None:
    secret = _SECRETS[kind]
    text, counts = scrub_text(f"before {secret} after '{secret}'")
    assert text == f"before <{kind}_1> after '<{kind}_1>'"
    assert counts == {kind: 2}


def test_only_the_secret_part_goes() -> None:
    assert (
        scrub_text("git clone https://ada:" + "hunter2" + "@host.org/x")[0]
        == "git clone https://ada:<URL_PASSWORD_1>@host.org/x"
    )
    token = "abcdef0123456789" * 2
    assert scrub_text(f"-H 'Authorization: Bearer {token}'")[0] == "-H 'Authorization: Bearer <BEARER_1>'"
    assert scrub_text(f"GET /x?api_key={token}&y=1")[0] == "GET /x?api_key=<URL_TOKEN_1>&y=1"
    assert scrub_text("scp box:/home/ada/a.py C:/Users/ada")[0] == "scp box:/home/USER_1/a.py C:/Users/USER_1"
    assert scrub_text("cat /home/ada/a.py /Users/ada/b.py")[0] == "cat /home/USER_1/a.py /Users/USER_1/b.py"


def test_private_keys_keep_their_number_of_lines() -> None:
    key = "-----BEGIN RSA " + "PRIVATE KEY-----\n" + "QUJD\n" * 20 + "-----END RSA " + "PRIVATE KEY-----"
    text = scrub_text(f"a\n{key}\nb")[0]
    assert text.count("\n") == f"a\n{key}\nb".count("\n")
    assert "QUJD" not in text


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:org/repo.git",
        "x = a@b.T  # matrix product",
        "y = w@x.shape[0]",
        "user@example.com",
        "/home/user/app/main.py and /home/ubuntu/x",
        "https://docs.example.org/project/a/",
        "https://news.org/home/markets",
        "src/home/views.py",
        "the task-sk-oriented tokens",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "postgresql://{user}:{password}@host/db",
        "self.token = get_token()",
        "@app.route('/x')",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert scrub_text(text) == (text, {})


def test_one_run_has_one_name_for_one_secret() -> None:
    scrubber = Scrubber()
    assert scrubber.scrub("a.b@corp.com c.d@corp.com") == "<EMAIL_1> <EMAIL_2>"
    assert scrubber.scrub("c.d@corp.com") == "<EMAIL_2>"


_WORDS = st.sampled_from([*_SECRETS.values(), " ", "x", "@", "/home/ada", "=", "<", ">", "://u:", "\n"])


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "start", ["", "sk-", "Bearer ", "a://", "/home/", "eyJ", "?token=", "-----BEGIN PRIVATE KEY-----"]
)
@pytest.mark.parametrize("unit", ["a", "a.", "a-", "a@", "A1", "://", "a b ", "eyJ", "\\n"])
def test_long_runs_take_no_long_time(start: str, unit: str) -> None:
    began = time.perf_counter()
    scrub_text((start + unit * 60_000 + " @ :// bearer ghp_ sk- ") * 2)
    assert time.perf_counter() - began < 3


@given(st.lists(_WORDS, max_size=12).map("".join))
def test_scrubbing_twice_is_scrubbing_once(text: str) -> None:
    once = scrub_text(text)[0]
    assert scrub_text(once)[0] == once
