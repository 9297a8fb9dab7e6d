"""Opening the dashboard to a network: the passphrase that makes a teacher, the tokens it is exchanged for, addresses.

The passphrase itself is kept nowhere: only its salted scrypt, in the environment of the dashboard.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
import string
import threading
import time
from collections.abc import Callable, Iterable

from byol_core.errors import InputError

HASH_VARIABLE = "BYOL_LAB_PASSPHRASE_HASH"
# How many pages one address may have open at a time: forty students behind one router, with five each.
PAGES_VARIABLE, PAGES = "BYOL_LAB_PAGES_PER_ADDRESS", 200
# What one guess costs: 32 MB and about a tenth of a second.
LOG_COST, BLOCK, LANES = 15, 8, 1
SALT_BYTES, KEY_BYTES = 16, 32
SHORTEST, LONGEST = 10, 256
# Without what looks alike on a blackboard. Four groups of four are 79 bits.
_LETTERS = "".join(sorted(set(string.ascii_lowercase + string.digits) - set("01ilo")))
_GROUPS, _GROUP = 4, 4

# How systems call the cards of tunnels, containers and virtual machines.
_VIRTUAL = re.compile(
    r"docker|br-|veth|virbr|vmnet|vboxnet|lxc|lxd|cni|flannel|podman|tun|tap|utun|wg|tailscale|zt|ppp|ipsec|awdl|bridge"
    r"|vEthernet|VMware|VirtualBox|Hyper-V|Tailscale|WireGuard|ZeroTier|.*VPN",
    re.I,
)

TOKEN_SECONDS = 12 * 3600
MOST_TOKENS = 100
# Wrong passphrases, of everybody together, before each further one has to wait: 1, 2, 4 … s.
FREE_TRIES, LONGEST_WAIT = 5, 60.0


def make_passphrase() -> str:
    """A passphrase that is easy to read out and cannot be guessed."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def check_passphrase(passphrase: str) -> None:
    """InputError when it is too short or too long."""
    if not SHORTEST <= len(passphrase) <= LONGEST:
        raise InputError(
            "A passphrase should have {shortest} to {longest} characters.", shortest=SHORTEST, longest=LONGEST
        )


def hash_passphrase(passphrase: str) -> str:
    """Its salted scrypt, as ``BYOL_LAB_PASSPHRASE_HASH`` holds it."""
    check_passphrase(passphrase)
    salt = secrets.token_bytes(SALT_BYTES)
    return ":".join(("scrypt", str(LOG_COST), _text(salt), _text(_key(passphrase, salt, LOG_COST))))


def matches(passphrase: str, hashed: str) -> bool:
    """Whether the hash is that of the passphrase; no hash, or a broken one, is that of none."""
    try:
        kind, cost, salt, key = hashed.split(":")
        known = kind == "scrypt" and 10 <= int(cost) <= 20 and bool(key) and len(passphrase) <= LONGEST
        return known and hmac.compare_digest(_key(passphrase, _bytes(salt), int(cost)), _bytes(key))
    except ValueError:
        return False


def usable(hashed: str) -> bool:
    """Whether it has the form of a hash made here."""
    parts = hashed.split(":")
    return len(parts) == 4 and parts[0] == "scrypt" and parts[1].isdecimal()


def _key(passphrase: str, salt: bytes, log_cost: int) -> bytes:
    cost, room = 2**log_cost, 2 * 128 * BLOCK * 2**log_cost
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=cost, r=BLOCK, p=LANES, maxmem=room, dklen=KEY_BYTES)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode())


