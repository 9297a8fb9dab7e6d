"""The passphrase, the tokens it is exchanged for, and what the command line makes of ``--share``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from byol_core import sharing
from byol_core.cli import dashboard
from byol_core.cli.dashboard import dashboard_command
from byol_core.errors import InputError

WORD = "blue-whale-42"


class Clock:
    """A clock that goes when it is told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def hashed() -> str:
    return sharing.hash_passphrase(WORD)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> sharing.TokenStore:
    return sharing.TokenStore(clock)


def refused(tokens: sharing.TokenStore, hashed: str, word: str = "something else") -> str:
    with pytest.raises(InputError) as caught:
        tokens.issue(word, hashed)
    return str(caught.value)


def test_a_hash_matches_only_its_passphrase_and_does_not_hold_it(hashed: str) -> None:
    assert sharing.matches(WORD, hashed) and sharing.usable(hashed)
    assert not sharing.matches(WORD + " ", hashed)
    assert WORD not in hashed
    assert sharing.hash_passphrase(WORD) != hashed


@pytest.mark.parametrize("broken", ["", "scrypt", "scrypt:15:a:b", "scrypt:x:AA==:AA==", "md5:15:AA==:AA==", ":::"])
def test_a_broken_hash_lets_nobody_in(broken: str) -> None:
    assert not sharing.matches("", broken)
    assert not sharing.matches(WORD, broken)


def test_a_hash_without_a_key_lets_nobody_in(hashed: str) -> None:
    assert not sharing.matches(WORD, hashed.rpartition(":")[0] + ":")


@pytest.mark.parametrize("word", ["", "short", "x" * 300])
def test_a_passphrase_has_a_length(word: str) -> None:
    with pytest.raises(InputError, match="10 to 256 characters"):
        sharing.hash_passphrase(word)


def test_a_made_passphrase_is_long_and_another_each_time() -> None:
    made = {sharing.make_passphrase() for _ in range(50)}
    assert len(made) == 50
    assert all(len(word) == 19 for word in made)


def test_a_token_is_known_until_it_is_given_back(tokens: sharing.TokenStore, hashed: str) -> None:
    token = tokens.issue(WORD, hashed)
    assert tokens.is_valid(token) and not tokens.is_valid(token + "x") and not tokens.is_valid("")
    tokens.revoke(token)
    assert not tokens.is_valid(token)


def test_a_browser_gives_all_its_tokens_back_together(tokens: sharing.TokenStore, hashed: str) -> None:
    given = [tokens.issue(WORD, hashed, browser) for browser in ("mine", "mine", "another", "", "")]
    tokens.revoke(given[0])
    tokens.revoke(given[3])
    assert [tokens.is_valid(token) for token in given] == [False, False, True, False, True]


def test_a_token_is_good_for_twelve_hours(tokens: sharing.TokenStore, clock: Clock, hashed: str) -> None:
    token = tokens.issue(WORD, hashed)
    clock.now += 12 * 3600 - 1
    assert tokens.is_valid(token)
    clock.now += 1
    assert not tokens.is_valid(token)


def test_wrong_passphrases_from_anyone_wait_longer_and_longer(
    tokens: sharing.TokenStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LOG_COST", 10)
    cheap = sharing.hash_passphrase(WORD)
    for _ in range(sharing.FREE_TRIES):
        assert refused(tokens, cheap) == "That is not the passphrase."
    assert "try again in 1 s" in refused(tokens, cheap)
    waits = []
    for _ in range(9):
        clock.now = tokens._next
        assert refused(tokens, cheap) == "That is not the passphrase."
        waits.append(tokens._next - clock.now)
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_the_right_passphrase_waits_too_and_then_resets_the_wait(
    tokens: sharing.TokenStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LOG_COST", 10)
    cheap = sharing.hash_passphrase(WORD)
    for _ in range(sharing.FREE_TRIES):
        refused(tokens, cheap)
    assert "Too many wrong passphrases" in refused(tokens, cheap, WORD)
    clock.now += 1
    assert tokens.is_valid(tokens.issue(WORD, cheap))
    assert refused(tokens, cheap) == "That is not the passphrase."


def test_a_token_belongs_to_the_browser_that_it_was_given_to(tokens: sharing.TokenStore, hashed: str) -> None:
    token = tokens.issue(WORD, hashed, "mine")
    assert tokens.belongs(token, "mine") and not tokens.belongs(token, "another") and not tokens.belongs(token, "")


def test_tokens_do_not_pile_up(tokens: sharing.TokenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "LOG_COST", 10)
    monkeypatch.setattr(sharing, "MOST_TOKENS", 3)
    cheap = sharing.hash_passphrase(WORD)
    given = [tokens.issue(WORD, cheap) for _ in range(5)]
    assert [tokens.is_valid(token) for token in given] == [False, False, True, True, True]


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.3.4.5", "::1", "[::1]"])
def test_loopback_addresses_are_known(address: str) -> None:
    assert sharing.is_loopback(address)


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.168.1.5", "lab.example", "localhost.evil.example"])
def test_all_other_addresses_are_open(address: str | None) -> None:
    assert not sharing.is_loopback(address)


@pytest.mark.parametrize(
    ("cards", "outgoing", "found"),
    [
        ([("lo", "127.0.0.1"), ("eth0", "192.168.1.5")], "192.168.1.5", ["192.168.1.5"]),
        ([("docker0", "172.17.0.1"), ("wlan0", "192.168.1.5")], "192.168.1.5", ["192.168.1.5", "172.17.0.1"]),
        # A tunnel takes all that goes to the internet, and no phone in the room is in it.
        ([("tun0", "10.8.0.2"), ("wlp3s0", "192.168.1.5")], "10.8.0.2", ["192.168.1.5", "10.8.0.2"]),
        ([("utun4", "100.64.0.1"), ("en0", "10.0.0.7")], "100.64.0.1", ["10.0.0.7", "100.64.0.1"]),
        ([("vEthernet (WSL)", "172.20.0.1"), ("Wi-Fi", "192.168.0.9")], "", ["192.168.0.9", "172.20.0.1"]),
        ([("eth1", "10.0.0.7"), ("eth0", "192.168.1.5")], "192.168.1.5", ["192.168.1.5", "10.0.0.7"]),
        ([("eth0", "169.254.3.4")], "", []),  # what a card calls itself when nobody gives it an address
        ([], "192.168.1.5", ["192.168.1.5"]),
    ],
)
def test_the_likeliest_address_comes_first(cards: list[tuple[str, str]], outgoing: str, found: list[str]) -> None:
    assert sharing.likeliest(cards, outgoing) == found


def test_the_dashboard_is_shared_under_the_names_it_is_known_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "addresses", lambda: ["192.0.2.7"])
    command, _ = dashboard_command(8765, True, ["lab.school.example"])
    assert command[command.index("--server.address") + 1] == "0.0.0.0"
    names = [command[i + 1] for i, word in enumerate(command) if word == "--server.allowedHosts"]
    assert {"localhost", "192.0.2.7", "lab.school.example"} <= set(names)
    assert "--server.address" not in dashboard_command(8765)[0]


def test_secrets_lie_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path))
    assert "--secrets.files" not in dashboard_command(8765)[0]
    (tmp_path / "secrets.toml").write_text("[auth]")
    command, _ = dashboard_command(8765)
    assert command[command.index("--secrets.files") + 1] == str(tmp_path / "secrets.toml")


