"""A tiny OpenID provider on loopback that signs in whoever it is told to, and lies where a test wants it to."""

import base64
import hashlib
import json
import secrets
from urllib.parse import parse_qs, urlencode

from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse

CLIENT, SECRET = "sitong portal", "a secret/of+the client"  # a header carries both form-encoded


class TinyProvider:
    """`subject` signs in next. `lies`: claims that its next token states in the place of the true ones."""

    def __init__(self, now):
        self.now, self.issuer, self.subject, self.lies = now, "", "f3a1", {}
        self.said, self.signer, self.asked = {}, None, []
        self.codes = {}
        self.turn_keys()
        self.app = FastAPI()
        self.app.get("/.well-known/openid-configuration")(self._metadata)
        self.app.get("/keys")(lambda: self._noted("keys") and KeySet([self.key]).as_dict(private=False))
        self.app.get("/authorize")(self.authorize)
        self.app.post("/token")(self.token)

    def turn_keys(self):
        """Sign with a new key from now on."""
        self.key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "alg": "ES256", "use": "sig"})

    def _noted(self, what):
        self.asked.append(what)
        return True

    def _metadata(self):
        self._noted("metadata")
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {"issuer": self.issuer} | {name: f"{self.issuer}/{end}" for name, end in ends.items()} | self.said

    def authorize(self, request: Request):
        """Everybody who comes is signed in already."""
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["scope"] == "openid"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 303)

    async def token(self, request: Request):
        """A code is good once, for the client and the reader it was given to."""
        self._noted("token")
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form["code"], None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if not self._is_client(request, form) or asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if proof != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        at = int(self.now().timestamp())
        claims = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": at, "exp": at + 300}
        claims |= {"nonce": asked["nonce"], "name": "不应留下的姓名"} | self.lies
        claims = {name: value for name, value in claims.items() if value is not None}
        return {"access_token": "x", "token_type": "Bearer", "id_token": self._signed(claims)}

    def _is_client(self, request, form):
        if "post" in str(self.said.get("token_endpoint_auth_methods_supported")):
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        sent = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        return sent == "sitong+portal:a+secret%2Fof%2Bthe+client"

    def _signed(self, claims):
        if self.signer == "none":
            parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
            return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
        if self.signer == "shared":  # the secret that the client has too
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET.encode() * 2), algorithms=["HS256"])
        key = ECKey.generate_key("P-256", {"kid": self.key.kid}) if self.signer == "stranger" else self.key
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, key)
