"""`sitong serve`: the portal, until Ctrl-C."""

from typing import Annotated

import typer

from sitong.commands.home import Home, settings_at
from sitong.console import err, warn


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at 监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port 端口", min=1, max=65535)] = 8088,
    https: Annotated[
        bool, typer.Option("--https", help="Readers come over TLS, through a proxy on this machine 经本机TLS代理访问")
    ] = False,
    home: Home = None,
) -> None:
    """Serve the portal. 启动门户。"""
    import uvicorn

    from portal.config import is_safe
    from sitong.portal_home import open_portal

    if not https and not is_safe(f"http://[{host}]" if ":" in host else f"http://{host}"):
        warn("passwords go over the network as they are: put a proxy with TLS in front, and use --https 密码未加密传输")
    with open_portal(settings_at(home), https=https) as app:
        err.print(f"门户 portal: http://{host}:{port}  (Ctrl-C 停止 stops it)", markup=False)
        # the gate logs requests by route: an access log of addresses would hold ids
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            proxy_headers=https,
            forwarded_allow_ips="127.0.0.1",
            server_header=False,
            timeout_graceful_shutdown=10,
        )
