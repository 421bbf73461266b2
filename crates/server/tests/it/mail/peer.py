"""A mail server for the tests: aiosmtpd with what the test asks for.

Tells on its output, in lines of JSON, on which port it listens, then each mail that it takes. Ends
when its input does.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Taken:
    def __init__(self, wishes):
        self.refused = wishes.get("refuses", [])

    async def handle_MAIL(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 5.7.1 this sender may not"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        tell(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "content": envelope.content.decode("utf-8", "replace"),
                "is_encrypted": session.ssl is not None
                or server.transport.get_extra_info("sslcontext") is not None,
                "is_signed_in": session.authenticated,
            }
        )
        return "250 taken"


def tell(line):
    print(json.dumps(line), flush=True)


async def main(wishes):
    context = None
    if "certificate" in wishes:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(wishes["certificate"], wishes["key"])
    wrapped = wishes["security"] == "tls"

    def authenticate(server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=list(given) == wishes["account"], handled=False)

    def connected():
        options = {"hostname": "localhost"}
        if context is not None and not wrapped:
            options.update(tls_context=context, require_starttls=True)
        if "account" in wishes:
            options.update(authenticator=authenticate, auth_required=True)
            options.update(auth_require_tls=not wrapped)
        if wishes.get("lets_nobody_sign_in"):
            options.update(auth_exclude_mechanism=["LOGIN", "PLAIN"])
        return SMTP(Taken(wishes), **options)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        connected, "127.0.0.1", 0, ssl=context if wrapped else None
    )
    tell({"port": server.sockets[0].getsockname()[1]})
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main(json.loads(sys.argv[1])))
