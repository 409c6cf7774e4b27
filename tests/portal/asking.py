"""Requests to a portal inside the test's process, cookies kept from one to the next."""

import asyncio

import httpx


class Reader:
    """Somebody with a browser at an address of the network."""

    base = "http://portal"

    def __init__(self, app, *, peer="192.0.2.7"):
        self._app, self._peer = app, peer
        self._cookies = httpx.Cookies()

    @property
    def cookies(self):
        """Those of the browser, by name."""
        return {cookie.name: cookie.value for cookie in self._cookies.jar}

    def get(self, path, **options):
        return asyncio.run(self._ask("GET", path, options))

    def head(self, path, **options):
        return asyncio.run(self._ask("HEAD", path, options))

    def post(self, path, **options):
        return asyncio.run(self._ask("POST", path, options))

    async def _ask(self, method, path, options):
        transport = httpx.ASGITransport(self._app, client=(self._peer, 50000))
        async with httpx.AsyncClient(transport=transport, base_url=self.base, cookies=self._cookies) as client:
            answer = await client.request(method, path, **options)
            self._cookies = client.cookies
            return answer