class TokenStore:
    """Lets in who knows the passphrase, and knows those again by a token; one for all sessions of a server.

    Tokens live in the memory alone, as digests: a restart of the server signs everybody out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._given: dict[bytes, tuple[float, str]] = {}  # good until, and the browser that has it
        self._wrong, self._next = 0, 0.0

    def issue(self, passphrase: str, hashed: str, browser: str = "") -> str:
        """A new token for the right passphrase; InputError for a wrong one, and for tries that come too fast.

        ``browser``: what tells it from others, so that all its tokens are given back together; empty: nothing does.
        """
        with self._lock:  # one try at a time, whoever makes it
            wait = self._next - self._clock()
            if wait > 0:
                raise InputError("Too many wrong passphrases: try again in {wait} s.", wait=max(1, round(wait)))
            if not matches(passphrase, hashed):
                self._wrong += 1
                if self._wrong >= FREE_TRIES:
                    self._next = self._clock() + min(2.0 ** min(self._wrong - FREE_TRIES, 16), LONGEST_WAIT)
                raise InputError("That is not the passphrase.")
            self._wrong, self._next = 0, 0.0
            return self._token(browser)

    def _token(self, browser: str) -> str:
        token = secrets.token_urlsafe(32)
        while len(self._given) >= MOST_TOKENS:
            self._given.pop(next(iter(self._given)))
        self._given[_digest(token)] = self._clock() + TOKEN_SECONDS, browser
        return token

    def is_valid(self, token: str) -> bool:
        """Whether the token was handed out here, not longer than 12 hours ago, and not given back."""
        return self.left(token) > 0

    def belongs(self, token: str, browser: str) -> bool:
        """Whether the token was given to that browser; one that was given to none belongs to all that have none."""
        _, owner = self._given.get(_digest(token), (0.0, ""))
        return owner == browser

    def left(self, token: str) -> float:
        """Seconds for which the token is still good."""
        until, _ = self._given.get(_digest(token), (0.0, ""))
        return max(0.0, until - self._clock())

    def revoke(self, token: str) -> None:
        """Forget a token, and with it all that the same browser was given in other tabs."""
        with self._lock:
            _, browser = self._given.pop(_digest(token), (0.0, ""))
            if browser:
                self._given = {key: given for key, given in self._given.items() if given[1] != browser}


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def is_loopback(address: str | None) -> bool:
    """Whether a server that listens at this address is reached from its own machine alone; None listens everywhere."""
    text = (address or "").strip("[]")
    if text == "localhost":
        return True
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def addresses() -> list[str]:
    """The addresses under which a local network reaches this machine, the likeliest first."""
    import psutil

    first = _outgoing()
    try:
        cards, up = psutil.net_if_addrs(), psutil.net_if_stats()
    except OSError:
        return [first] if first else []
    found = [
        (card, entry.address)
        for card, entries in cards.items()
        if card in up and up[card].isup
        for entry in entries
        if entry.family == socket.AF_INET
    ]
    return likeliest(found, first)


def likeliest(found: Iterable[tuple[str, str]], outgoing: str) -> list[str]:
    """The addresses of these cards, first those that a phone in the room can reach.

    Cards of tunnels, containers and virtual machines come last, also when the way to the internet leads through one:
    nobody else in the room is in those networks.
    """

    def rank(card: str, address: str) -> tuple[bool, bool, bool]:
        return bool(_VIRTUAL.match(card)), address != outgoing, not ipaddress.ip_address(address).is_private

    usable = [(card, address) for card, address in found if not _is_own(address)]
    usable.sort(key=lambda each: rank(*each))
    return list(dict.fromkeys(address for _, address in usable)) or ([outgoing] if outgoing else [])


def _is_own(address: str) -> bool:
    """Whether nobody else can use it: the machine's own, and what a card gives itself while nobody gives it one."""
    known = ipaddress.ip_address(address)
    return known.is_loopback or known.is_link_local or known.is_unspecified


def _outgoing() -> str:
    """The address of the card that leads to the network; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address kept for documentation
            address = str(probe.getsockname()[0])
        except OSError:
            return ""
    return "" if ipaddress.ip_address(address).is_loopback else address


def host_names() -> list[str]:
    """The names and addresses that a browser may have in its address bar: all others are refused."""
    name = socket.gethostname().lower()
    return list(dict.fromkeys(["localhost", "127.0.0.1", "::1", *addresses(), name, f"{name.split('.')[0]}.local"]))