# The commands


@pytest.mark.parametrize(
    ("reached", "said"),
    [
        ([], ["for the class:   nowhere", "in no network now"]),
        (["http://192.0.2.7:8501"], ["for the class:   http://192.0.2.7:8501", "\x1b[30;107m"]),
        (["http://192.0.2.7:8501", "http://10.0.0.2:8501"], ["if that one does not open: http://10.0.0.2:8501"]),
    ],
)
def test_a_terminal_says_where_the_class_goes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, reached: list[str], said: list[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    dashboard._say_where(reached)
    printed = capsys.readouterr().out
    assert [part for part in said if part not in printed] == []


def test_a_log_holds_no_code(capsys: pytest.CaptureFixture[str]) -> None:
    dashboard._say_where(["http://192.0.2.7:8501"])
    assert capsys.readouterr().out == "Address for the class:   http://192.0.2.7:8501\n"


def byol(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command without any terminal, as a service does."""
    environment = {name: value for name, value in os.environ.items() if name != sharing.HASH_VARIABLE}
    command = [sys.executable, "-m", "byol_core.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=said, env=environment, timeout=60, check=False)


@pytest.mark.parametrize("command", [["passphrase"], ["passphrase", "--json"], ["app", "--share", "--home", "{home}"]])
def test_a_made_passphrase_goes_into_no_log(tmp_path: Path, command: list[str]) -> None:
    done = byol(*(word.format(home=tmp_path) for word in command))
    assert done.returncode == 2 and done.stdout == ""
    assert "is shown on a terminal, and this is none: give one with --passphrase-file" in done.stderr


@pytest.mark.parametrize("source", ["-", "{folder}/word"])
def test_a_passphrase_that_is_given_is_not_printed(tmp_path: Path, source: str) -> None:
    (tmp_path / "word").write_text(f"{WORD}\n")
    arguments = ["passphrase", "--json", "--passphrase-file", source.format(folder=tmp_path)]
    printed = json.loads(byol(*arguments, said=f"{WORD}\n").stdout)
    assert list(printed) == [sharing.HASH_VARIABLE] and sharing.matches(WORD, printed[sharing.HASH_VARIABLE])


def test_a_passphrase_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    done = byol("passphrase", "--passphrase-file", str(tmp_path / "none"))
    assert done.returncode == 2 and "cannot be read from" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of its own is made otherwise there")
@pytest.mark.parametrize(("typed", "told"), [(WORD, False), ("", True)])
def test_a_terminal_shows_what_was_made_and_not_what_was_typed(typed: str, told: bool) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "byol_core.cli", "passphrase"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as asking:
        os.close(theirs)
        seen = b""
        for asked in [b"makes one", b"again"] if typed else [b"makes one"]:
            seen += listen(ours, until=asked)
            wait_for_silence(ours)
            os.write(ours, f"{typed}\n".encode())
        seen += listen(ours, until=None)
        assert asking.wait(60) == 0
    os.close(ours)
    assert sharing.HASH_VARIABLE in seen.decode()
    assert (WORD not in seen.decode()) and ("Passphrase: " in seen.decode()) == told


def wait_for_silence(terminal: int) -> None:
    """Until what is typed is not shown: what comes before is thrown away."""
    import termios

    end = time.monotonic() + 30
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        assert time.monotonic() < end
        time.sleep(0.01)


def listen(terminal: int, until: bytes | None) -> bytes:
    """What is said on a terminal, until those words or the end."""
    heard = b""
    while until is None or until not in heard:
        try:
            said = os.read(terminal, 4096)
        except OSError:  # nobody has the other side any more
            break
        if not said:
            break
        heard += said
    return heard
