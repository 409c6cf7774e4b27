"""An OpenID provider, asked who somebody is: authorization code with PKCE, and an identity token that is checked.

Owns the conversation between this server and the provider. Refuses tokens that are not signed by a public key of the
provider, or are meant for another client, another request or another time. Nothing of a token but issuer and subject
leaves this module. Source: OpenID Connect Core 1.0, 3.1; RFC 7636; RFC 9207.
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import httpx
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from portal.config import Provider, is_safe
from storage.errors import SitongError, SourceRejected, SourceUnavailable

SIGNED_BY: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures with a public key only: with a shared one, whoever can check a token can make one."""
KEPT_FOR: Final = timedelta(hours=1)
"""What a provider says of itself, and its keys, are asked for again after that."""

_SECONDS: Final = 10.0  # that an answer of the provider may take
_CLOCKS_DIFFER: Final = 60  # seconds
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True)
class Trip:
    """One reader's way to the provider and back; `secret` stays in their browser.

    State, nonce and verifier follow from the secret by a hash each: none of them tells another.
    """

    secret: str

    @classmethod
    def begun(cls) -> "Trip":
        """A new one."""
        return cls(secrets.token_urlsafe(32))

    @property
    def state(self) -> str:
        """What comes back with the reader, so that nobody can be sent back who did not leave."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """What the token repeats."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """What proves that who left is who asks for the token."""
        return self._derived("verifier")

    def _derived(self, name: str) -> str:
        return urlsafe_b64encode(sha256(f"{name}\0{self.secret}".encode()).digest()).decode().rstrip("=")


class IdentityProvider:
    """The provider of one portal."""

    def __init__(self, spec: Provider) -> None:
        self._spec = spec
        self._said: Mapping[str, Any] = {}
        self._keys: KeySet | None = None
        self._asked_at: datetime | None = None
        self._tls = httpx.create_ssl_context()  # reads all certificates of the machine: once, not for each reader

    @property
    def issuer(self) -> str:
        """The name of the provider."""
        return self._spec.issuer

    def address(self, trip: Trip, *, at: datetime) -> str:
        """Where to send a reader.

        Raises:
            SourceUnavailable: the provider cannot be reached.
            SourceRejected: what it says of itself cannot be used.
        """
        with self._session() as session:
            said = self._metadata(session, at)
            client = self._client(session)
            address, _ = client.create_authorization_url(
                said["authorization_endpoint"], state=trip.state, code_verifier=trip.verifier, nonce=trip.nonce
            )
        return str(address)

    def way_out(self, *, at: datetime) -> str | None:
        """Where a reader signs out at the provider, too; None where it says of no such place, or nothing.

        Source: OpenID Connect RP-Initiated Logout 1.0, 2.
        """
        try:
            with self._session() as session:
                address = str(self._metadata(session, at).get("end_session_endpoint") or "")
        except SitongError:
            return None
        if not is_safe(address):
            return None
        back = self._spec.portal.rstrip("/") + "/"
        asked = urlencode({"client_id": self._spec.client_id, "post_logout_redirect_uri": back})
        return f"{address}{'&' if '?' in address else '?'}{asked}"

    def identity(self, trip: Trip, code: str, *, at: datetime) -> str:
        """Who came back with a code: `ISSUER#SUBJECT`.

        Raises:
            SourceUnavailable: the provider cannot be reached.
            SourceRejected: it does not know the code, or its token cannot be trusted.
        """
        with self._session() as session:
            try:
                said = self._metadata(session, at)
                token = self._client(session).fetch_token(
                    said["token_endpoint"], code=code, code_verifier=trip.verifier, **self._proof(said)
                )
                return identity_of(self._spec.issuer, self._subject(session, token, trip, at))
            except httpx.HTTPError:
                raise self._silent() from None
            except (OAuth2Error, JoseError, ValueError, TypeError, KeyError):
                raise self._unusable("its answer names nobody who can be trusted") from None

    def _subject(self, session: httpx.Client, token: Mapping[str, Any], trip: Trip, at: datetime) -> str:
        found = self._decoded(session, token["id_token"])
        wanted = {
            "iss": {"essential": True, "value": self._spec.issuer},
            "aud": {"essential": True, "value": self._spec.client_id},
            "sub": {"essential": True},
        }
        known = {"nonce": trip.nonce, "client_id": self._spec.client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(found.claims, found.header, wanted, known)
        claims.validate(now=int(at.timestamp()), leeway=_CLOCKS_DIFFER)
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject.isprintable() or not 0 < len(subject) <= 255:
            raise ValueError("sub")
        return subject

    def _decoded(self, session: httpx.Client, token: str) -> jwt.Token:
        """A token whose signature is the provider's; a key that is new is asked for once."""
        registry = JWSRegistry(algorithms=SIGNED_BY, strict_check_header=False)
        if self._keys is not None:
            try:
                return jwt.decode(token, self._keys, registry=registry)
            except InvalidKeyIdError:
                pass
        self._keys = KeySet.import_key_set(self._fetched(session, self._said["jwks_uri"]))  # type: ignore[arg-type]
        return jwt.decode(token, self._keys, registry=registry)

    def _metadata(self, session: httpx.Client, at: datetime) -> Mapping[str, Any]:
        if self._asked_at is None or not timedelta(0) <= at - self._asked_at < KEPT_FOR:
            said = self._fetched(session, self._spec.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if said.get("issuer") != self._spec.issuer:
                raise self._unusable("it calls itself by another name than SITONG_OIDC_ISSUER")
            if wrong := [name for name in _ENDPOINTS if not is_safe(str(said.get(name) or ""))]:
                raise self._unusable(f"it names no safe {', '.join(wrong)}")
            self._said, self._keys, self._asked_at = said, None, at
        return self._said

    def _fetched(self, session: httpx.Client, address: str) -> dict[str, Any]:
        try:
            answer = session.get(address).raise_for_status().json()
        except httpx.HTTPError:
            raise self._silent() from None
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise self._unusable("its answer is not JSON of the expected kind")
        return answer

    def _client(self, session: httpx.Client) -> OAuth2Client:
        return OAuth2Client(
            session,
            client_id=self._spec.client_id,
            scope="openid",
            redirect_uri=self._spec.back,
            code_challenge_method="S256",
        )

    def _proof(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """How the portal shows who it is: by header, as every provider takes it unless it says otherwise."""
        spec, ways = self._spec, said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" in ways:
            return {"auth": (quote_plus(spec.client_id), quote_plus(spec.client_secret))}
        return {"auth": httpx.Auth(), "client_id": spec.client_id, "client_secret": spec.client_secret}

    def _session(self) -> httpx.Client:
        return httpx.Client(verify=self._tls, timeout=_SECONDS, follow_redirects=False)

    def _silent(self) -> SourceUnavailable:
        return SourceUnavailable("the identity provider does not answer", self.issuer, "an answer", "try again")

    def _unusable(self, what: str) -> SourceRejected:
        return SourceRejected(
            f"the identity provider cannot be used: {what}", self.issuer, "", "compare the settings with the provider's"
        )


def identity_of(issuer: str, subject: str) -> str:
    """How an account names a subject of a provider.

    >>> identity_of("https://id.example", "f3a1")
    'https://id.example#f3a1'
    """
    return f"{issuer}#{subject}"
