#!/usr/bin/python3
"""A mail server for tests: strict, with STARTTLS and AUTH required, that refuses on demand.

Listens on 127.0.0.1, on a port the system picks, and when it is ready prints that port as the first
line of standard output (and writes it to --port-file). Each mail it accepts becomes one line of
MAIL_DIR/mails.jsonl, on disk before the sender gets its 250:

    {"from": "a@b", "to": ["c@d"], "user": "vastwatch", "tls": true, "message": "From: ..."}

The certificate (for localhost and 127.0.0.1) is made in --cert-dir as certificate.pem and key.pem
unless it is there already; certificate.pem is also what a client has to trust.

--script names a JSON file, read again whenever it changes, with a list of rules. The first rule
whose stage is reached, whose `match` (a substring of the address or, for data, of the message) is
found and whose `times` are not used up takes effect:

    [{"at": "rcpt", "match": "full@", "reply": "450 4.2.2 mailbox full", "times": 1},
     {"at": "data", "action": "drop"}]

Stages: connect, ehlo, auth, mail, rcpt, data, quit. `reply` answers with that line, `action` is "drop"
(the connection breaks) or "hang" (no answer, ever; standard output then says "hang" and the stage).
"""

import argparse
import asyncio
import json
import logging
import pathlib
import signal
import ssl
import subprocess
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port-file", type=pathlib.Path)
    parser.add_argument("--mail-dir", type=pathlib.Path, required=True)
    parser.add_argument("--cert-dir", type=pathlib.Path, required=True)
    parser.add_argument("--script", type=pathlib.Path)
    parser.add_argument("--username", default="vastwatch")
    parser.add_argument("--password", default="correct horse")
    parser.add_argument("--tls", choices=["starttls", "implicit", "none"], default="starttls")
    return parser.parse_args()


def make_certificate(folder):
    """The paths of a self-signed certificate and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not certificate.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "30", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", str(key), "-out", str(certificate)],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return certificate, key


class Script:
    """The rules of --script, with what is left of their `times`."""

    def __init__(self, path):
        self.path = path
        self.text = None
        self.rules = []

    def rule(self, stage, subject=""):
        self.reload()
        for rule in self.rules:
            if rule["at"] != stage or rule.get("match", "") not in subject:
                continue
            if rule["left"] == 0:
                continue
            rule["left"] -= 1
            return rule
        return None

    def reload(self):
        text = self.path.read_text() if self.path and self.path.exists() else "[]"
        if text != self.text:
            self.text = text
            self.rules = [dict(rule, left=rule.get("times", -1)) for rule in json.loads(text)]


class ScriptedServer(SMTP):
    """aiosmtpd's server, with a rule looked up before it speaks at all."""

    def __init__(self, handler, **options):
        super().__init__(handler, **options)
        self.script = handler.script

    async def _handle_client(self):
        reply = await obey(self.script.rule("connect"), self)
        if reply is not None:
            await self.push(reply)
            self.transport.close()
            return
        await super()._handle_client()


async def obey(rule, server):
    """What to answer by that rule; None when there is none."""
    if rule is None:
        return None
    if rule.get("action") == "hang":
        print("hang", rule["at"], flush=True)
        await asyncio.Event().wait()
    if rule.get("action") == "drop":
        server.transport.abort()
        return "421 dropped"
    return rule["reply"]


class Handler:
    """Answers by the script, else accepts and records."""

    def __init__(self, arguments):
        self.script = Script(arguments.script)
        self.username = arguments.username
        self.password = arguments.password
        self.mails = arguments.mail_dir / "mails.jsonl"
        arguments.mail_dir.mkdir(parents=True, exist_ok=True)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        reply = await obey(self.script.rule("ehlo"), server)
        if reply is not None:
            return [reply]
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        reply = await obey(self.script.rule("mail", address), server)
        if reply is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply or "250 2.1.0 sender ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = await obey(self.script.rule("rcpt", address), server)
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 2.1.5 recipient ok"

    async def handle_DATA(self, server, session, envelope):
        message = envelope.content.decode("utf-8", "surrogateescape")
        reply = await obey(self.script.rule("data", message), server)
        if reply is not None:
            return reply
        record = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "user": session.auth_data.decode() if session.auth_data else None,
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object")
            is not None,
            "message": message,
        }
        with self.mails.open("a") as file:
            file.write(json.dumps(record) + "\n")
        return "250 2.0.0 queued as test"

    async def handle_QUIT(self, server, session, envelope):
        return await obey(self.script.rule("quit"), server) or "221 2.0.0 bye"

    def authenticate(self, server, session, envelope, mechanism, data):
        rule = self.script.rule("auth")
        if rule is not None and rule.get("action") == "drop":
            server.transport.abort()
            return AuthResult(success=False, handled=True)
        if rule is not None:
            return AuthResult(success=False, handled=False, message=rule["reply"])
        good = (data.login == self.username.encode()
                and data.password == self.password.encode())
        if not good:
            return AuthResult(
                success=False, handled=False, message="535 5.7.8 authentication failed")
        return AuthResult(success=True, auth_data=data.login)


async def serve(arguments):
    certificate, key = make_certificate(arguments.cert_dir)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    handler = Handler(arguments)
    starttls = arguments.tls == "starttls"

    def factory():
        return ScriptedServer(
            handler,
            hostname="mail.test",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            auth_required=arguments.tls != "none",
            auth_require_tls=starttls,
            authenticator=handler.authenticate,
            timeout=600)

    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    implicit = context if arguments.tls == "implicit" else None
    server = await loop.create_server(factory, "127.0.0.1", 0, ssl=implicit)
    port = server.sockets[0].getsockname()[1]
    if arguments.port_file:
        unfinished = arguments.port_file.with_suffix(".new")
        unfinished.write_text(f"{port}\n")
        unfinished.rename(arguments.port_file)
    print(port, flush=True)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    # aiosmtpd logs what is wanted here: logins without TLS, clients that distrust the certificate.
    logging.disable(logging.ERROR)
    warnings.simplefilter("ignore")
    try:
        asyncio.run(serve(parse_arguments()))
    except KeyboardInterrupt:
        sys.exit(0)
